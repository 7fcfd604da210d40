"""Criteria instead of an id: If-None-Exist, and references such as ``Patient?identifier=1``.

Clients that name the same criteria at the same time meet in a guard document, so that exactly
one of them creates.

https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fhir_server.errors import BadRequest, PreconditionFailed
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.search.plan import Plan
    from fhir_server.store.ops import Stored

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Criteria:
    """What must match; ``source`` names the header or element it came from."""

    resource_type: str
    plan: Plan
    spelling: str
    source: str

    @property
    def guard(self) -> str:
        """Name the document where writers with the same criteria meet; it shows no criterion."""
        return sha256(f"{self.resource_type}?{self.spelling}".encode()).hexdigest()


class Exists(Exception):
    """The resource that If-None-Exist asks about is there; leaves the transaction, stays inside."""

    def __init__(self, stored: Stored) -> None:
        super().__init__()
        self.stored = stored


def criteria(context: Context, resource_type: str, search: str, source: str) -> Criteria:
    """Compile a query string; what is not understood is refused, never ignored."""
    text = search.strip().removeprefix(resource_type).removeprefix("?")
    pairs = parse_qsl(text, keep_blank_values=True)
    if not pairs or not all(value for _, value in pairs):
        raise BadRequest(
            f"{source}: every criterion needs a value, such as identifier=system|value."
        )
    query = parse(resource_type, pairs, context.parameters, strict=True)
    if not query.criteria:
        raise BadRequest(f"{source}: there is no criterion, such as identifier=system|value.")
    plan = compile_query(query, context.parameters, context.settings)
    spelling = "&".join(sorted(f"{name}={value}" for name, value in pairs))
    plan = replace(plan, limit=2, includes=(), total="none", count_only=False)
    return Criteria(resource_type, plan, spelling, source)


def without(wanted: Criteria, gone: frozenset[str]) -> Plan:
    """Give the plan that finds two matches even if all that is ``gone`` still matches."""
    return replace(wanted.plan, limit=2 + len(gone)) if gone else wanted.plan


def matched(context: Context, wanted: Criteria) -> Stored | None:
    """Find the one match; more than one raises PreconditionFailed."""
    return only(wanted, context.store.search(wanted.plan).resources)


def only(wanted: Criteria, found: Sequence[Stored]) -> Stored | None:
    """Take the one match out of what a search found."""
    if len(found) > 1:
        raise PreconditionFailed(
            f"{wanted.source}: more than one {wanted.resource_type} matches the criteria; "
            "they must name one or none."
        )
    return found[0] if found else None


def absent(wanted: Criteria, gone: frozenset[str] = _NONE) -> Check:
    """Make the condition that nothing matches but what is ``gone``; a match raises Exists."""

    def decide(facts: Sequence[Sequence[Stored]]) -> None:
        found = [s for s in facts[0] if f"{s.resource_type}/{s.id}" not in gone]
        stored = only(wanted, found)
        if stored is not None:
            raise Exists(stored)

    return Check((wanted.guard,), (without(wanted, gone),), decide)
