"""What SparkPost does: plain functions over a transaction, one module for each family of operations."""
