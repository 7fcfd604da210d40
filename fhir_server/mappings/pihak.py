"""Pihak, the parties of a chat, as References.

A number that is not matched yet has no resource: it stays an identifier until staff match it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import sid
from fhir_server.sop import pihak as sop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.resources.wire import Document

JENIS_TYPE: Final = {
    "pasien": "Patient",
    "keluarga": "RelatedPerson",
    "petugas": "PractitionerRole",
    "tim": "CareTeam",
    "faskes": "Organization",
}
_JENIS: Final = {kind: jenis for jenis, kind in JENIS_TYPE.items()}
WA_ID: Final = sid("wa-id")


def party(pihak: str | None) -> Any:
    """Write a party as a Reference."""
    if pihak is None:
        return None
    jenis, _, name = pihak.partition("/")
    if jenis in JENIS_TYPE:
        return r4b.Reference(reference=f"{JENIS_TYPE[jenis]}/{name}")
    return r4b.Reference(identifier=r4b.Identifier(system=WA_ID, value=name), display=name)


def parties(several: Iterable[str]) -> list[Any] | None:
    """Write several parties."""
    return [party(each) for each in several] or None


def party_of(found: Document | None) -> str | None:
    """Read a Reference as a party; None where it points to what the SOP does not know."""
    found = found or {}
    kind, _, resource_id = found.get("reference", "").rpartition("/")
    jenis = _JENIS.get(kind.rpartition("/")[2])
    if jenis is not None and resource_id:
        return f"{jenis}/{resource_id}"
    number = found.get("identifier", {})
    if number.get("system") == WA_ID and number.get("value"):
        return f"wa/{number['value']}"
    return None


def parties_of(found: Iterable[Document] | None) -> tuple[str, ...]:
    """Read every Reference that is a party."""
    read = (party_of(each) for each in found or ())
    return tuple(each for each in read if each is not None)


def is_public(found: Document | None) -> bool:
    """Say whether a Reference points to the patient or to family."""
    who = party_of(found)
    return who is not None and sop.adalah_warga(who)
