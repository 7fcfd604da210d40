"""Pendampingan as Encounter of class HH, with note, counselling and the timed step E6.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, langkah_program, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import ACT_CODE, CANONICAL, SNOMED, UCUM, code_system, sid
from fhir_server.mappings.diagnosis import TANDA_BAHAYA
from fhir_server.mappings.elements import (
    concept,
    day_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    period,
    reference,
)
from fhir_server.mappings.kegiatan_lapangan import JENIS_KUNJUNGAN, NOTE
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.mappings.pemeriksaan_anc import EDUCATION, TOPICS
from fhir_server.mappings.rules import has_code
from fhir_server.sop.langkah_program import LangkahProgram
from fhir_server.sop.pendampingan import ALUR_PENDAMPINGAN, lengkap, menit
from fhir_server.sop.tanda_bahaya import TANDA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pendampingan import Pendampingan

KIND: Final = "pendampingan-osoc"
NOMOR: Final = sid("no-pendampingan")
FORM: Final = f"{CANONICAL}/Questionnaire/catatan-pendampingan"
TOPIK: Final = code_system("topik-konseling")
COUNSEL, STEP = "konseling-", "langkah"
STATUS: Final = {
    "berlangsung": "in-progress",
    "selesai": "finished",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {status: state for state, status in STATUS.items()}
DONE: Final = {"berlangsung": "dikerjakan", "selesai": "selesai", "salah-entri": "dibatalkan"}
ASKED: Final = {"no-buku-kia": "noBukuKIA", "usia-kehamilan": "usiaKehamilan", "temuan": "temuan"}


def to_fhir(kunjungan: Pendampingan, own_id: str) -> Resources:
    """Write a visit, its note, each counselling, and the step it is."""
    talks = {f"{COUNSEL}{each}": _talk(kunjungan, each, own_id) for each in kunjungan.konseling}
    step = langkah_program.to_fhir(_step(kunjungan), own_id)[""]
    step.encounter = reference("Encounter", own_id)
    return {"": _encounter(kunjungan), NOTE: _note(kunjungan, own_id), **talks, STEP: step}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a visit."""
    encounter = resources[""]
    span, said = encounter.get("period", {}), _answers(resources.get(NOTE, {}))
    staff = [each.get("individual", {}) for each in encounter.get("participant", ())]
    begun, ended = instant_of(span.get("start")), instant_of(span.get("end"))
    return {
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "nomor": identifier_of(encounter, NOMOR + "/"),
        "mahasiswa": next(iter(ids_of(staff, "PractitionerRole")), None),
        "pasien": id_of(encounter.get("subject"), "Patient"),
        "mulai": begun,
        "selesai": ended,
        "konseling": tuple(each for each in TOPICS if f"{COUNSEL}{each}" in resources),
        "tandaBahaya": signs_of(resources.get(NOTE, {})),
        "durasi": menit(begun, ended) if begun else None,
        "status": DIBACA.get(encounter.get("status", "")),
        "rencana": said.get("rencana"),
        **{name: said.get(link) for link, name in ASKED.items()},
    }


