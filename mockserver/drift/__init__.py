"""Drift: whether a provider's documents and service still agree with this server."""
