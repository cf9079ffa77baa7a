"""The domain layer: tenants, stores, seeds, faults, clocks, errors. It imports no web framework."""
