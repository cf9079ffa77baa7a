"""State and what it is made of: tenants, stores, seeds, faults, clocks, errors. No web framework is used here."""
