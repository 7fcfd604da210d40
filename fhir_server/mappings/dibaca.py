"""What was read back from SATUSEHAT: kept apart from what the puskesmas itself found out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

PREFIX: Final = "satusehat-"
"""Begins the ids of what was read there; the id there follows."""
ORIGIN: Final = "/CodeSystem/asal-data"
BRIDGE: Final = "bridge"


def is_read(document: Document) -> bool:
    """Say whether a resource was read back from SATUSEHAT; it is never sent out again."""
    if not str(document.get("id", "")).startswith(PREFIX):
        return False
    tags = document.get("meta", {}).get("tag", ())
    return any(
        each.get("code") == BRIDGE and each.get("system", "").endswith(ORIGIN) for each in tags
    )
