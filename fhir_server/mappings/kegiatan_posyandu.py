"""KegiatanPosyandu as Encounter of class FLD for a Group, with the form that was filled in.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import CANONICAL, sid
from fhir_server.mappings.elements import code_of, id_of, identifier, reference
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
    from fhir_server.sop.kegiatan_posyandu import KegiatanPosyandu

NOMOR: Final = "no-kegiatan"
KINDS: Final = ("posyandu", "kegiatan-pustu")
FORM: Final = f"{CANONICAL}/Questionnaire/kegiatan-posyandu"
ASKED: Final = {"sasaran": "valueInteger", "hadir": "valueInteger", "uraian": "valueString"}


def to_fhir(kegiatan: KegiatanPosyandu, own_id: str) -> Resources:
    """Write an activity, and what was counted if it was."""
    whom = reference("Group", kegiatan.kelompok)
    encounter = r4b.Encounter(
        identifier=[identifier(sid(NOMOR, kegiatan.faskes), kegiatan.nomor)],
        subject=whom,
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
    asked = {n: {kind: v} for n, kind in ASKED.items() if (v := getattr(kegiatan, n)) is not None}
    when, staff = kegiatan.selesai or kegiatan.mulai, kegiatan.petugas
    return {"": encounter, **noted(FORM, whom, own_id, when=when, staff=staff, asked=asked)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an activity."""
    encounter, found = resources[""], answers(resources.get(NOTE))
    return {
        **told(encounter, NOMOR),
        "jenis": code_of(encounter.get("type"), JENIS_KUNJUNGAN),
        "kelompok": id_of(encounter.get("subject"), "Group"),
        **{name: found.get(name) for name in ASKED},
    }


MAPPING = Mapping(
    resource_type="Encounter",
    profile="KegiatanPosyandu",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=note_part,
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
    constants=CONSTANTS | {"Encounter.type.coding.system"},
)
