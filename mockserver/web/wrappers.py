"""Flask's request and response classes, with what a provider's blueprint needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import flask
from flask import current_app
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class BlueprintByPrefix:
    """Mixin for a request class.

    Flask calls a blueprint's hooks and error handlers for the blueprints in `Request.blueprints`. That list is empty if
    no rule matches, so a provider's own 404 and 405 would never be used. This adds the blueprint below whose prefix the
    path is. Requests elsewhere are not touched.
    """

    @property
    def blueprints(self) -> list[str]:
        found: list[str] = super().blueprints  # type: ignore[misc]
        if found:
            return found
        name = current_app.extensions["mockserver"].mounts.find(self.path)  # type: ignore[attr-defined]
        if name is None:
            return []
        parts = name.split(".")
        return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


def request_class(base: type[flask.Request]) -> type[flask.Request]:
    """Return a request class with `BlueprintByPrefix`."""
    return type(base.__name__, (BlueprintByPrefix, base), {"__module__": base.__module__, "__doc__": base.__doc__})


class Response(flask.Response):
    """A response that has no Content-Type unless one is given, and whose headers are sent as they are."""

    default_mimetype = None
    json_data: Any = None
    """The data of its body, if that is JSON."""
    complete_headers: list[tuple[str, str]] | None = None
    """Its headers, once nothing needs to be added to them."""

    def __init__(
        self,
        body: bytes | str | None = None,
        status: str | int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str | None = None,
    ) -> None:
        # a list: to set bytes would write a Content-Length before the other headers
        content = [body.encode() if isinstance(body, str) else body] if body else []
        super().__init__(content, status, Headers(headers) if headers else None, content_type=content_type)

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they are, without Werkzeug's copy, unless a hook has changed them."""
        return self.headers if list(self.headers) == self.complete_headers else super().get_wsgi_headers(environ)
