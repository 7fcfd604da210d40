"""KegiatanPosyandu as Encounter of class FLD for a Group, with the form that was filled in.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import CANONICAL, sid
from fhir_server.mappings.elements import (
    code_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
)
from fhir_server.mappings.kegiatan_lapangan import (
    JENIS_KUNJUNGAN,
    NOTE,
    answers,
    frame,
    note_part,
    result_of,
    task_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.kegiatan_posyandu import KegiatanPosyandu

NOMOR: Final = "no-kegiatan"
KINDS: Final = ("posyandu", "kegiatan-pustu")
FORM: Final = f"{CANONICAL}/Questionnaire/kegiatan-posyandu"
ASKED: Final = {"sasaran": "valueInteger", "hadir": "valueInteger", "uraian": "valueString"}


def to_fhir(kegiatan: KegiatanPosyandu, own_id: str) -> Resources:
    """Write an activity, and what was counted if it was."""
    encounter = r4b.Encounter(
        identifier=[identifier(sid(NOMOR, kegiatan.faskes), kegiatan.nomor)],
        subject=reference("Group", kegiatan.kelompok),
        **frame(
            code="FLD",
            kind=kegiatan.jenis,
            begun=kegiatan.mulai,
            ended=kegiatan.selesai,
            result=kegiatan.hasil,
            task=kegiatan.tugas,
            staff=kegiatan.petugas,
            provider=kegiatan.faskes,
            place=kegiatan.lokasi,
        ),
    )
    notes = _notes(kegiatan, own_id)
    return {"": encounter, **({NOTE: notes} if notes else {})}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an activity."""
    encounter = resources[""]
    span = encounter.get("period", {})
    staff = [each.get("individual", {}) for each in encounter.get("participant", ())]
    places = [each.get("location", {}) for each in encounter.get("location", ())]
    said = answers(resources.get(NOTE))
    return {
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "nomor": identifier_of(encounter, sid(NOMOR) + "/"),
        "jenis": code_of(encounter.get("type"), JENIS_KUNJUNGAN),
        "kelompok": id_of(encounter.get("subject"), "Group"),
        "petugas": next(iter(ids_of(staff, "PractitionerRole")), None),
        "lokasi": next(iter(ids_of(places, "Location")), None),
        "mulai": instant_of(span.get("start")),
        "selesai": instant_of(span.get("end")),
        "hasil": result_of(encounter),
        "tugas": task_of(encounter),
        **{name: said.get(name) for name in ASKED},
    }


def _notes(kegiatan: KegiatanPosyandu, own_id: str) -> Any:
    items = [
        {"linkId": name, "answer": [{element: said}]}
        for name, element in ASKED.items()
        if (said := getattr(kegiatan, name)) is not None
    ]
    if not items:
        return None
    return r4b.QuestionnaireResponse(
        questionnaire=FORM,
        status="completed",
        subject=reference("Group", kegiatan.kelompok),
        encounter=reference("Encounter", own_id),
        authored=kegiatan.selesai or kegiatan.mulai,
        author=reference("PractitionerRole", kegiatan.petugas),
        item=items,
    )


MAPPING = Mapping(
    resource_type="Encounter",
    profile="KegiatanPosyandu",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=lambda encounter, _: note_part(encounter, written=True),
    profiles={NOTE: "CatatanKegiatan"},
    criteria=(("type", ",".join(f"{JENIS_KUNJUNGAN}|{each}" for each in KINDS)),),
    filters={
        "faskes": "service-provider=Organization/{}",
        "nomor": "identifier",
        "jenis": f"type={JENIS_KUNJUNGAN}|{{}}",
        "petugas": "participant=PractitionerRole/{}",
        "lokasi": "location=Location/{}",
        "mulai": "date",
    },
    sort="-date",
    constants=frozenset(
        {
            "Encounter.extension.url",
            "Encounter.extension.valueCodeableConcept.coding.system",
            "Encounter.status",
            "Encounter.class",
            "Encounter.type.coding.system",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.status",
            "QuestionnaireResponse.encounter",
            "QuestionnaireResponse.item.linkId",
        }
    ),
)
