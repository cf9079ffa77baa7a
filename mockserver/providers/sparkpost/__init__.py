"""SparkPost: IP pools, sending IPs, subaccounts, and sending."""

from . import views as views
from .provider import blueprint as blueprint
