"""What tests use: clients of tenants, assertions on requests, coverage, reports, fuzzing."""
