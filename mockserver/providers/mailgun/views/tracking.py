"""The tracking settings of domains."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import Schema, load
from .. import responses
from ..models import Domain
from ..provider import blueprint, form_fields
from ..rules import Tx
from ..rules.account import get_domain
from ..rules.domains import change_settings
from ..schemas import tracking as schemas


@blueprint.get("/v3/domains/<name>/tracking", endpoint="getDomainTracking")
def get_domain_tracking(tx: Tx, name: str) -> ResponseReturnValue:
    return responses.tracking(get_domain(tx, tx.account, name))


@blueprint.put("/v3/domains/<name>/tracking/open", endpoint="updateOpenTracking")
def update_open_tracking(tx: Tx, name: str) -> ResponseReturnValue:
    changed = _change(tx, name, schemas.OpenTrackingSchema)
    return {"message": responses.TRACKING_CHANGED, "open": responses.open_tracking(changed)}


@blueprint.put("/v3/domains/<name>/tracking/click", endpoint="updateClickTracking")
def update_click_tracking(tx: Tx, name: str) -> ResponseReturnValue:
    changed = _change(tx, name, schemas.ClickTrackingSchema)
    return {"message": responses.TRACKING_CHANGED, "click": responses.click_tracking(changed)}


@blueprint.put("/v3/domains/<name>/tracking/unsubscribe", endpoint="updateUnsubscribeTracking")
def update_unsubscribe_tracking(tx: Tx, name: str) -> ResponseReturnValue:
    changed = _change(tx, name, schemas.UnsubscribeTrackingSchema)
    return {"message": responses.TRACKING_CHANGED, "unsubscribe": responses.unsubscribe_tracking(changed)}


def _change(tx: Tx, name: str, schema: type[Schema]) -> Domain:
    """Change the settings in a form; return the domain."""
    domain = get_domain(tx, tx.account, name)
    return change_settings(tx, domain, load(schema, form_fields()))
