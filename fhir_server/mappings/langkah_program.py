"""LangkahProgram as Task: its code is the work, its second coding the limit it is measured by.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, id_of, instant_of, period, reference
from fhir_server.mappings.pihak import party, party_of
from fhir_server.sop.langkah_program import ALUR_LANGKAH
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.langkah_program import LangkahProgram

TUGAS, SLA = code_system("jenis-tugas"), code_system("sla")
PEKERJAAN: Final = {
    "sla-d1": "disposisi",
    "sla-d2": "pelajari",
    "sla-d3": "koordinasi",
    "sla-e1": "buat-surat-tugas",
    "sla-e2": "beritahu-puskesmas",
    "sla-e3": "terima-mahasiswa",
    "sla-e4a": "antar-lintas-sektor",
    "sla-e4b": "siapkan-data-risti",
    "sla-e5": "siapkan-bahan",
    "sla-e6": "pendampingan",
    "sla-e7": "buat-laporan",
    "sla-e8": "rekap-laporan",
    "sla-e9": "terima-rekap",
}
STATUS: Final = {
    "ditugaskan": "requested",
    "dikerjakan": "in-progress",
    "selesai": "completed",
    "dibatalkan": "cancelled",
}
DIBACA: Final = {status: state for state, status in STATUS.items()} | {
    "received": "ditugaskan",
    "accepted": "ditugaskan",
    "ready": "ditugaskan",
}
DOKUMEN: Final = "DocumentReference"


def to_fhir(langkah: LangkahProgram, _id: str) -> Resources:
    """Write a step; it is due its limit after it began."""
    start = langkah.mulai or langkah.ditugaskan
    due: Any = {"period": period(start, tenggat(langkah.langkah, start))}
    task: Any = r4b.Task  # its alias for_fhir is not typed
    made = task(
        status=STATUS[langkah.status],
        statusReason=r4b.CodeableConcept(text=langkah.alasan) if langkah.alasan else None,
        intent="order",
        code=r4b.CodeableConcept(
            coding=[
                r4b.Coding(system=TUGAS, code=PEKERJAAN[langkah.langkah]),
                r4b.Coding(system=SLA, code=langkah.langkah),
            ]
        ),
        for_fhir=reference("Organization", langkah.faskes),
        executionPeriod=period(langkah.mulai, langkah.selesai),
        authoredOn=langkah.ditugaskan,
        requester=party(langkah.pemberi),
        owner=party(langkah.pelaksana),
        note=[r4b.Annotation(text=langkah.catatan)] if langkah.catatan else None,
        restriction=due,
        input=_linked("kelengkapan", langkah.kelengkapan),
        output=_linked("keluaran", langkah.keluaran),
    )
    return {"": made}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a step."""
    task = resources[""]
    ran = task.get("executionPeriod", {})
    notes = [each["text"] for each in task.get("note", ()) if "text" in each]
    return {
        "langkah": code_of(task.get("code"), SLA),
        "faskes": id_of(task.get("for"), "Organization"),
        "pemberi": party_of(task.get("requester")),
        "pelaksana": party_of(task.get("owner")),
        "ditugaskan": instant_of(task.get("authoredOn")),
        "mulai": instant_of(ran.get("start")),
        "selesai": instant_of(ran.get("end")),
        "kelengkapan": _links(task.get("input")),
        "keluaran": _links(task.get("output")),
        "catatan": "\n".join(notes) or None,
        "status": DIBACA.get(task.get("status", "")),
        "alasan": task.get("statusReason", {}).get("text"),
    }


def is_step(task: Document, canonical: str) -> bool:
    """Say whether a Task is a step of a program."""
    system = f"{canonical}/CodeSystem/sla"
    return any(each.get("system") == system for each in task.get("code", {}).get("coding", ()))


def _linked(what: str, names: Iterable[str]) -> Any:
    kind = r4b.CodeableConcept(text=what)
    return [{"type": kind, "valueReference": reference(DOKUMEN, each)} for each in names] or None


def _links(parts: Iterable[Document] | None) -> tuple[str, ...]:
    found = (id_of(each.get("valueReference"), DOKUMEN) for each in parts or ())
    return tuple(each for each in found if each is not None)


def _state(task: Document) -> str | None:
    return DIBACA.get(task.get("status", ""))


JAGA: Final = Jaga(ALUR_LANGKAH, "Task", is_step, _state, STATUS)

MAPPING = Mapping(
    resource_type="Task",
    profile="LangkahProgram",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("code", ",".join(f"{SLA}|{each}" for each in PEKERJAAN)),),
    filters={
        "langkah": f"code={SLA}|{{}}",
        "faskes": "subject=Organization/{}",
        "pelaksana": lambda pihak: f"owner={_reference(pihak)}",
        "ditugaskan": "authored-on",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.intent",
            "Task.code.coding.system",
            "Task.input.type",
            "Task.output.type",
            "Task.status",
        }
    ),
)


def _reference(pihak: str) -> str:
    """Write a party as a search asks for it."""
    return str(party(pihak).reference or pihak)
