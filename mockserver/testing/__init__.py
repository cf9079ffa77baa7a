"""Tools for tests: clients of servers and tenants, assertions on requests, coverage, reports, fuzzing."""
