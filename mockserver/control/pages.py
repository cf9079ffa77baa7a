"""The pages for a browser: the dashboard, the API reference, and what is at `/`.

They are no operations of the control API, hold no secrets and need no token. What they show and change is requested
from the control API, with its protections. `mockserver.ui` is imported when a page is opened.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import flask
from flask import Blueprint, abort, redirect, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException

from ..core import resources
from ..web.exchange import script_name
from ..web.operations import registered_name
from ..web.problems import http_problem, out_of_files
from ..web.routing import OperationRule
from ..web.server_state import server_state
from .blueprint import PREFIX
from .server import openapi_document

PUBLIC = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Headers of what pages of other origins may read: the OpenAPI documents, which have no secrets."""

blueprint = Blueprint("mockserver_pages", __name__)
blueprint.register_error_handler(HTTPException, http_problem)
blueprint.register_error_handler(OSError, out_of_files)

View = Callable[..., Any]


def register(state: BlueprintSetupState) -> None:
    """Register the pages below the prefix of the control API, wherever that is."""
    name = f"{registered_name(state)}_pages".replace(".", "_")
    state.app.register_blueprint(blueprint, url_prefix=state.url_prefix, name=name)


def register_root(app: flask.Flask) -> None:
    """Have `/` of an application lead to the pages."""
    app.view_functions["index"] = lambda: index(f"{script_name(request)}{PREFIX}/")
    app.url_map.add(OperationRule("/", methods=["GET"], endpoint="index"))


def _page(rule: str) -> Callable[[View], View]:
    """Register a view at a rule, which is bound when it is first requested."""

    def decorate(view: View) -> View:
        def add(state: BlueprintSetupState) -> None:
            endpoint = f"{registered_name(state)}.{view.__name__}"
            state.app.view_functions[endpoint] = view
            path = f"{(state.url_prefix or '').rstrip('/')}{rule}"
            state.app.url_map.add(OperationRule(path, methods=["GET"], endpoint=endpoint))

        blueprint.record(add)
        return view

    return decorate


def _folder(view: View) -> View:
    """Redirect to the URL with a slash at the end, so that relative URLs of the page are below it."""

    @functools.wraps(view)
    def with_slash(**values: str) -> Any:
        if not request.path.endswith("/"):
            return redirect(f"./{quote(request.path.rpartition('/')[2], safe='')}/", 308)
        return view(**values)

    return with_slash


def _needs_pages() -> str:
    """Return the setting `ui`; respond with 404 if the pages are turned off."""
    setting = server_state().config.ui
    if setting == "off":
        abort(404, "The pages are turned off: --ui off.")
    return setting


def _wants_html() -> bool:
    """Return whether the client is a browser: it asks for HTML by name."""
    return request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"


def index(base: str) -> Any:
    """Redirect a browser to the dashboard; return to a program what this is, and where to go."""
    has_pages = server_state().config.ui != "off"
    if has_pages and _wants_html():
        response = redirect(f"{base}ui/", 302)
        response.headers["Vary"] = "Accept"
        return response
    links = {"live": "live", "info": "info", "openapi": "openapi/control.json"}
    if has_pages:
        links |= {"dashboard": "ui/", "documents": "docs/"}
    data = {
        "name": "mockserver",
        "version": resources.version(),
        "links": {name: base + path for name, path in links.items()},
    }
    return flask.Response(json.dumps(data), headers={"Vary": "Accept"}, content_type="application/json")


@_page("/")
@_folder
def control_index() -> Any:
    return index(f"{script_name(request)}{request.path}")


# Dashboard


@_page("/ui/")
@_folder
def dashboard() -> Any:
    setting = _needs_pages()
    from .. import ui

    return ui.page("index.html", {"ui": setting})


@_page("/ui/<name>")
def dashboard_file(name: str) -> Any:
    _needs_pages()
    from .. import ui

    return ui.own_file(name)


# API reference


@_page("/docs/")
@_folder
def documents() -> Any:
    """Return the index of the OpenAPI documents: a page, or JSON."""
    setting = _needs_pages()
    if _wants_html():
        from .. import ui

        response = ui.page("docs.html", {"ui": setting, "viewer": "yes" if ui.has_viewer() else "no"})
        response.headers["Vary"] = "Accept"
        return response
    base = f"{script_name(request)}{request.path}"
    titles = {name: provider.title for name, provider in server_state().mounted_providers().items()}
    found = [
        {"name": name, "title": title, "url": f"{base}{name}.json", "page": f"{base}{name}/"}
        for name, title in {**titles, "control": "Control API"}.items()
    ]
    return flask.Response(
        json.dumps({"documents": found}), headers={"Vary": "Accept", **PUBLIC}, content_type="application/json"
    )


@_page("/docs/<name>.json")
def document(name: str) -> Any:
    """Return an OpenAPI document, also to pages of other origins."""
    _needs_pages()
    response = openapi_document(name, None)
    response.headers.update(PUBLIC)
    return response


@_page("/docs/<name>/")
@_folder
def reference(name: str) -> Any:
    """Return the viewer with a document."""
    setting = _needs_pages()
    from .. import ui

    if name not in (*server_state().mounted_providers(), "control"):
        abort(404)
    if not ui.has_viewer():
        return redirect("../", 302)
    return ui.page("viewer.html", {"ui": setting}, is_viewer=True)


@_page("/docs/viewer/<name>")
def viewer_file(name: str) -> Any:
    _needs_pages()
    from .. import ui

    return ui.viewer_file(name)
