"""API keys."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, json_body
from ..rules import Tx
from ..rules import api_keys as rules
from ..schemas import api_keys as schemas


@blueprint.get("/v3/api_keys", endpoint="listApiKeys", scope="api_keys.read")
def list_api_keys(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.KeysQuerySchema, request.args)
    keys = rules.list_keys(tx, tx.account, limit=query.get("limit", int(catalog.MAX_KEYS)))
    return {"result": [responses.listed_key(key) for key in keys]}


@blueprint.post("/v3/api_keys", endpoint="createApiKey", scope="api_keys.create")
def create_api_key(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.NewKeySchema, json_body())
    scopes = fields.get("scopes")
    key, credential = rules.create_key(tx, tx.account, name=fields["name"], scopes=scopes)
    return responses.new_key(key, credential, scopes), 201


@blueprint.get("/v3/api_keys/<api_key_id>", endpoint="getApiKey", scope="api_keys.read")
def get_api_key(tx: Tx, api_key_id: str) -> ResponseReturnValue:
    key = rules.find_key(tx, tx.account, api_key_id, catalog.KEY_NOT_FOUND)
    return responses.key_with_scopes(key, key.scopes)


@blueprint.patch("/v3/api_keys/<api_key_id>", endpoint="renameApiKey", scope="api_keys.update")
def rename_api_key(tx: Tx, api_key_id: str) -> ResponseReturnValue:
    fields = load(schemas.KeyNameSchema, json_body(not_json=catalog.KEY_NAME_EXPECTED))
    return responses.named_key(rules.update_key(tx, tx.account, api_key_id, name=fields["name"]))


@blueprint.put("/v3/api_keys/<api_key_id>", endpoint="updateApiKey", scope="api_keys.update")
def update_api_key(tx: Tx, api_key_id: str) -> ResponseReturnValue:
    fields = load(schemas.KeySchema, json_body(not_json=catalog.KEY_NAME_EXPECTED))
    scopes = fields.get("scopes")
    key = rules.update_key(tx, tx.account, api_key_id, name=fields["name"], scopes=scopes)
    if tx.state.profile[catalog.UPDATED_KEY_WITHOUT_SCOPES]:
        return responses.named_key(key)
    return responses.key_with_scopes(key, scopes or key.scopes)


@blueprint.delete("/v3/api_keys/<api_key_id>", endpoint="deleteApiKey", scope="api_keys.delete")
def delete_api_key(tx: Tx, api_key_id: str) -> ResponseReturnValue:
    rules.delete_key(tx, tx.account, api_key_id)
    return "", 204
