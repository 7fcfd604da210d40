"""What an interaction may touch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fhir_server.store.outbox import nobody

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fhir_server.auth.principals import Principal
    from fhir_server.config import Settings
    from fhir_server.mappings.rules import Rules
    from fhir_server.resources.definitions import Definitions
    from fhir_server.resources.operations import Definition
    from fhir_server.search.parameters import Parameters
    from fhir_server.store.mongo import Store
    from fhir_server.store.outbox import Notices


@dataclass(frozen=True, slots=True)
class Context:
    """Built once by app.py; the principal is replaced for each request.

    ``rules`` are those of the SOPs, which judge writes; ``clock`` gives the present instant
    (aware, UTC), ``new_id`` a new logical id; ``operations`` are those that can be called;
    ``notices`` says who is told of a resource that is written.
    """

    settings: Settings
    definitions: Definitions
    parameters: Parameters
    rules: Rules
    store: Store
    principal: Principal
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    operations: tuple[Definition, ...] = ()
    notices: Notices = nobody

    def unguarded(self) -> Context:
        """Give the context that asks nobody for rights, with the same principal."""
        return replace(self, store=self.store.unguarded)
