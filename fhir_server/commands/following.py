"""A server process takes in the search parameters that other processes write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from fhir_server.errors import FhirError
from fhir_server.store.customs import FRESH_SECONDS

if TYPE_CHECKING:
    from fhir_server.context import Context

log = structlog.get_logger(__name__)


class Follower(threading.Thread):
    """Looks for them as often as reindexing counts on, until the process ends."""

    def __init__(self, context: Context) -> None:
        super().__init__(name="search parameters", daemon=True)
        self.context = context
        self.ended = threading.Event()

    def run(self) -> None:
        """Look, and rest; a database that is away is asked again."""
        while not self.ended.wait(FRESH_SECONDS):
            try:
                self.context.store.customs.refresh(self.context.parameters)
            except FhirError as error:
                log.warning("search parameters not read", error=type(error).__name__)
