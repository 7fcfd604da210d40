"""What a database holds before its first user: profiles and code systems, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.commands.opening import opened

if TYPE_CHECKING:
    from fhir_server.config import Settings


def seed(settings: Settings, uri: str) -> None:
    """Bring the conformance resources up to date; on an empty database also load the demo."""
    with opened(settings, uri):
        return
