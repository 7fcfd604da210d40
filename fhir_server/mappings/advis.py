"""Advis as a Communication of category advis-dokter, with the Task that measures its writing.

https://hl7.org/fhir/R4/communication.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import Mapping, part_id, permintaan_advis, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.pihak import parties, parties_of
from fhir_server.sop.advis import JenisAdvis
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.advis import Advis
    from fhir_server.store.ops import Condition

KATEGORI: Final = code_system("kategori-komunikasi")
JENIS: Final = code_system("jenis-advis")
TUGAS: Final = code_system("jenis-tugas")
STATUS: Final = {
    "disusun": "preparation",
    "dikirim": "in-progress",
    "diterima": "completed",
    "dihentikan": "stopped",
    "gagal": "not-done",
}


def to_fhir(advis: Advis, document_id: str) -> Resources:
    """Write the advice and the step in which it was written."""
    return {
        "": _advice(advis, document_id),
        "tugas": _step(advis, document_id),
        **permintaan_advis.requests(advis),
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an advice."""
    advice, step = resources[""], resources.get("tugas", {})
    status = {code: word for word, code in STATUS.items()}
    payload = advice.get("payload", ())
    linked = [each.get("contentReference") for each in payload]
    texts = [each["contentString"] for each in payload if "contentString" in each]
    codes = [
        coding.get("code")
        for each in advice.get("category", ())
        for coding in each.get("coding", ())
        if coding.get("system") == JENIS
    ]
    done = step.get("executionPeriod", {})
    return {
        "utas": next(iter(ids_of(advice.get("partOf"), "Communication")), None),
        "kunjungan": id_of(advice.get("encounter"), "Encounter"),
        "pasien": id_of(advice.get("subject"), "Patient"),
        "penulis": id_of(advice.get("sender"), "PractitionerRole"),
        "jenis": tuple(each for each in codes if each in get_args(JenisAdvis)),
        "isi": "\n".join(texts) or None,
        "diterimaTim": instant_of(done.get("start")),
        "dibuat": instant_of(done.get("end")),
        "kasus": next(iter(ids_of(advice.get("basedOn"), "Task")), None),
        "balasanDari": next(iter(ids_of(advice.get("inResponseTo"), "Communication")), None),
        "dasar": ids_of(advice.get("about"), "Communication"),
        "resep": ids_of(linked, "MedicationRequest"),
        "permintaan": ids_of(_made_by_others(advice, linked), "ServiceRequest"),
        "laporan": ids_of(advice.get("about"), "Composition"),
        "isian": ids_of(advice.get("about"), "QuestionnaireResponse"),
        "pengamatan": ids_of(advice.get("about"), "Observation"),
        **permintaan_advis.read(resources),
        "penerima": parties_of(advice.get("recipient")),
        "status": status.get(advice.get("status", "")),
        "waktuKirim": instant_of(advice.get("sent")),
        "waktuTerima": instant_of(advice.get("received")),
    }


def _made_by_others(advice: Document, linked: list[Any]) -> list[Any]:
    return [each for each in linked if not permintaan_advis.is_of(advice["id"], each)]


def _about(advis: Advis) -> list[Any] | None:
    data = {
        "Communication": advis.dasar,
        "Composition": advis.laporan,
        "QuestionnaireResponse": advis.isian,
        "Observation": advis.pengamatan,
    }
    return several(*(reference(kind, each) for kind, ids in data.items() for each in ids))


