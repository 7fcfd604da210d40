"""PenugasanMahasiswa as CareTeam; BR-E1 on the write road.

That a student has one active client and a client one student is held by two keys in a unique
index, so that of many that come at once one is first.

https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from fhir_server.config import CANONICAL
from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import concept, day_of, id_of, period, reference
from fhir_server.mappings.rules import Rule, Unique, documents, has_code, local, refuse
from fhir_server.sop.penugasan_mahasiswa import (
    ALUR_PENUGASAN,
    BR_E1,
    bukan_mahasiswa,
    satu_satu,
    tepat_berdua,
)
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.sop.penugasan_mahasiswa import PenugasanMahasiswa
    from fhir_server.store.ops import Concern, Stored

TIM, PERAN = code_system("jenis-tim"), code_system("peran-petugas")
KIND, KINDS, ROLES = "pendampingan-osoc", "/CodeSystem/jenis-tim", "/CodeSystem/peran-petugas"
STATUS: Final = {"aktif": "active", "selesai": "inactive", "salah-entri": "entered-in-error"}
DIBACA: Final = {status: state for state, status in STATUS.items()} | {
    "proposed": "aktif",
    "suspended": "aktif",
}


def to_fhir(penugasan: PenugasanMahasiswa, _id: str) -> Resources:
    """Write an assignment."""
    team = r4b.CareTeam(
        status=STATUS[penugasan.status],
        category=[concept(TIM, KIND)],
        name="Pendampingan ibu hamil",
        subject=reference("Patient", penugasan.pasien),
        period=period(penugasan.mulai, penugasan.sampai),
        participant=[
            _member("mahasiswa", penugasan.mahasiswa),
            _member("bidan", penugasan.bidan),
        ],
        managingOrganization=[reference("Organization", penugasan.faskes)],
    )
    return {"": team}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an assignment."""
    team = resources[""]
    span = team.get("period", {})
    homes = (id_of(e, "Organization") for e in team.get("managingOrganization", ()))
    return {
        "faskes": next(homes, None),
        "mahasiswa": next(iter(members(team, "mahasiswa")), None),
        "pasien": id_of(team.get("subject"), "Patient"),
        "bidan": next(iter(members(team, "bidan")), None),
        "mulai": day_of(span.get("start")),
        "sampai": day_of(span.get("end")),
        "status": DIBACA.get(team.get("status", "")),
    }


def members(team: Document, role: str) -> list[str]:
    """Give the ids of the PractitionerRoles that take part in a role, whatever the base."""
    return [
        name.partition("/")[2]
        for each in team.get("participant", ())
        if _coded(each.get("role", ()), ROLES, role)
        and (name := local(each.get("member"), "PractitionerRole"))
    ]


def is_assignment(team: Document, canonical: str = CANONICAL) -> bool:
    """Say whether a CareTeam is the assignment of a student."""
    kinds = f"{canonical}{KINDS}"
    return any(has_code(each, kinds, KIND) for each in team.get("category", ()))


def claims(team: Document) -> list[str]:
    """Give what only this assignment may have while it is active: its student, its client."""
    if team.get("status") != "active" or not _coded(team.get("category", ()), KINDS, KIND):
        return []
    client = local(team.get("subject"), "Patient")
    names = [f"PractitionerRole/{each}" for each in members(team, "mahasiswa")]
    every = [*names, *([client] if client else [])]
    return [f"{BR_E1}|{sha256(each.encode()).hexdigest()}" for each in every]


UNIQUE = Unique(BR_E1, "CareTeam", claims, satu_satu, "participant")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-E1 for the codes below a canonical base."""
    base = canonical.rstrip("/")

    def applies(team: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return team.get("status") == "active" and is_assignment(team, base)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        refuse(_incomplete(concerns))
        ids = sorted({each for c in concerns for each in members(c.document, "mahasiswa")})
        plans = (facts("PractitionerRole", [("_id", ",".join(ids))]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            roles = {each["id"]: each for each in documents(found[0])}
            refuse(_of_students(concerns, roles))

        return Check((), plans, decide, when="after")

    return (Rule(BR_E1 + " peran", frozenset({"CareTeam"}), applies, check),)


def _incomplete(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    for each in concerns:
        client = local(each.document.get("subject"), "Patient") is not None
        students = members(each.document, "mahasiswa")
        if wrong := tepat_berdua(len(students), klien=client):
            yield each, "participant", wrong


def _of_students(
    concerns: Sequence[Concern], roles: Table[str, Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        for student in members(concern.document, "mahasiswa"):
            if wrong := _judged(roles.get(student), concern.document.get("period", {})):
                yield concern, "participant", bukan_mahasiswa(*wrong)


def _judged(role: Document | None, span: Document) -> tuple[str, str] | None:
    """Say in both languages why a role is not a student's for the time of an assignment."""
    if role is None or not _coded(role.get("code", ()), ROLES, "mahasiswa"):
        return "bukan mahasiswa.", "whoever accompanies is no student of this server."
    own = role.get("period", {})
    start, end = own.get("start", "")[:10], own.get("end", "9999")[:10]
    first, last = span.get("start", "")[:10], span.get("end", "")[:10]
    if first < start or max(first, last) > end:
        return "tidak bertugas selama penugasan.", "the student's role does not cover it."
    return None


def _coded(concepts: Sequence[Document], ending: str, code: str) -> bool:
    codings = (coding for each in concepts for coding in each.get("coding", ()))
    return any(e.get("code") == code and e.get("system", "").endswith(ending) for e in codings)


def _member(role: str, staff: str) -> dict[str, Any]:
    return {"role": [concept(PERAN, role)], "member": reference("PractitionerRole", staff)}


def _state(team: Document) -> str | None:
    return DIBACA.get(team.get("status", ""))


JAGA: Final = Jaga(ALUR_PENUGASAN, "CareTeam", is_assignment, _state, STATUS)

MAPPING = Mapping(
    resource_type="CareTeam",
    profile="PenugasanMahasiswa",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("category", f"{TIM}|{KIND}"),),
    filters={
        "mahasiswa": "participant=PractitionerRole/{}",
        "pasien": "patient=Patient/{}",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="-date",
    constants=frozenset({"CareTeam.category", "CareTeam.name", "CareTeam.participant.role"}),
)
