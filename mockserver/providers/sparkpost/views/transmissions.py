"""Transmissions: messages to one or more recipients."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, has_description, json_body
from ..rules import Tx
from ..rules import transmissions as rules
from ..schemas import transmissions as schemas


@blueprint.post(catalog.TRANSMISSIONS_PATH, endpoint="createTransmission", scope="transmissions/modify")
def create_transmission(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.TransmissionQuerySchema, request.args)
    fields = load(schemas.TransmissionSchema, json_body())
    transmission_id, recipients = rules.create_transmission(tx, fields)
    return responses.transmission(
        transmission_id,
        recipients,
        max_errors=query.get("num_rcpt_errors"),
        has_description=has_description(),
    )
