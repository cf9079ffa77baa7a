"""SparkPost's request bodies and queries, a module for each family of operations; and its section of a seed."""
