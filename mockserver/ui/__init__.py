"""The dashboard and the API reference: the files of this folder, and the viewer of the extra `docs`.

Nothing imports this package before a browser opens one of the pages.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import flask
from flask import abort, request

FOLDER = Path(__file__).parent
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Content types by suffix; other files are not sent."""
OWN = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
VIEWER = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
NEVER = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
POLICY = f"{OWN}; {NEVER}; require-trusted-types-for 'script'; trusted-types 'none'"
"""The Content-Security-Policy of our own pages: nothing from elsewhere, no script or style in a page or a string."""
VIEWER_POLICY = f"{VIEWER}; connect-src 'self'; {NEVER}"
"""That of the viewer, which sets styles itself."""
HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
VIEWER_PACKAGE = "flask_openapi3_swagger"
VIEWER_FILES = {"swagger-ui.css": "css/swagger-ui.css", "swagger-ui-bundle.js": "js/swagger-ui-bundle.js"}
"""The files of the viewer that are sent, and where they are below the templates of its package."""


class File(NamedTuple):
    """A file that is sent."""

    content: bytes
    content_type: str


@functools.cache
def _own_files() -> Mapping[str, File]:
    return {path.name: File(path.read_bytes(), TYPES[path.suffix]) for path in FOLDER.iterdir() if path.suffix in TYPES}


@functools.cache
def _viewer_files() -> Mapping[str, File]:
    """Return the files of the viewer; none if the extra is not installed, or has other files."""
    spec = importlib.util.find_spec(VIEWER_PACKAGE)
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "templates" / "swagger"
    paths = {name: folder / path for name, path in VIEWER_FILES.items()}
    if not all(path.is_file() for path in paths.values()):
        return {}
    return {name: File(path.read_bytes(), TYPES[path.suffix]) for name, path in paths.items()}


def has_viewer() -> bool:
    """Return whether the viewer of the API reference is installed."""
    return bool(_viewer_files())


def page(name: str, values: Mapping[str, str], *, is_viewer: bool = False) -> flask.Response:
    """Return a page, with values for its `{{names}}`. The values must need no escape in HTML."""
    text = _own_files()[name].content.decode()
    for key, value in values.items():
        text = text.replace(f"{{{{{key}}}}}", value)
    return _response(File(text.encode(), TYPES[".html"]), VIEWER_POLICY if is_viewer else POLICY)


def own_file(name: str) -> flask.Response:
    """Return a stylesheet, a module or a picture of our own pages, or 404."""
    file = _own_files().get(name)
    if file is None or name.endswith(".html"):
        abort(404)
    return _response(file, POLICY)


def viewer_file(name: str) -> flask.Response:
    """Return a file of the viewer, or 404."""
    file = _viewer_files().get(name)
    return abort(404) if file is None else _response(file, VIEWER_POLICY)


def _response(file: File, policy: str) -> flask.Response:
    response = flask.Response(file.content, content_type=file.content_type)
    response.headers["Content-Security-Policy"] = policy
    response.headers.update(HEADERS)
    response.set_etag(hashlib.sha256(file.content).hexdigest()[:32])
    conditional: Any = response.make_conditional(request)
    return conditional  # type: ignore[no-any-return]
