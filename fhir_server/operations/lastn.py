"""``Observation/$lastn``: the last observations of each kind, of one patient.

Kinds are codes: two observations are of one kind if they share a coding, or are both like a
third; those without codings if their text is the same. Where the last one wanted and the next are
of the same moment both are given. What has no date counts as the oldest.

https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import BadRequest
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.date import bounds
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored

_OF_RESULT = frozenset(
    ("_sort", "_count", "_total", "_include", "_revinclude", "_summary", "_elements", "_page")
)
_NEVER = -(2**63)


@dataclass(frozen=True, slots=True)
class _One:
    """An observation with the kinds it belongs to and its moment."""

    stored: Stored
    kinds: tuple[str, ...]
    moment: int


def run(context: Context, call: Call) -> Answer:
    """Answer a searchset, the most recent first."""
    most = call.one("max") or 1
    pairs = call.others
    _check(pairs)
    groups = _Groups(most)
    for each in _newest_first(context, pairs):
        groups.add(each)
    found = groups.chosen()
    base = quoted(call.request.base)[:-1]
    entries = [
        b'{"fullUrl":%s/Observation/%s","resource":%s,"search":{"mode":"match"}}'
        % (base, each.stored.id.encode(), each.stored.raw)
        for each in found
    ]
    query = f"?{call.request.query}" if call.request.query else ""
    links = [("self", f"{call.request.base}/{call.request.path}{query}")]
    return Answer(200, join("searchset", entries, links=links, total=len(found)))


def _check(pairs: list[tuple[str, str]]) -> None:
    codes = {name.partition(":")[0].partition(".")[0] for name, _ in pairs}
    if not codes & {"patient", "subject"}:
        raise BadRequest("$lastn needs patient or subject: whose observations are meant.")
    strange = sorted(codes & _OF_RESULT)
    if strange:
        raise BadRequest(f"$lastn orders and counts by itself; it takes no {strange[0]}.")


def _newest_first(context: Context, pairs: list[tuple[str, str]]) -> Iterator[_One]:
    query = parse("Observation", [*pairs, ("_sort", "-date")], context.parameters, strict=True)
    compiled = compile_query(query, context.parameters, context.settings)
    plan = replace(compiled, limit=context.settings.count_limit)
    while True:
        page = context.store.search(plan)
        for stored in page.resources:
            document = orjson.loads(stored.raw)
            yield _One(stored, tuple(_kinds(document)), _moment(context, document))
        if not page.more:
            return
        plan = replace(plan, after=page.last)


def _kinds(observation: dict[str, Any]) -> Iterator[str]:
    code = observation.get("code", {})
    codings = [each for each in code.get("coding", ()) if each.get("code")]
    for each in codings:
        yield f"{each.get('system', '')}|{each['code']}"
    if not codings:
        yield f"text:{code.get('text', '')}"


def _moment(context: Context, observation: dict[str, Any]) -> int:
    period = observation.get("effectivePeriod", {})
    events = observation.get("effectiveTiming", {}).get("event", [])
    texts = (
        observation.get("effectiveDateTime"),
        observation.get("effectiveInstant"),
        period.get("start"),
        period.get("end"),
        next(iter(events), None),
    )
    text = next((each for each in texts if each), None)
    return _NEVER if text is None else bounds(text, context.parameters.place.zone)[0]


class _Groups:
    """Observations by kind; what comes later is older. Keeps of each code what may be wanted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._same: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        self._kept: list[_One] = []

    def add(self, one: _One) -> None:
        """Take one observation, which may join kinds that were different so far."""
        first = self._root(one.kinds[0])
        for kind in one.kinds[1:]:
            self._same[self._root(kind)] = first
        if any(self._is_wanted(kind, one.moment) for kind in one.kinds):
            self._kept.append(one)

    def chosen(self) -> list[_One]:
        """Give the last ones of each kind, the most recent of all first."""
        moments: dict[str, list[int]] = {}
        found = []
        for one in sorted(self._kept, key=lambda each: -each.moment):
            known = moments.setdefault(self._root(one.kinds[0]), [])
            if len(known) < self._most or one.moment == known[-1]:
                known.append(one.moment)
                found.append(one)
        return found

    def _is_wanted(self, kind: str, moment: int) -> bool:
        known = self._counts.setdefault(kind, [])
        if len(known) < self._most or moment >= known[-1]:
            known.append(moment)
            return True
        return False

    def _root(self, kind: str) -> str:
        while kind in self._same and self._same[kind] != kind:
            kind = self._same[kind]
        return kind


OPERATION = Operation(
    name="lastn",
    types=("Observation",),
    levels=frozenset({"type"}),
    says="The last observations of each code, of one patient; search parameters narrow them.",
    searches=True,
    parameters=(
        Parameter("max", "positiveInt", says="How many of each code; 1 if absent."),
        Parameter("return", "Bundle", use="out", minimum=1, says="A searchset."),
    ),
    run=run,
)
