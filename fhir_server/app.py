"""The only place where the parts meet."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fhir_server.auth.principals import OPERATOR
from fhir_server.context import Context
from fhir_server.mappings.rules import load_rules
from fhir_server.resources.definitions import load_definitions
from fhir_server.rest import docs, health, metrics
from fhir_server.rest.doors import Application
from fhir_server.search.parameters import load_parameters
from fhir_server.store.mongo import connect

if TYPE_CHECKING:
    from fhir_server.config import Settings


def build_context(settings: Settings, uri: str) -> Context:
    """Put together what interactions may touch; connects to the database at ``uri``."""
    definitions = load_definitions()
    parameters = load_parameters(definitions, timezone=settings.timezone)
    return Context(
        settings=settings,
        definitions=definitions,
        parameters=parameters,
        store=connect(uri, settings),
        rules=load_rules(parameters, settings),
        principal=OPERATOR,
        clock=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.uuid4()),
    )


def create_app(context: Context, *, hot: bool = True) -> Application:
    """Build the WSGI application; ``hot=False`` leads FHIR requests through Flask as well."""
    app = Application(context, hot=hot)
    health.register(app, context)
    metrics.register(app)
    docs.register(app, context)
    return app
