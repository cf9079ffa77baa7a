"""SparkPost's operations, a module for each family. Importing them registers them on the blueprint."""

from . import pools, sending_ips, subaccounts  # noqa: F401
