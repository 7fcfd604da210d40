"""State machines on the write road: PUT, PATCH, transaction and SOP API meet the same table.

A module of this room that has ``JAGA`` (a Jaga, or several) says how a resource shows the state
of its table. One rule a resource type judges them all, with one look at what stood before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.mappings import entity_modules
from fhir_server.mappings.rules import Rule, documents, refuse
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.alur import Alur
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored


def number_of(document: Document) -> str:
    """Call a resource by its business number, or by its id."""
    number = document.get("groupIdentifier", {}).get("value")
    return str(number or f"{document['resourceType']}/{document['id']}")


@dataclass(frozen=True, slots=True)
class Jaga:
    """How a resource shows the state of a table.

    ``applies(resource, canonical)``: whether it is of that kind; cheap. ``state_of(resource)``:
    its state, or None where the table has no word for it. ``status``: state → the status of the
    resource. ``element``: what a refusal points at. ``name_of``: how a refusal calls it.
    ``stays``: what was of that kind still is when a client has left its mark out.
    """

    alur: Alur
    resource_type: str
    applies: Callable[[Document, str], bool]
    state_of: Callable[[Document], str | None]
    status: Mapping[str, str]
    element: str = "status"
    name_of: Callable[[Document], str] = number_of
    stays: bool = False

    def judges(self, now: Document, stood: Document | None, canonical: str) -> bool:
        """Say whether a resource is of that kind, or was and has only lost its mark."""
        lost = self.stays and stood is not None and self.applies(stood, canonical)
        return lost or self.applies(now, canonical)


def business_state(
    code_system: str, status: Mapping[str, str], alone: Mapping[str, str]
) -> Callable[[Document], str | None]:
    """Read a state from Task.businessStatus, or from the status where they contradict each other.

    ``code_system`` is the name of ours, ``status`` state → Task.status, ``alone`` Task.status →
    the state it means when the businessStatus says nothing that agrees with it.
    """

    def state_of(task: Document) -> str | None:
        current = task.get("status", "")
        for coding in task.get("businessStatus", {}).get("coding", ()):
            found: str = coding.get("code", "")
            ours = coding.get("system", "").endswith(f"/CodeSystem/{code_system}")
            if ours and status.get(found) == current:
                return found
        return alone.get(current)

    return state_of


def jaga() -> tuple[Jaga, ...]:
    """Find the state machines of every mapping module."""
    found: list[Jaga] = []
    for module in entity_modules().values():
        own: Any = getattr(module, "JAGA", ())
        found += (own,) if isinstance(own, Jaga) else own
    return tuple(found)


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give one rule a resource type for all of its tables."""
    base = canonical.rstrip("/")
    of: dict[str, list[Jaga]] = {}
    for each in jaga():
        of.setdefault(each.resource_type, []).append(each)
    return tuple(_rule(kind, tuple(tables), base) for kind, tables in of.items())


def _rule(kind: str, tables: tuple[Jaga, ...], base: str) -> Rule:
    def applies(document: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        if not new and any(each.stays for each in tables):
            return True
        return any((each.alur.awal or not new) and each.applies(document, base) for each in tables)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        ids = ",".join(sorted(each.document["id"] for each in concerns))

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            before = {each["id"]: each for each in documents(found[0])}
            refuse(_verdicts(tables, base, concerns, before))

        return Check((), (facts(kind, [("_id", ids)]),), decide, when="before")

    return Rule(f"alur {kind}", frozenset({kind}), applies, check)


def _verdicts(
    tables: tuple[Jaga, ...],
    base: str,
    concerns: Sequence[Concern],
    before: Mapping[str, Document],
) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        stood = before.get(concern.document["id"])
        for each in tables:
            judged = each.judges(concern.document, stood, base)
            if judged and (reproof := _judge(each, stood, concern.document)):
                yield concern, each.element, reproof


def _judge(jaga: Jaga, stood: Document | None, now: Document) -> Teguran | None:
    name, state = jaga.name_of(now), jaga.state_of(now)
    if stood is None:
        return jaga.alur.mulai(state, name)
    return jaga.alur.pindah(jaga.state_of(stood), state, name)
