"""EpisodeKehamilan as EpisodeOfCare (ANC), with what is asked once a pregnancy as Observations.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import LOINC, UCUM, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.sop.episode_kehamilan import ALUR_EPISODE, lengkap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from datetime import date, datetime

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.episode_kehamilan import EpisodeKehamilan
    from fhir_server.store.ops import Condition

EPISODE: Final = "http://sys-ids.kemkes.go.id/episode-of-care"
CLINICAL_TERM: Final = "http://terminology.kemkes.go.id/CodeSystem/clinical-term"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
REASON_URL: Final = structure("alasan-selesai-episode")
STATUS: Final = {
    "berjalan": "active",
    "ditangguhkan": "onhold",
    "selesai": "finished",
    "batal": "cancelled",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()} | {
    "planned": "berjalan",
    "waitlist": "berjalan",
}
CODES: Final = {
    "gravida": (LOINC, "11996-6", "[#] Pregnancies"),
    "partus": (LOINC, "11977-6", "[#] Parity"),
    "abortus": (LOINC, "69043-8", "Other pregnancy outcomes #"),
    "hpht": (LOINC, "8665-2", "Last menstrual period start date"),
    "hpl": (LOINC, "11778-8", "Delivery date Estimated"),
    "jarak": (CLINICAL_TERM, "OC000001", "Jarak kehamilan"),
    "berat-awal": (LOINC, "56077-1", "Body weight --pre current pregnancy"),
    "tinggi": (LOINC, "8302-2", "Body height"),
    "imt-awal": (CLINICAL_TERM, "OC000010", "Indeks Massa Tubuh Sebelum Hamil"),
}
"""SATUSEHAT reads 69043-8 as abortus, though LOINC and WHO read it more widely (domain §3.4)."""


def to_fhir(episode: EpisodeKehamilan, _id: str) -> Resources:
    """Write a pregnancy; what was not asked has no Observation."""
    values: dict[str, dict[str, Any]] = {
        "gravida": {"valueInteger": episode.gravida},
        "partus": {"valueInteger": episode.partus},
        "abortus": {"valueInteger": episode.abortus},
        "hpht": {"valueDateTime": episode.hpht},
        "hpl": {"valueDateTime": episode.hpl},
        "jarak": {"valueQuantity": quantity(episode.jarakKehamilan, "mo")},
        "berat-awal": {"valueQuantity": quantity(episode.beratSebelumHamil, "kg")},
        "tinggi": {"valueQuantity": quantity(episode.tinggi, "cm")},
        "imt-awal": {"valueQuantity": quantity(episode.imtSebelumHamil, "kg/m2")},
    }
    known = {role: each for role, each in values.items() if None not in each.values()}
    return {
        "": _episode(episode),
        **{role: _observation(episode, role, each) for role, each in known.items()},
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a pregnancy; the day of the last period is the start of the episode."""
    episode = resources[""]
    duration, history = episode.get("period", {}), episode.get("statusHistory") or [{}]
    hpht = day_of(duration.get("start")) or day_of(_value(resources, "hpht", "valueDateTime"))
    interval = _number(resources, "jarak")
    return {
        "faskes": id_of(episode.get("managingOrganization"), "Organization"),
        "pasien": id_of(episode.get("patient"), "Patient"),
        "hpht": hpht,
        "gravida": _value(resources, "gravida", "valueInteger"),
        "partus": _value(resources, "partus", "valueInteger"),
        "abortus": _value(resources, "abortus", "valueInteger"),
        "dicatat": instant_of(history[0].get("period", {}).get("start")),
        "pencatat": id_of(episode.get("careManager"), "PractitionerRole"),
        "nomor": identifier_of(episode, f"{EPISODE}/"),
        "status": DIBACA.get(episode.get("status", "")),
        "selesai": day_of(duration.get("end")),
        "alasanSelesai": (extension_of(episode, REASON_URL) or {}).get("valueCode"),
        "persalinanTerakhir": day_of(_previous(resources)),
        "beratSebelumHamil": _number(resources, "berat-awal"),
        "tinggi": _number(resources, "tinggi"),
        "diagnosis": ids_of(
            (each.get("condition", {}) for each in episode.get("diagnosis", ())), "Condition"
        ),
        "hpl": day_of(_value(resources, "hpl", "valueDateTime")),
        "jarakKehamilan": None if interval is None else int(interval),
        "imtSebelumHamil": _number(resources, "imt-awal"),
    }


