"""SendGrid: the classic API of IPs, pools and subusers, and IP Address Management."""

from . import views as views
from .provider import blueprint as blueprint
