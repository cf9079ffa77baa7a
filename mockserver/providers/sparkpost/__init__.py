"""SparkPost: IP pools, sending IPs and subaccounts."""

from . import views as views
from .provider import blueprint as blueprint
