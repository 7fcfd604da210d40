"""BR-B1 on the write road: a number of a unit and a day belongs to one Appointment.

The server gives its numbers without a gap; one that comes by FHIR may only not be taken. It is a
Conflict, not a broken rule, so that who takes a number by SOP at that moment gets the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import Conflict
from fhir_server.mappings.antrean import NOMOR
from fhir_server.mappings.rules import Rule, documents, issue
from fhir_server.sop.antrean import BR_B1, nomor_terpakai
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Concern, Stored


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the numbers below a canonical base."""
    own = f"{canonical.rstrip('/')}/sid/{NOMOR}/"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return bool(_numbers(document, own))

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        wanted = sorted({number for each in concerns for number in _numbers(each.document, own)})
        plan = facts("Appointment", [("identifier", ",".join(wanted))])

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            _refuse(concerns, documents(found[0]), own)

        return Check(tuple(f"{BR_B1}|{each}" for each in wanted), (plan,), decide, when="after")

    return (Rule(BR_B1, frozenset({"Appointment"}), applies, check),)


def _refuse(concerns: Sequence[Concern], found: Sequence[Document], own: str) -> None:
    for concern in concerns:
        others = [each for each in found if each["id"] != concern.document["id"]]
        theirs = {number for each in others for number in _numbers(each, own)}
        if taken := _numbers(concern.document, own) & theirs:
            reproof = nomor_terpakai(min(taken).rpartition("|")[2])
            refusal = Conflict(reproof.english or reproof.kalimat)
            refusal.issues = (issue(reproof, concern, "identifier"),)
            raise refusal


def _numbers(appointment: Document, own: str) -> set[str]:
    return {
        f"{each['system']}|{each['value']}"
        for each in appointment.get("identifier", ())
        if each.get("system", "").startswith(own) and each.get("value")
    }
