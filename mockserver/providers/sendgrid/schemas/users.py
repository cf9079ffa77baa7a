"""What comes in about subusers."""

from __future__ import annotations

from ....web import Body, Text, Texts
from .. import catalog
from .fields import page_size, position


class SubusersQuery(Body):
    """List subusers."""

    username = Text(wrong=catalog.USERNAME_MISSING)
    limit = page_size(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = position(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)


class NewSubuserBody(Body):
    """Create a subuser. Its password is wanted and not kept."""

    username = Text(
        missing=catalog.USERNAME_MISSING,
        wrong=catalog.USERNAME_MISSING,
        checks=[(bool, catalog.USERNAME_MISSING)],
    )
    email = Text(missing=catalog.EMAIL_MISSING, wrong=catalog.EMAIL_MISSING, checks=[(bool, catalog.EMAIL_MISSING)])
    password = Text(
        missing=catalog.PASSWORD_MISSING,
        wrong=catalog.PASSWORD_MISSING,
        checks=[(bool, catalog.PASSWORD_MISSING)],
    )
    ips = Texts(missing=catalog.SUBUSER_IPS_MISSING, wrong=catalog.SUBUSER_IPS_MISSING)


SUBUSERS_QUERY = SubusersQuery()
NEW_SUBUSER = NewSubuserBody()
