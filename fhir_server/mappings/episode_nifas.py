"""EpisodeNifas as EpisodeOfCare (PNC), whose period starts with the birth.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.elements import (
    concept,
    day_of,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.episode_kehamilan import DIBACA, EPISODE, REASON_URL, STATUS, history
from fhir_server.mappings.kontak_kia import EPISODE_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.episode_nifas import EpisodeNifas
    from fhir_server.store.ops import Condition


def to_fhir(episode: EpisodeNifas, _id: str) -> Resources:
    """Write the weeks after a birth."""
    status, reason = STATUS[episode.status], episode.alasanSelesai
    made = r4b.EpisodeOfCare(
        extension=several(reason and r4b.Extension(url=REASON_URL, valueCode=reason)),
        identifier=several(identifier(f"{EPISODE}/{episode.faskes}", episode.nomor, "official")),
        status=status,
        statusHistory=history(status, episode.persalinan, episode.selesai),
        type=[concept(EPISODE_TYPE, "PNC", "Postnatal Care")],
        patient=reference("Patient", episode.pasien),
        managingOrganization=reference("Organization", episode.faskes),
        period=period(episode.persalinan, episode.selesai),
        careManager=reference("PractitionerRole", episode.penanggungJawab),
    )
    return {"": made}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read the weeks after a birth."""
    episode = resources[""]
    duration = episode.get("period", {})
    return {
        "faskes": id_of(episode.get("managingOrganization"), "Organization"),
        "pasien": id_of(episode.get("patient"), "Patient"),
        "persalinan": instant_of(duration.get("start")),
        "nomor": identifier_of(episode, f"{EPISODE}/"),
        "status": DIBACA.get(episode.get("status", "")),
        "selesai": day_of(duration.get("end")),
        "alasanSelesai": (extension_of(episode, REASON_URL) or {}).get("valueCode"),
        "penanggungJawab": id_of(episode.get("careManager"), "PractitionerRole"),
    }


def numbered(episode: EpisodeNifas) -> EpisodeNifas:
    """Give the number that nobody gave."""
    number = f"PNC-{episode.pasien}-{episode.persalinan:%Y%m%d}"
    return replace(episode, nomor=episode.nomor or number)


def complete(
    episode: EpisodeNifas, before: Table[str, Any] | None, _reader: Reader
) -> tuple[EpisodeNifas, tuple[Condition, ...]]:
    """Keep the number, or give one."""
    return numbered(replace(episode, nomor=episode.nomor or (before or {}).get("nomor"))), ()


MAPPING = Mapping(
    resource_type="EpisodeOfCare",
    profile="EpisodeNifas",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    criteria=(("type", f"{EPISODE_TYPE}|PNC"),),
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
        }
    ),
)
