"""The only place where the parts meet."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from fhir_server import targets
from fhir_server.access.addressees import feed
from fhir_server.audit.rendering import renderer
from fhir_server.audit.telling import shown, teller
from fhir_server.auth.principals import OPERATOR
from fhir_server.context import Context
from fhir_server.interactions import interests
from fhir_server.mappings.kontak_terjadwal import habits
from fhir_server.mappings.rules import load_rules
from fhir_server.new_ids import new_id
from fhir_server.operations import load_operations
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.fhirpath.limits import Limits, decide
from fhir_server.resources.profiles import load_profiles
from fhir_server.rest import docs, health, metrics, oauth, openapi, sop, webhooks
from fhir_server.rest.doors import CONTEXT, GATE, Application
from fhir_server.search.bounds import Bounds
from fhir_server.search.parameters import load_parameters
from fhir_server.search.terms import LoadedTerms
from fhir_server.sop import arsip
from fhir_server.store.mongo import connect
from fhir_server.store.outbox import gathered

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.config import Settings
    from fhir_server.search.parameters import Parameters
    from fhir_server.store.outbox import Provider

TOLD: tuple[Callable[[Context], Provider | None], ...] = (
    feed,
    interests.provider,
    targets.provider,
)
"""Who may be told of what is written: the feed, subscriptions, bridges, a line for each.

Each is asked once, when a process starts, and gives None where nobody is configured, or a provider:
a function that is given every resource as it is written and gives who is told (``Notice``).
"""


def build_context(settings: Settings, uri: str) -> Context:
    """Put together what interactions may touch; connects to the database at ``uri``."""
    decide(
        Limits(
            length=settings.fhirpath_length_limit,
            steps=settings.fhirpath_step_limit,
            seconds=settings.fhirpath_time_limit_ms / 1000,
        )
    )
    parameters = load_search(settings).with_own(())
    store = connect(uri, settings)
    store.formats.begin()
    parameters.place = replace(
        parameters.place, terms=LoadedTerms(store.terminology.now), bounds=search_bounds(settings)
    )
    store.customs.refresh(parameters)
    server = settings.base_url or socket.gethostname()
    store.trail.use(teller(load_definitions().types), renderer(parameters, server), shown)
    arsip.sambungkan(uri, settings.mongodb_database)
    context = Context(
        settings=settings,
        definitions=load_definitions(),
        parameters=parameters,
        rules=load_rules(parameters, settings),
        store=store,
        principal=OPERATOR,
        clock=lambda: datetime.now(UTC),
        new_id=new_id,
        operations=load_operations(),
    )
    return replace(context, notices=gathered(make(context) for make in TOLD))


def search_bounds(settings: Settings) -> Bounds:
    """Give the most that one search may ask for."""
    return Bounds(
        parameters=settings.search_parameter_limit,
        values=settings.search_value_limit,
        codes=settings.search_code_limit,
        includes=settings.search_include_limit,
        sorts=settings.sort_limit,
        conditions=settings.filter_limit,
        parentheses=settings.filter_depth_limit,
        references=settings.chain_depth_limit,
    )


def preload(settings: Settings) -> None:
    """Load what needs no database, once, before this process forks those that share it."""
    load_rules(load_search(settings), settings)
    habits(settings)
    _routed()


def load_search(settings: Settings) -> Parameters:
    """Load R4's search parameters and those of the profiles; needs no database."""
    return _search(
        settings.canonical, settings.base_url, settings.timezone, words=settings.text_search
    )


@cache  # one set serves all databases of a process
def _search(canonical: str, base_url: str, timezone: str, *, words: bool) -> Parameters:
    profiles = load_profiles(canonical)
    return load_parameters(
        load_definitions(),
        extra=[each for each in profiles if each["resourceType"] == "SearchParameter"],
        base_url=base_url,
        timezone=timezone,
        words=words,
    )


def create_app(context: Context, *, hot: bool = True) -> Application:
    """Build the WSGI application; ``hot=False`` leads FHIR requests through Flask as well."""
    return _routed().on(context, hot=hot)


@cache
def _routed() -> Application:
    """Lay the routes; what a view needs of its application it asks while it answers."""
    app = Application()
    health.register(app, CONTEXT)
    metrics.register(app)
    docs.register(app, CONTEXT)
    sop.register(app)
    oauth.register(app, CONTEXT, GATE)
    webhooks.register(app, CONTEXT)
    return app


def describe(settings: Settings) -> bytes:
    """Write the OpenAPI description of both APIs as YAML; needs no database."""
    return openapi.yaml(openapi.describe(load_search(settings), sop.spec()))
