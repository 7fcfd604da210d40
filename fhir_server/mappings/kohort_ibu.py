"""KohortIbu as Group; a pregnancy that is recorded joins the one of its village and year.

https://hl7.org/fhir/R4/group.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, code_system, sid, structure
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    id_of,
    identifier,
    identifier_of,
    period,
    reference,
)
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.mappings.plain import as_json
from fhir_server.sop.kohort_ibu import AnggotaKohort, KohortIbu

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from collections.abc import Sequence

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Condition

KIND, FEATURE = code_system("jenis-kohort"), code_system("ciri-kohort")
NUMBER: Final = sid("kohort-ibu")
VOID: Final = ("cancelled", "entered-in-error")


def to_fhir(kohort: KohortIbu, _id: str) -> Resources:
    """Write a cohort; it is counted from its members."""
    year = period(date(kohort.tahun, 1, 1), date(kohort.tahun, 12, 31))
    village = concept(ADMINISTRATIVE_AREA, kohort.desa)
    group = r4b.Group(
        identifier=[identifier(NUMBER, number_of(kohort.desa, kohort.tahun))],
        active=True,
        type="person",
        actual=True,
        code=concept(KIND, "kohort-ibu"),
        name=f"Kohort ibu desa {kohort.desa} tahun {kohort.tahun}",
        quantity=len(kohort.anggota),
        managingEntity=reference("Organization", kohort.faskes),
        characteristic=[
            {
                "code": concept(FEATURE, "desa"),
                "valueCodeableConcept": village,
                "exclude": False,
                "period": year,
            }
        ],
        member=[_member(each) for each in kohort.anggota] or None,
    )
    return {"": group}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a cohort; village and year stand in its number."""
    group = resources[""]
    village, _, year = (identifier_of(group, NUMBER) or "").rpartition("-")
    return {
        "faskes": id_of(group.get("managingEntity"), "Organization"),
        "desa": village or None,
        "tahun": int(year) if year.isdecimal() else None,
        "anggota": tuple(found for each in group.get("member", ()) if (found := _read(each))),
    }


def complete(
    kohort: KohortIbu, _before: Table[str, Any] | None, reader: Reader
) -> tuple[KohortIbu, tuple[Condition, ...]]:
    """Count the members anew from the pregnancies of the village."""
    pairs = [("type", f"{EPISODE_TYPE}|ANC"), ("patient.desa", kohort.desa)]
    episodes = [each for each in reader.find("EpisodeOfCare", pairs) if _counts(each)]
    members: dict[str, AnggotaKohort] = {}
    for each in sorted(episodes, key=lambda each: first_contact(each) or date.max):
        woman, since = id_of(each.get("patient"), "Patient"), first_contact(each)
        if woman and since and since.year == kohort.tahun:
            members.setdefault(woman, AnggotaKohort(pasien=woman, sejak=since))
    return replace(kohort, anggota=tuple(members.values())), ()


def own_id(kohort: KohortIbu) -> str:
    """Give the one id that the cohort of a village and year can have."""
    return f"kohort-ibu-{number_of(kohort.desa, kohort.tahun)}"


def number_of(village: str, year: int) -> str:
    """Write the number of a cohort."""
    return f"{village}-{year}"


def first_contact(episode: Document) -> date | None:
    """Say when a pregnancy was first recorded; where nobody said it, the day of the last period."""
    states = episode.get("statusHistory") or [{}]
    return day_of(states[0].get("period", {}).get("start")) or day_of(
        episode.get("period", {}).get("start")
    )


def effects(_canonical: str) -> tuple[Effect, ...]:
    """Give the effect that a pregnancy joins its cohort, whoever records it."""

    def applies(episode: Document, _new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        return _counts(episode) and code_of(episode.get("type"), EPISODE_TYPE) == "ANC"

    return (Effect("kohort-ibu", frozenset({"EpisodeOfCare"}), applies, _join),)


def _join(episodes: Sequence[Document], reader: Reader) -> Consequences:
    groups: dict[str, Document] = {}
    for episode in episodes:
        kohort = _cohort_of(episode, reader)
        woman, since = id_of(episode.get("patient"), "Patient"), first_contact(episode)
        if kohort is None or woman is None:
            continue
        name = f"Group/{own_id(kohort)}"
        group = groups.get(name) or reader.read(name) or _new(kohort)
        joined = _with(group, AnggotaKohort(pasien=woman, sejak=since))
        if joined is not None:
            groups[name] = joined
    return Consequences(groups)


def _cohort_of(episode: Document, reader: Reader) -> KohortIbu | None:
    patient = reader.read(episode.get("patient", {}).get("reference", "Patient/-"))
    village = patients.from_fhir({"": patient}).get("desa") if patient else None
    since, faskes = first_contact(episode), id_of(episode.get("managingOrganization"))
    if village is None or since is None or faskes is None:
        return None
    return KohortIbu(faskes=faskes, desa=village, tahun=since.year)


def _new(kohort: KohortIbu) -> Document:
    meta = {"profile": [structure("KohortIbu")]}
    return {**as_json(to_fhir(kohort, "")[""]), "id": own_id(kohort), "meta": meta}


def _with(group: Document, member: AnggotaKohort) -> Document | None:
    """Add a member; None if she is in it already."""
    members = group.get("member", [])
    if any(id_of(each.get("entity"), "Patient") == member.pasien for each in members):
        return None
    own = {"entity": {"reference": f"Patient/{member.pasien}"}}
    since = {"period": {"start": member.sejak.isoformat()}} if member.sejak else {}
    return {**group, "quantity": len(members) + 1, "member": [*members, {**own, **since}]}


def _counts(episode: Document) -> bool:
    return episode.get("status") not in VOID


def _member(each: AnggotaKohort) -> dict[str, Any]:
    return {"entity": reference("Patient", each.pasien), "period": period(each.sejak)}


def _read(member: Document) -> AnggotaKohort | None:
    woman = id_of(member.get("entity"), "Patient")
    if woman is None:
        return None
    return AnggotaKohort(pasien=woman, sejak=day_of(member.get("period", {}).get("start")))


MAPPING = Mapping(
    resource_type="Group",
    profile="KohortIbu",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    own_id=own_id,
    criteria=(("code", f"{KIND}|kohort-ibu"),),
    filters={
        "faskes": "managing-entity=Organization/{}",
        "desa": f"value={ADMINISTRATIVE_AREA}|{{}}",
    },
    constants=frozenset(
        {
            "Group.identifier.system",
            "Group.active",
            "Group.type",
            "Group.actual",
            "Group.code",
            "Group.quantity",
            "Group.characteristic.code",
            "Group.characteristic.exclude",
            "Group.characteristic.valueCodeableConcept.coding.system",
        }
    ),
)