def parts(encounter: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find the note, the step, and the counselling that was given."""
    own = encounter["id"]
    mark = f"Procedure/{part_id(own, COUNSEL)}"
    talks = {
        f"{COUNSEL}{name.removeprefix(mark)}": name for name in gathered if name.startswith(mark)
    }
    note, step = part_id(own, NOTE), part_id(own, STEP)
    return {NOTE: f"QuestionnaireResponse/{note}", STEP: f"Task/{step}", **talks}


def complete(
    kunjungan: Pendampingan, _before: Table[str, Any] | None, reader: Reader
) -> tuple[Pendampingan, tuple[()]]:
    """Fill minutes and gestational age from the pregnancy that runs."""
    pairs = [("patient", f"Patient/{kunjungan.pasien}"), ("type", f"{EPISODE_TYPE}|ANC")]
    running = reader.find("EpisodeOfCare", [*pairs, ("status", "active,onhold,finished")])
    starts = [day_of(each.get("period", {}).get("start")) for each in running]
    day = kunjungan.mulai.date()
    hpht = max((each for each in starts if each is not None and each <= day), default=None)
    return lengkap(kunjungan, hpht), ()


def signs_of(note: Document) -> tuple[str, ...]:
    """Read which danger signs a note says were found, whatever the base of the codes."""
    return tuple(
        coding["code"]
        for item in note.get("item", ())
        if item.get("linkId") == "tanda-bahaya"
        for answer in item.get("answer", ())
        if (coding := answer.get("valueCoding", {})).get("code") in TANDA
    )


def is_visit(encounter: Document, canonical: str) -> bool:
    """Say whether an Encounter is an accompaniment."""
    kinds = f"{canonical}/CodeSystem/jenis-kunjungan"
    return any(has_code(each, kinds, KIND) for each in encounter.get("type", ()))


def _encounter(kunjungan: Pendampingan) -> Any:
    encounter: Any = r4b.Encounter  # its alias class_fhir is not typed
    length = {"value": kunjungan.durasi, "unit": "menit", "system": UCUM, "code": "min"}
    return encounter(
        identifier=[identifier(f"{NOMOR}/{kunjungan.faskes}", kunjungan.nomor)],
        status=STATUS[kunjungan.status],
        class_fhir=r4b.Coding(system=ACT_CODE, code="HH"),
        type=[concept(JENIS_KUNJUNGAN, KIND)],
        subject=reference("Patient", kunjungan.pasien),
        participant=[{"individual": reference("PractitionerRole", kunjungan.mahasiswa)}],
        period=period(kunjungan.mulai, kunjungan.selesai),
        length=length if kunjungan.durasi is not None else None,
        serviceProvider=reference("Organization", kunjungan.faskes),
    )


def _note(kunjungan: Pendampingan, own_id: str) -> Any:
    ended = "completed" if kunjungan.status == "selesai" else "in-progress"
    return r4b.QuestionnaireResponse(
        questionnaire=FORM,
        status="entered-in-error" if kunjungan.status == "salah-entri" else ended,
        subject=reference("Patient", kunjungan.pasien),
        encounter=reference("Encounter", own_id),
        authored=kunjungan.selesai or kunjungan.mulai,
        author=reference("PractitionerRole", kunjungan.mahasiswa),
        item=list(_items(kunjungan)),
    )


def _items(kunjungan: Pendampingan) -> Iterator[dict[str, Any]]:
    for link, name in ASKED.items():
        if (said := getattr(kunjungan, name)) is not None:
            yield {"linkId": link, "answer": [{"valueString": said}]}
    found = bool(kunjungan.tandaBahaya)
    yield {"linkId": "tanda-bahaya-ada", "answer": [{"valueBoolean": found}]}
    if found:
        signs = [
            {"valueCoding": r4b.Coding(system=TANDA_BAHAYA, code=each, display=TANDA[each].nama)}
            for each in kunjungan.tandaBahaya
        ]
        yield {"linkId": "tanda-bahaya", "answer": signs}
    if kunjungan.rencana is not None:
        yield {"linkId": "rencana", "answer": [{"valueString": kunjungan.rencana}]}


def _answers(note: Document) -> dict[str, Any]:
    return {
        item.get("linkId", ""): answer.get("valueString")
        for item in note.get("item", ())
        for answer in item.get("answer", ())
    }


def _talk(kunjungan: Pendampingan, topic: str, own_id: str) -> Any:
    system, code = TOPICS[topic]
    codings = [r4b.Coding(system=system, code=code), r4b.Coding(system=TOPIK, code=topic)]
    wrong = kunjungan.status == "salah-entri"
    return r4b.Procedure(
        status="entered-in-error" if wrong else "completed",
        category=concept(SNOMED, *EDUCATION),
        code=r4b.CodeableConcept(coding=codings),
        subject=reference("Patient", kunjungan.pasien),
        encounter=reference("Encounter", own_id),
        performedDateTime=kunjungan.mulai,
        performer=[{"actor": reference("PractitionerRole", kunjungan.mahasiswa)}],
    )


def _step(kunjungan: Pendampingan) -> LangkahProgram:
    """Say the visit as step E6, timed by the visit itself."""
    return LangkahProgram(
        langkah="sla-e6",
        faskes=kunjungan.faskes,
        pemberi=f"faskes/{kunjungan.faskes}",
        pelaksana=f"petugas/{kunjungan.mahasiswa}",
        ditugaskan=kunjungan.mulai,
        mulai=kunjungan.mulai,
        selesai=kunjungan.selesai,
        status=DONE[kunjungan.status],  # type: ignore[arg-type]
        alasan="salah entri" if kunjungan.status == "salah-entri" else None,
    )


def _state(encounter: Document) -> str | None:
    return DIBACA.get(encounter.get("status", ""))


JAGA: Final = Jaga(ALUR_PENDAMPINGAN, "Encounter", is_visit, _state, STATUS)

MAPPING = Mapping(
    resource_type="Encounter",
    profile="KunjunganPendampingan",
    profiles={NOTE: "CatatanPendampingan", STEP: "LangkahProgram", "Procedure": "KonselingANC"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    gather=(("_revinclude", "Procedure:encounter"),),
    complete=complete,
    criteria=(("type", f"{JENIS_KUNJUNGAN}|{KIND}"),),
    filters={
        "faskes": "service-provider=Organization/{}",
        "nomor": "identifier",
        "mahasiswa": "participant=PractitionerRole/{}",
        "pasien": "patient=Patient/{}",
        "mulai": "date",
    },
    sort="-date",
    constants=frozenset(
        {
            "Encounter.class",
            "Encounter.type",
            "Encounter.length",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.encounter",
            "QuestionnaireResponse.item.linkId",
            "QuestionnaireResponse.item.answer.valueBoolean",
            "QuestionnaireResponse.item.answer.valueCoding.system",
            "Procedure.status",
            "Procedure.category",
            "Procedure.code.coding.system",
            "Procedure.encounter",
            "Task.intent",
            "Task.code",
            "Task.encounter",
        }
    ),
)
