"""Tests that every provider has to pass: `pytest tests/shared`.

They know a provider only by its `ProviderCase`. `tests/cases` has those of the built-in providers. The option
`--provider-case PATH` adds that of another provider; it names the blueprint.
"""
