"""SparkPost's views, a module for each family of operations. Importing them registers them on the blueprint."""

from . import pools, sending_ips, subaccounts, transmissions  # noqa: F401
