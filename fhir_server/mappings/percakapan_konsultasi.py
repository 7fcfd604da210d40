"""PercakapanKonsultasi as the Communication to which the messages of a thread belong.

https://hl7.org/fhir/R4/communication.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.medium import medium, medium_of
from fhir_server.mappings.pihak import parties, parties_of

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.percakapan_konsultasi import PercakapanKonsultasi

UTAS: Final = sid("utas-wa")
KATEGORI: Final = code_system("kategori-komunikasi")
LAYANAN: Final = code_system("layanan-konsultasi")
STATUS: Final = {
    "berlangsung": "in-progress",
    "selesai": "completed",
    "salah-entri": "entered-in-error",
}


def to_fhir(percakapan: PercakapanKonsultasi, _id: str) -> Resources:
    """Write the thread; the messages point to it, it to none of them."""
    topic = r4b.CodeableConcept(text=percakapan.topik) if percakapan.topik else None
    thread = r4b.Communication(
        identifier=several(identifier(UTAS, percakapan.idUtas)),
        basedOn=several(reference("Task", percakapan.kasus)),
        status=STATUS[percakapan.status],
        category=several(concept(KATEGORI, "utas"), concept(LAYANAN, percakapan.layanan)),
        medium=medium(percakapan.kanal),
        subject=reference("Patient", percakapan.pasien),
        topic=topic,
        encounter=reference("Encounter", percakapan.kunjungan),
        sent=percakapan.dimulai,
        recipient=parties(percakapan.peserta),
    )
    return {"": thread}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a thread."""
    thread = resources[""]
    status = {code: word for word, code in STATUS.items()}
    return {
        "idUtas": identifier_of(thread, UTAS),
        "layanan": code_of(thread.get("category"), LAYANAN),
        "kanal": medium_of(thread.get("medium")),
        "dimulai": instant_of(thread.get("sent")),
        "peserta": parties_of(thread.get("recipient")),
        "pasien": id_of(thread.get("subject"), "Patient"),
        "kasus": next(iter(ids_of(thread.get("basedOn"), "Task")), None),
        "kunjungan": id_of(thread.get("encounter"), "Encounter"),
        "topik": thread.get("topic", {}).get("text"),
        "status": status.get(thread.get("status", "")),
    }


MAPPING = Mapping(
    resource_type="Communication",
    profile="UtasPercakapan",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("category", f"{KATEGORI}|utas"),),
    filters={
        "status": lambda word: f"status={STATUS[word]}",
        "idUtas": f"identifier={UTAS}|{{}}",
        "layanan": f"category={LAYANAN}|{{}}",
        "pasien": "patient=Patient/{}",
        "kasus": "based-on=Task/{}",
        "dimulai": "sent",
    },
    sort="-sent",
    constants=frozenset(
        {
            "Communication.identifier.system",
            "Communication.category.coding.system",
            "Communication.category.coding.code",
            "Communication.medium.coding.system",
            "Communication.recipient.identifier.system",
        }
    ),
)
