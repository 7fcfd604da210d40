"""The visit that a result belongs to, and of which programme; SATUSEHAT takes none without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.draft import Stop, day_of
from fhir_server.bridges.satusehat.ownership import local_name, not_sent
from fhir_server.bridges.satusehat.payload import NotWanted, Unmappable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.bridges.satusehat.draft import Draft

    Json = dict[str, Any]

CLOSED = ("cancelled", "entered-in-error", "planned")


def visit_of(draft: Draft, named: Json | None, moment: str | None) -> str:
    """Give the Encounter of a result: the one it names, else the patient's visit of that day."""
    name = local_name(named)
    encounter = draft.known.local(name) if name else _of_the_day(draft, moment)
    if encounter is None:
        kind = draft.resource["resourceType"]
        raise Stop(
            Unmappable(
                f"{kind}.encounter",
                "SATUSEHAT takes it only with a visit, and the patient has none that day",
                "catat kunjungan pasien pada hari itu, atau isi kunjungan pada catatan ini",
            )
        )
    if reason := not_sent(encounter, draft.known):
        raise Stop(NotWanted(f"its visit is not sent: {reason}"))
    return f"Encounter/{encounter['id']}"


def visit_reference(draft: Draft, named: Json | None, moment: str | None) -> Json | None:
    """Write the reference to the visit of a result."""
    return draft.reference({"reference": visit_of(draft, named, moment)})


def attender(draft: Draft, encounter: str) -> Json | None:
    """Give who attended the visit, for a result that names nobody."""
    found = draft.known.local(encounter) or {}
    for each in found.get("participant", ()):
        if person := draft.reference(each.get("individual")):
            return person
    return None


def with_facility(draft: Draft, performers: list[Json]) -> list[Json]:
    """Add our facility to who made a result of a laboratory, unless a facility is named."""
    if any(each["reference"].startswith("Organization/") for each in performers):
        return performers
    return [*performers, draft.own_organization()]


def is_antenatal(draft: Draft, encounter: str) -> bool:
    """Say whether a visit belongs to antenatal care."""
    return programme(draft, draft.known.local(encounter) or {}) == "ANC"


def programme(draft: Draft, encounter: Json) -> str | None:
    """Give the episode a visit belongs to: ANC, PNC, Neonate, or None."""
    systems = {c.VISIT_ANC: "ANC", c.VISIT_PUERPERIUM: "PNC", c.VISIT_NEONATE: "Neonate"}
    for each in encounter.get("identifier", ()):
        if each.get("system") in systems:
            return systems[each["system"]]
    for each in encounter.get("episodeOfCare", ()):
        episode = draft.known.local(local_name(each) or "") or {}
        for coding in _codings(episode.get("type", ())):
            if coding.get("code") in c.EPISODES:
                return str(coding["code"])
    return None


def _codings(concepts: Iterable[Json]) -> Iterable[Json]:
    return (coding for concept in concepts for coding in concept.get("coding", ()))


def _of_the_day(draft: Draft, moment: str | None) -> Json | None:
    subject = draft.resource.get("subject") or draft.resource.get("patient")
    day, patient = day_of(moment), local_name(subject)
    if day is None or patient is None:
        return None
    visits = draft.known.referring("Encounter", "patient", patient)
    same = [
        each
        for each in visits
        if each.get("status") not in CLOSED and day_of(each.get("period", {}).get("start")) == day
    ]
    return min(same, key=lambda each: str(each["period"]["start"]), default=None)
