"""KunjunganRumah as Encounter of class HH, with the form that was filled in.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import CANONICAL, sid
from fhir_server.mappings.elements import (
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
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
    from fhir_server.sop.kunjungan_rumah import KunjunganRumah

NOMOR: Final = "no-kunjungan-rumah"
KIND: Final = "kunjungan-rumah"
FORM: Final = f"{CANONICAL}/Questionnaire/kunjungan-rumah"
ASKED: Final = ("temuan", "tindakan", "rencana")


def to_fhir(kunjungan: KunjunganRumah, own_id: str) -> Resources:
    """Write a home visit, and its notes if there are any."""
    encounter = r4b.Encounter(
        identifier=[identifier(sid(NOMOR, kunjungan.faskes), kunjungan.nomor)],
        subject=reference("Patient", kunjungan.pasien),
        **frame(
            code="HH",
            kind=KIND,
            begun=kunjungan.mulai,
            ended=kunjungan.selesai,
            result=kunjungan.hasil,
            task=kunjungan.tugas,
            staff=kunjungan.petugas,
            provider=kunjungan.faskes,
            place=kunjungan.lokasi,
        ),
    )
    notes = _notes(kunjungan, own_id)
    return {"": encounter, **({NOTE: notes} if notes else {})}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a home visit."""
    encounter = resources[""]
    span = encounter.get("period", {})
    staff = [each.get("individual", {}) for each in encounter.get("participant", ())]
    places = [each.get("location", {}) for each in encounter.get("location", ())]
    said = answers(resources.get(NOTE))
    return {
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "nomor": identifier_of(encounter, sid(NOMOR) + "/"),
        "pasien": id_of(encounter.get("subject"), "Patient"),
        "petugas": next(iter(ids_of(staff, "PractitionerRole")), None),
        "mulai": instant_of(span.get("start")),
        "selesai": instant_of(span.get("end")),
        "hasil": result_of(encounter),
        "tugas": task_of(encounter),
        "lokasi": next(iter(ids_of(places, "Location")), None),
        **{name: said.get(name) for name in ASKED},
    }


def _notes(kunjungan: KunjunganRumah, own_id: str) -> Any:
    items = [
        {"linkId": name, "answer": [{"valueString": said}]}
        for name in ASKED
        if (said := getattr(kunjungan, name)) is not None
    ]
    if not items:
        return None
    return r4b.QuestionnaireResponse(
        questionnaire=FORM,
        status="completed",
        subject=reference("Patient", kunjungan.pasien),
        encounter=reference("Encounter", own_id),
        authored=kunjungan.selesai or kunjungan.mulai,
        author=reference("PractitionerRole", kunjungan.petugas),
        item=several(*items),
    )


MAPPING = Mapping(
    resource_type="Encounter",
    profile="KunjunganRumah",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=lambda encounter, _: note_part(encounter, written=True),
    profiles={NOTE: "CatatanKunjunganRumah"},
    criteria=(("type", f"{JENIS_KUNJUNGAN}|{KIND}"),),
    filters={
        "faskes": "service-provider=Organization/{}",
        "nomor": "identifier",
        "pasien": "patient=Patient/{}",
        "petugas": "participant=PractitionerRole/{}",
        "mulai": "date",
    },
    sort="-date",
    constants=frozenset(
        {
            "Encounter.extension.url",
            "Encounter.extension.valueCodeableConcept.coding.system",
            "Encounter.status",
            "Encounter.class",
            "Encounter.type",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.status",
            "QuestionnaireResponse.encounter",
            "QuestionnaireResponse.item.linkId",
        }
    ),
)
