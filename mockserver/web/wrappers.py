"""Flask's request and response classes, extended for the blueprints of providers."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import flask
from flask import current_app
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from .exchange import Exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class MockServerRequest(flask.Request):
    """A request class for the blueprints of a mock server.

    Flask calls a blueprint's hooks and error handlers for the blueprints in `Request.blueprints`. That list is empty if
    no rule matches, so a provider's own 404 and 405 would never be used. This class adds the blueprint whose prefix
    the path has. Other requests are not affected.
    """

    exchange: Exchange | None = None
    """Set by the blueprint of a provider. Not in `flask.g`, which several requests share in a pushed app context."""
    unmatched_reason: str | None = None
    """Why the request belongs to no tenant, if that is known."""
    unmatched_secrets: tuple[str, ...] = ()
    """The credentials of a request that belongs to no provider."""
    is_body_read = False
    """Whether the body has been read."""

    @property
    def blueprints(self) -> list[str]:
        found = super().blueprints
        if found or self.url_rule is not None or not current_app:
            return found
        name = self.mount
        if name is None:
            return []
        parts = name.split(".")
        return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]

    @property
    def mount(self) -> str | None:
        """The registered name of the blueprint whose prefix the path has."""
        found: str | None = current_app.extensions["mockserver"].mounts.find(self.path)
        return found

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:
        """Return the body. Below a mount it is cached, so that it can be read again after a hook has parsed a form."""
        if current_app and self.mount is not None:
            cache, parse_form_data = True, False
        self.is_body_read = True
        return super().get_data(cache, as_text, parse_form_data)  # type: ignore[call-overload]

    def make_form_data_parser(self) -> FormDataParser:
        if current_app and self.mount is not None:
            self.get_data()
        return super().make_form_data_parser()


def request_class(base: type[flask.Request]) -> type[flask.Request]:
    """Return a subclass of a request class that also is a `MockServerRequest`."""
    if issubclass(base, MockServerRequest):
        return base
    if base is flask.Request:
        return MockServerRequest
    return type(base.__name__, (base, MockServerRequest), {"__module__": base.__module__, "__doc__": base.__doc__})


class UnreadableBody(BadRequest):
    """The body of a request ends early, or is invalid HTTP."""

    description = "The body of the request could not be read."


def read_body(request: flask.Request, limit: int) -> bytes:
    """Return a request's body.

    Raises `RequestEntityTooLarge` if it is longer than `limit` bytes, `UnreadableBody` if the client sent less than it
    announced.
    """
    environ = request.environ
    length: str | None = environ.get("CONTENT_LENGTH")
    is_chunked, is_terminated = "HTTP_TRANSFER_ENCODING" in environ, environ.get("wsgi.input_terminated")
    if not length and not is_chunked and not is_terminated:
        return b""
    size = limit + 1
    if length and len(length) < 16 and length.isascii() and length.isdecimal():
        size = int(length)
    is_read = isinstance(request, MockServerRequest) and request.is_body_read
    body: bytes
    try:
        if not is_read and (size <= limit if length else not is_chunked):
            # the common cases: without the stream wrappers of Werkzeug
            body = environ["wsgi.input"].read(size)
            if length and len(body) != size:  # read by a hook of the application, or it ends early
                raise UnreadableBody
            if body:
                environ["wsgi.input"] = io.BytesIO(body)  # it may be read again
        else:
            request.max_content_length = limit + 1  # a longer chunked body is truncated
            body = request.get_data()
    except HTTPException as error:
        raise error if isinstance(error, RequestEntityTooLarge) else UnreadableBody() from None
    except Exception:  # the server decodes a chunked body while it is read
        raise UnreadableBody from None
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


class Response(flask.Response):
    """A response with exactly the given headers, and no default Content-Type."""

    default_mimetype = None
    json_data: Any = None
    """The data of its body, if that is JSON."""
    header_list: Sequence[tuple[str, str]] = ()
    """All its headers, in order; valid until `headers` is used."""

    def __init__(
        self,
        body: bytes | str | None = None,
        status: str | int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str | None = None,
    ) -> None:
        # a list: setting bytes would add a Content-Length before the other headers
        content = [body.encode() if isinstance(body, str) else body] if body else []
        super().__init__(content, status, Headers(headers) if headers else None, content_type=content_type)

    @functools.cached_property
    def headers(self) -> Headers:  # type: ignore[override]
        """The headers. After `set_header_list` they are created when first used, which most requests never do."""
        return Headers(self.header_list)

    def set_header_list(self, headers: Sequence[tuple[str, str]]) -> None:
        """Replace all headers."""
        self.header_list = headers
        del self.headers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the headers and the body without Werkzeug's copies, if no hook can have changed them."""
        body = self.response
        has_body = self.status_code not in (204, 304) and environ["REQUEST_METHOD"] != "HEAD"
        if "headers" in vars(self) or not has_body or not isinstance(body, list):
            return super().__call__(environ, start_response)
        start_response(self.status, list(self.header_list))
        return body

    def get_data(self, as_text: bool = False) -> Any:
        body = self.response
        if not as_text and isinstance(body, list) and len(body) == 1 and isinstance(body[0], bytes):
            return body[0]
        return super().get_data(as_text)  # type: ignore[call-overload]

    def call_on_close(self, func: Callable[[], Any]) -> Callable[[], Any]:
        self.headers  # noqa: B018  so that `__call__` returns an iterable that is closed
        return super().call_on_close(func)
