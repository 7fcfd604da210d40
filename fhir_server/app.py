"""The only place where the parts meet."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fhir_server.auth.principals import OPERATOR
from fhir_server.context import Context
from fhir_server.resources.definitions import load_definitions
from fhir_server.rest import health, metrics
from fhir_server.rest.doors import Application
from fhir_server.search.parameters import load_parameters
from fhir_server.store.mongo import connect

if TYPE_CHECKING:
    from fhir_server.config import Settings


def build_context(settings: Settings, uri: str) -> Context:
    """Put together what interactions may touch; connects to the database at ``uri``."""
    definitions = load_definitions()
    return Context(
        settings=settings,
        definitions=definitions,
        parameters=load_parameters(definitions),
        store=connect(uri, settings),
        principal=OPERATOR,
        clock=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.uuid4()),
    )


def create_app(context: Context, *, hot: bool = True) -> Application:
    """Build the WSGI application; ``hot=False`` leads FHIR requests through Flask as well."""
    app = Application(context, hot=hot)
    health.register(app, context)
    metrics.register(app)
    return app
