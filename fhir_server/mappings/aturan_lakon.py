"""The rules of LAKON on the write road: residence (BR-D1), four eyes (BR-D7), care to recovery.

Nothing here judges what is no LAKON case or no approval of an advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.mappings import konsultasi_alur as courses
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.codes import as_mapped
from fhir_server.mappings.konsultasi_alur import is_approval, is_lakon
from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.resources.wire import parse
from fhir_server.sop.kasus_konsultasi import pendampingan_hingga_sembuh
from fhir_server.sop.persetujuan_advis import (
    keputusan_sesuai,
    oleh_peran,
    penyetuju_bukan_penulis,
)
from fhir_server.sop.wilayah_lakon import BR_D1, dilayani, hanya_warga
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

    Verdict = tuple[Concern, str, Teguran]

BEFORE_DOCTORS = (*courses.ENDED, "diajukan", "darurat")
"""States of a case in which no doctor has it; who lives elsewhere gets no further."""

NONE = "-"


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Give the rules for the operator's area, role and canonical base."""
    base, kinds = settings.canonical.rstrip("/"), frozenset({"Task"})
    area = _Area(base, settings.lakon_kecamatan)
    recovery = _Recovery(base)
    approval = _Approval(base, settings.lakon_peran_penyetuju)
    return (
        Rule(BR_D1, kinds, area.goes_on, area.check),
        Rule("LAKON hingga sembuh", kinds, recovery.closes, recovery.check),
        Rule("BR-D7 empat mata", kinds, approval.approves, approval.check),
    )


@dataclass(frozen=True, slots=True)
class _Area:
    """BR-D1: whom a doctor of LAKON may have."""

    base: str
    districts: str

    def goes_on(self, task: Document, new: bool) -> bool:  # noqa: ARG002, FBT001 - as Rule has it
        if not dilayani(self.districts) or not is_lakon(task, self.base):
            return False
        return courses.case_state(task) not in BEFORE_DOCTORS

    def check(self, concerns: Sequence[Concern], facts: Facts) -> Check:
        plan = facts("Patient", [("_id", _ids(concerns, "for", "Patient"))])

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            lives = {f"Patient/{each.id}": _district(each, self.base) for each in found[0]}
            refuse(_residence(concerns, lives, self.districts))

        return Check((), (plan,), decide, when="after")


@dataclass(frozen=True, slots=True)
class _Recovery:
    """A case is not over while the patient is in isolation."""

    base: str

    def closes(self, task: Document, new: bool) -> bool:  # noqa: ARG002, FBT001 - as Rule has it
        return is_lakon(task, self.base) and courses.case_state(task) == "selesai"

    def check(self, concerns: Sequence[Concern], facts: Facts) -> Check:
        names = sorted({_name(each, "for", "Patient") for each in concerns})
        pairs = [
            ("patient", ",".join(names)),
            ("type", f"{self.base}/CodeSystem/jenis-episode|isoman"),
            ("status", "active,onhold,planned,waitlist"),
        ]

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            ill = {local(parse(each.raw).get("patient"), "Patient") for each in found[0]}
            refuse(_recovery(concerns, ill))

        guards = tuple(f"isoman|{each}" for each in names)
        return Check(guards, (facts("EpisodeOfCare", pairs),), decide, when="after")


@dataclass(frozen=True, slots=True)
class _Approval:
    """BR-D7: who approves an advice has not written it."""

    base: str
    role: str

    def approves(self, task: Document, new: bool) -> bool:  # noqa: ARG002, FBT001 - as Rule has it
        return is_approval(task, self.base)

    def check(self, concerns: Sequence[Concern], facts: Facts) -> Check:
        plans = (
            facts("Communication", [("_id", _ids(concerns, "focus", "Communication"))]),
            facts("PractitionerRole", [("_id", _ids(concerns, "owner", "PractitionerRole"))]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            authors = {f"Communication/{e.id}": parse(e.raw).get("sender") for e in found[0]}
            roles = {f"PractitionerRole/{e.id}": _roles(e, self.base) for e in found[1]}
            refuse(_four_eyes(concerns, authors, roles, self.role))

        return Check((), plans, decide, when="after")


def _residence(
    concerns: Sequence[Concern], lives: dict[str, str | None], area: str
) -> Iterator[Verdict]:
    for each in concerns:
        district = lives.get(_name(each, "for", "Patient"))
        if reproof := hanya_warga(_number(each), district, area):
            yield each, "status", reproof


def _recovery(concerns: Sequence[Concern], ill: set[str | None]) -> Iterator[Verdict]:
    for each in concerns:
        if _name(each, "for", "Patient") in ill:
            yield each, "status", pendampingan_hingga_sembuh(_number(each))


def _four_eyes(
    concerns: Sequence[Concern],
    authors: dict[str, Document | None],
    roles: dict[str, set[str]],
    wanted: str,
) -> Iterator[Verdict]:
    for each in concerns:
        task = each.document
        approver = _name(each, "owner", "PractitionerRole")
        author = local(authors.get(_name(each, "focus", "Communication")), "PractitionerRole")
        asker = local(task.get("requester"), "PractitionerRole")
        decided = task.get("status") in {"completed", "rejected"}
        given = [c for o in task.get("output", ()) for c in _codes(o.get("valueCodeableConcept"))]
        verdicts = (
            ("owner", penyetuju_bukan_penulis(approver in {author, asker} - {None})),
            ("owner", oleh_peran(roles.get(approver, set()), wanted) if decided else None),
            ("output", keputusan_sesuai(task["status"] == "completed", given) if decided else None),
        )
        yield from ((each, element, found) for element, found in verdicts if found is not None)


def _codes(concept: Document | None) -> list[str]:
    codings = (concept or {}).get("coding", ())
    return [c["code"] for c in codings if c.get("system", "").endswith("/CodeSystem/keputusan")]


def _roles(stored: Stored, base: str) -> set[str]:
    concepts = parse(stored.raw).get("code", ())
    system = f"{base}/CodeSystem/peran-petugas"
    codes = {c.get("code", "") for each in concepts for c in each.get("coding", ())}
    return {code for code in codes if any(has_code(each, system, code) for each in concepts)}


def _district(stored: Stored, base: str) -> str | None:
    patient = parse(as_mapped(stored.raw, base))
    district: str | None = patients.from_fhir({"": patient}).get("kecamatan")
    return district


def _name(concern: Concern, element: str, kind: str) -> str:
    return local(concern.document.get(element), kind) or NONE


def _ids(concerns: Sequence[Concern], element: str, kind: str) -> str:
    names = {_name(each, element, kind).partition("/")[2] for each in concerns} - {""}
    return ",".join(sorted(names)) or NONE


def _number(concern: Concern) -> str:
    number = concern.document.get("groupIdentifier", {}).get("value")
    return str(number or f"Task/{concern.document['id']}")
