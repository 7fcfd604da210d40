"""KunjunganRumah as Encounter of class HH, with the form that was filled in.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import CANONICAL, sid
from fhir_server.mappings.elements import id_of, identifier, reference
from fhir_server.mappings.kegiatan_lapangan import (
    CONSTANTS,
    JENIS_KUNJUNGAN,
    NOTE,
    answers,
    frame,
    note_part,
    noted,
    told,
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
    whom = reference("Patient", kunjungan.pasien)
    encounter = r4b.Encounter(
        identifier=[identifier(sid(NOMOR, kunjungan.faskes), kunjungan.nomor)],
        subject=whom,
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
    asked = {n: {"valueString": v} for n in ASKED if (v := getattr(kunjungan, n)) is not None}
    when, staff = kunjungan.selesai or kunjungan.mulai, kunjungan.petugas
    return {"": encounter, **noted(FORM, whom, own_id, when=when, staff=staff, asked=asked)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a home visit."""
    encounter, found = resources[""], answers(resources.get(NOTE))
    return {
        **told(encounter, NOMOR),
        "pasien": id_of(encounter.get("subject"), "Patient"),
        **{name: found.get(name) for name in ASKED},
    }


MAPPING = Mapping(
    resource_type="Encounter",
    profile="KunjunganRumah",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=note_part,
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
    constants=CONSTANTS | {"Encounter.type"},
)
