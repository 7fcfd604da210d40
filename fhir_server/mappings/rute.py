"""Rute: what decides it read from the store, and the route written on the Encounter (C3).

A route stands in the extension ``rute``, one for each stop; one that leads into the infection
room flags the visit (C5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id
from fhir_server.mappings.codes import ICD_10, code_system, structure
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, day_of, id_of
from fhir_server.mappings.kunjungan import KLASTER, KLASTER_URL, RUTE_URL, UNIT
from fhir_server.mappings.penanda_infeksi import CATEGORY, PENANDA
from fhir_server.mappings.skrining_kunjungan import VALID, stops
from fhir_server.mappings.skrining_visual import CODE, LOKAL, is_emergency
from fhir_server.sop.pasien import umur
from fhir_server.sop.rute import Fakta, Langkah, keluhan_dari_diagnosis, penyakit_menular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

EPISODE: Final = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type"


@dataclass(frozen=True, slots=True)
class Asked:
    """What staff say at registration; None where the record decides."""

    keluhan: frozenset[str] = frozenset()
    hamil: bool | None = None
    nifas: bool | None = None
    menyusui: bool = False
    infeksi: bool | None = None


def screening_of(encounter: Document, reader: Reader) -> Document | None:
    """Give the newest screening of a visit."""
    pairs = [
        ("encounter", f"Encounter/{encounter['id']}"),
        ("code", f"{LOKAL}|{CODE}"),
        ("status", ",".join(VALID)),
    ]
    found = reader.find("Observation", pairs)
    return max(found, key=lambda each: each.get("effectiveDateTime", ""), default=None)


def facts(
    encounter: Document, patient: Document, screening: Document, asked: Asked, reader: Reader
) -> Fakta:
    """Gather what the route of a visit depends on; what staff say goes before the record."""
    codes = _diagnoses(encounter, reader)
    complaints = {found for each in codes if (found := keluhan_dari_diagnosis(each))}
    born = day_of(patient.get("birthDate"))
    return Fakta(
        umur=umur(born, arrival(encounter, reader).date()) if born else 0,
        gawat_darurat=bool(is_emergency(screening)),
        keluhan=asked.keluhan | complaints,
        hamil=_in_episode(patient, "ANC", reader) if asked.hamil is None else asked.hamil,
        nifas=_in_episode(patient, "PNC", reader) if asked.nifas is None else asked.nifas,
        menyusui=asked.menyusui,
        infeksi=_infected(patient, codes, reader) if asked.infeksi is None else asked.infeksi,
    )


def arrival(encounter: Document, reader: Reader) -> datetime:
    """Give the moment a visit began, in the zone of the SOP clocks."""
    start = encounter.get("period", {}).get("start", "")
    found = datetime.fromisoformat(start) if "T" in start else reader.now
    return found.astimezone(reader.now.tzinfo)


def routed(encounter: Document, steps: Sequence[Langkah]) -> Document:
    """Write a route on a visit: its unit is that of the first stop, its cluster the last one's."""
    kept = [
        e for e in encounter.get("extension", ()) if e.get("url") not in {RUTE_URL, KLASTER_URL}
    ]
    cluster = {"coding": [{"system": KLASTER, "code": steps[-1].klaster}]}
    extensions = [
        *kept,
        {"url": KLASTER_URL, "valueCodeableConcept": cluster},
        *map(_stop, steps),
    ]
    unit = {"coding": [{"system": UNIT, "code": steps[0].unit}]}
    return {**encounter, "extension": extensions, "serviceType": unit}


def effects(canonical: str) -> tuple[Effect, ...]:
    """Flag every visit whose route leads into the infection room."""
    url = f"{canonical.rstrip('/')}/StructureDefinition/rute"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return any(each.get("ruang-infeksi") for each in stops(document, url))

    return (Effect("penanda-infeksi", frozenset({"Encounter"}), applies, follow),)


def follow(encounters: Sequence[Document], reader: Reader) -> Consequences:
    """Write the flag of each visit that has none yet."""
    flags = {}
    for each in encounters:
        name = part_id(each["id"], "infeksi")
        if reader.read(f"Flag/{name}") is None:
            flags[f"Flag/{name}"] = _flag(each, name, reader)
    return Consequences(flags)


def _flag(encounter: Document, name: str, reader: Reader) -> Document:
    code, display = CATEGORY[1:]
    return {
        "resourceType": "Flag",
        "id": name,
        "meta": {"profile": [structure("PenandaInfeksi")]},
        "status": "active",
        "category": [{"coding": [{"system": CATEGORY[0], "code": code, "display": display}]}],
        "code": {"coding": [{"system": PENANDA, "code": "infeksi"}]},
        "subject": encounter["subject"],
        "period": {"start": arrival(encounter, reader).isoformat()},
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
    }


def _stop(step: Langkah) -> dict[str, Any]:
    return {
        "url": RUTE_URL,
        "extension": [
            {"url": "unit", "valueCode": step.unit},
            {"url": "klaster", "valueCode": step.klaster},
            {"url": "ruang-infeksi", "valueBoolean": step.ruang_infeksi},
            {"url": "alasan", "valueString": step.alasan},
        ],
    }


def _diagnoses(encounter: Document, reader: Reader) -> list[str]:
    conditions = reader.find("Condition", [("encounter", f"Encounter/{encounter['id']}")])
    return [found for each in conditions if (found := code_of(each.get("code"), ICD_10))]


def _in_episode(patient: Document, kind: str, reader: Reader) -> bool:
    pairs = [
        ("patient", f"Patient/{patient['id']}"),
        ("type", f"{EPISODE}|{kind}"),
        ("status", "active"),
    ]
    return bool(reader.find("EpisodeOfCare", pairs))


def _infected(patient: Document, codes: list[str], reader: Reader) -> bool:
    pairs = [
        ("patient", f"Patient/{patient['id']}"),
        ("code", f"{code_system('penanda')}|infeksi"),
        ("status", "active"),
    ]
    return any(map(penyakit_menular, codes)) or bool(reader.find("Flag", pairs))


def patient_of(encounter: Document) -> str | None:
    """Give the id of the patient of a visit."""
    return id_of(encounter.get("subject"), "Patient")