def _advice(advis: Advis, document_id: str) -> Any:
    codings = [r4b.Coding(system=KATEGORI, code="advis-dokter")]
    codings += [r4b.Coding(system=JENIS, code=each) for each in advis.jenis]
    linked = [reference("MedicationRequest", each) for each in advis.resep]
    linked += [reference("ServiceRequest", each) for each in advis.permintaan]
    linked += permintaan_advis.links(advis, document_id)
    payload: Any = [{"contentString": advis.isi}, *({"contentReference": e} for e in linked)]
    return r4b.Communication(
        basedOn=several(reference("Task", advis.kasus)),
        partOf=several(reference("Communication", advis.utas)),
        inResponseTo=several(reference("Communication", advis.balasanDari)),
        status=STATUS[advis.status],
        category=[r4b.CodeableConcept(coding=codings)],
        subject=reference("Patient", advis.pasien),
        about=_about(advis),
        encounter=reference("Encounter", advis.kunjungan),
        sent=advis.waktuKirim,
        received=advis.waktuTerima,
        recipient=parties(advis.penerima),
        sender=reference("PractitionerRole", advis.penulis),
        payload=payload,
    )


def _step(advis: Advis, document_id: str) -> Any:
    due: Any = {"period": period(None, tenggat("sla-d6", advis.diterimaTim))}
    task: Any = r4b.Task  # its alias for_fhir is not typed
    return task(
        partOf=several(reference("Task", advis.kasus)),
        status="completed",
        intent="order",
        code=concept(TUGAS, "memberi-saran"),
        focus=reference("Communication", part_id(document_id, "")),
        for_fhir=reference("Patient", advis.pasien),
        encounter=reference("Encounter", advis.kunjungan),
        executionPeriod=period(advis.diterimaTim, advis.dibuat),
        authoredOn=advis.diterimaTim,
        owner=reference("PractitionerRole", advis.penulis),
        restriction=due if advis.kasus else None,
    )


def complete(
    advis: Advis, before: Table[str, Any] | None, reader: Reader
) -> tuple[Advis, tuple[Condition, ...]]:
    """Take the clock from the step (BR-D8): its start, and once it is written also its end."""
    if before is None:
        advis = permintaan_advis.waits(advis, reader)
    if before is None and (step := waiting(advis, reader)) is not None:
        start = instant_of(step.get("executionPeriod", {}).get("start"))
        return replace(advis, diterimaTim=start or advis.diterimaTim), ()
    if before is not None and advis.kasus is not None:
        kept = {each: before[each] for each in ("diterimaTim", "dibuat") if before.get(each)}
        return replace(advis, **kept), ()
    return advis, ()


def adopt(advis: Advis, reader: Reader) -> dict[str, Document]:
    """Let the advice close the step that waits for it."""
    step = waiting(advis, reader)
    return {} if step is None else {"tugas": step}


def waiting(advis: Advis, reader: Reader) -> Document | None:
    """Give the open step of the case in which somebody is to advise."""
    if advis.kasus is None:
        return None
    pairs = [
        ("part-of", f"Task/{advis.kasus}"),
        ("code", f"{TUGAS}|memberi-saran"),
        ("status", "requested,accepted,in-progress"),
    ]
    return next(iter(reader.find("Task", pairs)), None)


def parts(primary: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find the step in which the advice was written."""
    for name, each in gathered.items():
        if code_of(each.get("code"), TUGAS) == "memberi-saran":
            return {"tugas": name, **permintaan_advis.parts(primary)}
    own = f"Task/{part_id(primary['id'], 'tugas')}"
    return {"tugas": own, **permintaan_advis.parts(primary)}


MAPPING = Mapping(
    resource_type="Communication",
    profile="AdvisDokter",
    profiles={"tugas": "TugasMemberiSaran", "ServiceRequest": "PemeriksaanAdvis"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    gather=(("_revinclude", "Task:focus"),),
    complete=complete,
    adopt=adopt,
    criteria=(("category", f"{KATEGORI}|advis-dokter"),),
    filters={
        "status": lambda word: f"status={STATUS[word]}",
        "utas": "part-of=Communication/{}",
        "kunjungan": "encounter=Encounter/{}",
        "pasien": "patient=Patient/{}",
        "penulis": "sender=PractitionerRole/{}",
        "kasus": "based-on=Task/{}",
    },
    constants=frozenset(
        {
            "Communication.category.coding.system",
            "Communication.category.coding.code",
            "Task.status",
            "Task.intent",
            "Task.code",
            "Task.focus",
        }
    ),
)
