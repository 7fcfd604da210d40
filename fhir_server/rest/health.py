"""Is the server alive, and may it get requests.

``/health`` and ``/health/ready`` ask the database, ``/health/live`` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from fhir_server import __version__
from fhir_server.errors import FhirError

if TYPE_CHECKING:
    from fhir_server.context import Context


def register(app: Flask, context: Context) -> None:
    """Serve ``/health``, ``/health/live`` and ``/health/ready``."""

    def ready() -> tuple[Response, int]:
        try:
            context.store.ready()
        except FhirError as error:
            says = error.issues[0].diagnostics
            return jsonify(status="fail", version=__version__, database="fail", output=says), 503
        return jsonify(status="pass", version=__version__, database="pass"), 200

    app.add_url_rule("/health", "health", ready)
    app.add_url_rule("/health/ready", "ready", ready)
    app.add_url_rule("/health/live", "live", _live)


def _live() -> Response:
    return jsonify(status="pass", version=__version__)
