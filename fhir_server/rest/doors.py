"""The WSGI application: FHIR requests by the hot door, everything else by Flask.

Flask's own context and routing cost more than a read does; the hot door leaves them out and
calls the same ``fhir.respond`` that the Flask view calls.
"""

from __future__ import annotations

import copy
import itertools
import os
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, current_app, g, request
from werkzeug.local import LocalProxy
from werkzeug.routing import BaseConverter

from fhir_server.interactions.request import Answer
from fhir_server.rest import cors, fhir, metrics, negotiation, outcomes, seen
from fhir_server.rest.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.datastructures import Headers

    from fhir_server.context import Context
    from fhir_server.errors import FhirError

SOP, WELL_KNOWN = "/sop/", "/fhir/.well-known/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every page outside of ``/fhir`` forbids the browser, unless it allows it itself."""

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_SAFE_ID = re.compile(r"(?!.*[0-9]{16})[A-Za-z0-9._:-]{1,64}")
"""An id of a request that may be taken over: it holds no NIK, which would stand in the log."""


class Anything(BaseConverter):
    """The rest of a path, whatever is in it."""

    regex = ".*?"
    part_isolating = False


class Application(Flask):
    """Flask with a short way in for FHIR.

    Its routes are laid once a process and know no context; ``on`` makes what serves one.
    """

    context: Context
    gate: Gate

    def __init__(self) -> None:
        super().__init__("fhir_server", static_folder=None)
        self.hot = True
        self._new_request_id = _request_ids()
        self.url_map.converters["anything"] = Anything
        self.add_url_rule("/fhir", "fhir", _fhir, methods=METHODS)
        self.add_url_rule("/fhir/<anything:_path>", "fhir", _fhir, methods=METHODS)
        self.url_map.merge_slashes = False
        self.before_request(_enter)
        self.after_request(_tag)
        outcomes.register(self)

    def on(self, context: Context, *, hot: bool = True) -> Application:
        """Give these routes on a context; ``hot=False`` sends FHIR through Flask too."""
        made = copy.copy(self)
        made.context = context
        made.gate = Gate(context)
        made.hot = hot
        made.config = copy.copy(self.config)
        made.config["MAX_CONTENT_LENGTH"] = context.settings.body_limit
        allowed = cors.origins(context.settings.cors_origins)
        if allowed:
            made.wsgi_app = cors.allowing(made.wsgi_app, allowed)  # type: ignore[assignment, method-assign]
        return made

    def wsgi_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request by the door that fits."""
        begun = time.perf_counter()
        self._number(environ)
        path = environ["PATH_INFO"]
        if self.hot and fhir.is_below_base(path) and not path.startswith(WELL_KNOWN):
            answer = fhir.respond(self.gate, environ)
            start_response(_STATUS_LINES[answer.status], list(answer.headers.items()))
            self._observe(environ, answer.status, begun)
            return [answer.body] if answer.parts is None else answer.parts
        return self._through_flask(environ, start_response, begun)

    def refused(self, environ: dict[str, Any], why: FhirError) -> Answer:
        """Answer a request that never became whole."""
        self._number(environ)
        request_id = environ["fhir_server.request_id"]
        answer = outcomes.failure(why, environ.get("HTTP_ACCEPT_LANGUAGE", ""), request_id)
        path = environ["PATH_INFO"]
        route = (
            fhir.shape(path, self.context.definitions.types)
            if fhir.is_below_base(path)
            else "{other}"
        )
        metrics.observe(environ["REQUEST_METHOD"], route, answer.status, 0.0, request_id)
        return Answer(
            answer.status,
            answer.body,
            {
                **answer.headers,
                "Cache-Control": "no-store",
                "Content-Type": negotiation.FHIR_JSON,
                "X-Request-Id": request_id,
            },
        )

    def _number(self, environ: dict[str, Any]) -> None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        environ["fhir_server.request_id"] = (
            given if given and _SAFE_ID.fullmatch(given) else self._new_request_id()
        )

    def _through_flask(
        self, environ: dict[str, Any], start_response: StartResponse, begun: float
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., Any]:
            self._observe(environ, int(status[:3]), begun)
            return start_response(status, headers, *rest)

        return super().wsgi_app(environ, start)

    def _observe(self, environ: dict[str, Any], status: int, begun: float) -> None:
        path = environ["PATH_INFO"]
        if fhir.is_below_base(path):
            route = fhir.shape(path, self.context.definitions.types)
        else:
            route = request.url_rule.rule if request.url_rule else "{other}"
        seconds = time.perf_counter() - begun
        request_id = environ["fhir_server.request_id"]
        metrics.observe(environ["REQUEST_METHOD"], route, status, seconds, request_id)


def _here() -> Application:
    return cast("Application", current_app)


CONTEXT = cast("Context", LocalProxy(lambda: _here().context))
"""The context of the application that answers, for views; there is none while routes are laid."""
GATE = cast("Gate", LocalProxy(lambda: _here().gate))


def _enter() -> None:
    """Let the SOP API be asked by the puskesmas only, once clients are registered."""
    if request.path.startswith(SOP):
        g.access = seen.begun(_here().context.store.trail, request.environ)
        g.context = _here().gate.for_documents(request.environ)
        if g.access is not None:
            g.access.who = g.context.principal


def _fhir(_path: str = "") -> Response:
    return as_response(fhir.respond(_here().gate, request.environ))


class Verbatim(Response):
    """A response whose headers are sent as they are."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Add and remove nothing."""
        del environ
        return self.headers


def as_response(answer: Answer) -> Response:
    """Turn an Answer into Flask's response."""
    body = answer.body if answer.parts is None else answer.parts
    response = Verbatim(body, answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    return response


def _tag(response: Response) -> Response:
    response.headers.setdefault("X-Request-Id", outcomes.request_id(request))
    if g.get("access") is not None:
        shown = b"" if response.is_streamed else response.get_data()
        seen.ended(
            _here().context.store.trail, g.access, request.environ, response.status_code, body=shown
        )
    if not isinstance(response, Verbatim):
        for name, value in GUARDS.items():
            response.headers.setdefault(name, value)
    return response


def _request_ids() -> Callable[[], str]:
    """Give a source of ids that differ between requests, processes and starts."""
    prefix = f"{os.getpid():x}-{time.time_ns() // 1_000_000:x}"
    numbers = itertools.count(1)
    return lambda: f"{prefix}-{next(numbers):x}"
