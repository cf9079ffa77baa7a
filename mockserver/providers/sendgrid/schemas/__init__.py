"""What comes in: a module for each family of operations, the kinds of fields, and the section of a seed."""
