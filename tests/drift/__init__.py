"""`mockserver drift` and `mockserver export-seed`."""
