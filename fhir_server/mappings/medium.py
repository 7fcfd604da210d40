"""The channel of a chat, in our words and in HL7's.

https://terminology.hl7.org/CodeSystem-v3-ParticipationMode.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.resources.wire import Document

MEDIUM: Final = code_system("medium-komunikasi")
MODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
MODES: Final = {
    "whatsapp": "WRITTEN",
    "landing-page": "ONLINEWRIT",
    "buku-catatan": "WRITTEN",
    "telepon": "PHONE",
    "tatap-muka": "FACE",
}


def medium(kanal: str) -> list[Any]:
    """Write a channel as one concept of two codings."""
    codings = [r4b.Coding(system=MEDIUM, code=kanal)]
    if kanal in MODES:
        codings.insert(0, r4b.Coding(system=MODE, code=MODES[kanal]))
    return [r4b.CodeableConcept(coding=codings)]


def medium_of(concepts: Iterable[Document] | None) -> str | None:
    """Read our channel."""
    return code_of(concepts, MEDIUM)
