"""What comes in: request bodies and queries, one module for each family of operations; and the section of a seed."""