def complete(
    episode: EpisodeKehamilan, before: Table[str, Any] | None, _reader: Reader
) -> tuple[EpisodeKehamilan, tuple[Condition, ...]]:
    """Count what follows from the dates; a number once given stays."""
    return lengkap(replace(episode, nomor=episode.nomor or (before or {}).get("nomor"))), ()


def history(status: str, since: datetime, end: date | datetime | None) -> list[Any]:
    """Write the states of an episode: active from its first contact, then how it is now."""
    began = {"status": "active", "period": period(since, end)}
    if status == "active":
        return [began]
    return [began, {"status": status, "period": period(end) or r4b.Period(start=since)}]


def quantity(value: Decimal | int | None, unit: str) -> Any:
    """Write a Quantity in UCUM."""
    return None if value is None else r4b.Quantity(value=value, unit=unit, system=UCUM, code=unit)


def _episode(episode: EpisodeKehamilan) -> Any:
    status, reason = STATUS[episode.status], episode.alasanSelesai
    return r4b.EpisodeOfCare(
        extension=several(reason and r4b.Extension(url=REASON_URL, valueCode=reason)),
        identifier=several(identifier(f"{EPISODE}/{episode.faskes}", episode.nomor, "official")),
        status=status,
        statusHistory=history(status, episode.dicatat, episode.selesai),
        type=[concept(EPISODE_TYPE, "ANC", "Antenatal Care")],
        diagnosis=[{"condition": reference("Condition", each)} for each in episode.diagnosis]
        or None,
        patient=reference("Patient", episode.pasien),
        managingOrganization=reference("Organization", episode.faskes),
        period=period(episode.hpht, episode.selesai),
        careManager=reference("PractitionerRole", episode.pencatat),
    )


def _observation(episode: EpisodeKehamilan, role: str, value: dict[str, Any]) -> Any:
    is_void = episode.status == "salah-entri"
    last = episode.persalinanTerakhir if role == "jarak" else None
    said = last and {"text": f"{PREVIOUS}{last.isoformat()}"}
    return r4b.Observation(
        status="entered-in-error" if is_void else "final",
        category=[concept(CATEGORY, "exam" if role in {"tinggi", "imt-awal"} else "survey")],
        code=concept(*CODES[role]),
        subject=reference("Patient", episode.pasien),
        effectiveDateTime=episode.dicatat,
        performer=several(reference("PractitionerRole", episode.pencatat)),
        note=several(said),
        **value,
    )


PREVIOUS: Final = "Persalinan terakhir: "


def _previous(resources: Table[str, Document]) -> str | None:
    notes = [each.get("text", "") for each in resources.get("jarak", {}).get("note", ())]
    return next((e.removeprefix(PREVIOUS) for e in notes if e.startswith(PREVIOUS)), None)


def _value(resources: Table[str, Document], role: str, element: str) -> Any:
    return resources.get(role, {}).get(element)


def _number(resources: Table[str, Document], role: str) -> Decimal | None:
    found = resources.get(role, {}).get("valueQuantity", {}).get("value")
    return None if found is None else Decimal(str(found))


def is_anc(document: Document, _canonical: str) -> bool:
    """Say whether an EpisodeOfCare is a pregnancy or the weeks after birth."""
    return code_of(document.get("type"), EPISODE_TYPE) in {"ANC", "PNC"}


JAGA: Final = Jaga(
    alur=ALUR_EPISODE,
    resource_type="EpisodeOfCare",
    applies=is_anc,
    state_of=lambda episode: DIBACA.get(episode.get("status", "")),
    status=STATUS,
)

MAPPING = Mapping(
    resource_type="EpisodeOfCare",
    profile="EpisodeKehamilan",
    profiles={"Observation": "StatusObstetri"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(**dict.fromkeys(CODES, "Observation")),
    complete=complete,
    criteria=(("type", f"{EPISODE_TYPE}|ANC"),),
    filters={
        "faskes": "organization=Organization/{}",
        "pasien": "patient=Patient/{}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    constants=frozenset(
        {
            "EpisodeOfCare.extension.url",
            "EpisodeOfCare.identifier.use",
            "EpisodeOfCare.statusHistory.status",
            "EpisodeOfCare.type",
            "Observation.category",
            "Observation.code",
            "Observation.valueQuantity.unit",
            "Observation.valueQuantity.system",
            "Observation.valueQuantity.code",
        }
    ),
)
