"""Criteria instead of an id: If-None-Exist, ``PUT Patient?identifier=1``, and the like.

Clients that name the same criteria at the same time meet in a guard document, so that exactly
one of them creates.

https://hl7.org/fhir/R4/http.html#ccreate and https://hl7.org/fhir/R4/http.html#cond-update
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from fhir_server.errors import BadRequest, Conflict, PreconditionFailed
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import FOR_HTTP, parse
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fhir_server.context import Context
    from fhir_server.search.plan import Plan
    from fhir_server.store.ops import Stored

Result = TypeVar("Result")

_NONE: frozenset[str] = frozenset()
_TRIES = 32


@dataclass(frozen=True, slots=True)
class Criteria:
    """What must match; ``source`` names the header or element it came from.

    ``most`` is how many may match.
    """

    resource_type: str
    plan: Plan
    spelling: str
    source: str
    most: int = 1

    @property
    def guard(self) -> str:
        """Name the document where writers with the same criteria meet; it shows no criterion."""
        return sha256(f"{self.resource_type}?{self.spelling}".encode()).hexdigest()


class Exists(Exception):
    """The resource that If-None-Exist asks about is there; leaves the transaction, stays inside."""

    def __init__(self, stored: Stored) -> None:
        super().__init__()
        self.stored = stored


class Moved(Exception):
    """What was read before a write is no longer so: read again; stays inside."""


def settled(attempt: Callable[[], Result]) -> Result:
    """Try until nobody else is in the way; Conflict if somebody always is."""
    for _ in range(_TRIES):
        try:
            return attempt()
        except Moved:
            continue
    raise Conflict("Others keep changing what the request is about. Try again.")


def criteria(
    context: Context, resource_type: str, search: str, source: str, most: int = 1
) -> Criteria:
    """Compile a query string; what is not understood is refused, never ignored."""
    text = search.strip().removeprefix(resource_type).removeprefix("?")
    pairs = parse_qsl(text, keep_blank_values=True)
    pairs = [pair for pair in pairs if pair[0] not in FOR_HTTP]
    if not pairs or not all(value for _, value in pairs):
        raise BadRequest(
            f"{source}: every criterion needs a value, such as identifier=system|value."
        )
    query = parse(resource_type, pairs, context.parameters, strict=True)
    if not query.criteria:
        raise BadRequest(f"{source}: there is no criterion, such as identifier=system|value.")
    plan = compile_query(query, context.parameters, context.settings)
    spelling = "&".join(sorted(f"{name}={value}" for name, value in pairs))
    plan = replace(plan, limit=most + 1, includes=(), total="none", count_only=False)
    return Criteria(resource_type, plan, spelling, source, most)


def without(wanted: Criteria, gone: frozenset[str]) -> Plan:
    """Give the plan that finds one too many even if all that is ``gone`` still matches."""
    return replace(wanted.plan, limit=wanted.plan.limit + len(gone)) if gone else wanted.plan


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


def allowed(wanted: Criteria, found: Sequence[Stored]) -> Sequence[Stored]:
    """Take the matches of criteria that may have several; PreconditionFailed if too many."""
    if wanted.most == 1:
        only(wanted, found)
    if len(found) > wanted.most:
        raise PreconditionFailed(
            f"{wanted.source}: more than {wanted.most} {wanted.resource_type} match the criteria; "
            "the operator allows no more at once (FHIR_CONDITIONAL_DELETE_LIMIT)."
        )
    return found


def unmoved(wanted: Criteria, seen: Sequence[Stored], gone: frozenset[str] = _NONE) -> Check:
    """Make the condition that the criteria match exactly what was ``seen``; else raise Moved."""
    known = {stored.id for stored in seen}

    def decide(facts: Sequence[Sequence[Stored]]) -> None:
        found = {s.id for s in facts[0] if f"{s.resource_type}/{s.id}" not in gone}
        if found != known:
            raise Moved

    return Check((wanted.guard,), (without(wanted, gone),), decide, asked=True)


def absent(wanted: Criteria, gone: frozenset[str] = _NONE) -> Check:
    """Make the condition that nothing matches but what is ``gone``; a match raises Exists."""

    def decide(facts: Sequence[Sequence[Stored]]) -> None:
        found = [s for s in facts[0] if f"{s.resource_type}/{s.id}" not in gone]
        stored = only(wanted, found)
        if stored is not None:
            raise Exists(stored)

    return Check((wanted.guard,), (without(wanted, gone),), decide, asked=True)
