"""One module a provider: `CASE` says what the tests of `tests/shared` need to know of it."""
