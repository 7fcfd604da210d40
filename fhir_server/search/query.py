"""How a search asks: the parameters of a request, read and understood.

Unknown parameters are ignored and reported, or refused under strict handling. What is known but
not supported is always refused: a search never quietly finds something else.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from fhir_server.errors import BadRequest, Issue, NotSupported, TooCostly
from fhir_server.search import system
from fhir_server.search.criteria import Both, Condition, Criterion, read_condition, unknown, urls_in
from fhir_server.search.escapes import cut
from fhir_server.search.filter import read_filter
from fhir_server.search.include import Including, read_include
from fhir_server.search.special import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fhir_server.search.bounds import Bounds
    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters
    from fhir_server.search.system import Compartment, Pair

Total = Literal["none", "estimate", "accurate"]
SUMMARIES = ("true", "text", "data", "count", "false")
FOR_HTTP = frozenset({"_format", "_pretty"})
TOP = frozenset({"_has", "_list", *REFUSED})


@dataclass(frozen=True, slots=True)
class Sorting:
    """One key of ``_sort``."""

    parameter: SearchParameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A search, understood. ``used`` are the pairs that count, for the self link.

    ``warnings`` says what was ignored and why. ``after`` is the position of the page before.
    ``count`` is None when the request leaves the page size to the server. A search over several
    types has no ``resource_type``; ``each`` asks one of them.
    """

    resource_type: str
    criteria: tuple[Condition, ...] = ()
    sort: tuple[Sorting, ...] = ()
    includes: tuple[Including, ...] = ()
    count: int | None = None
    total: Total = "none"
    summary: str | None = None
    elements: tuple[str, ...] = ()
    used: tuple[Pair, ...] = ()
    warnings: tuple[Issue, ...] = ()
    after: tuple[object, ...] | None = None
    each: tuple[Query, ...] = ()
    compartment: Compartment | None = None
    explain: bool = False


@dataclass(slots=True)
class _Reading:
    """The query as far as it has been read; ``types`` are all that are searched."""

    resource_type: str
    types: tuple[str, ...]
    parameters: Parameters
    strict: bool
    criteria: list[Condition] = field(default_factory=list)
    sort: list[Sorting] = field(default_factory=list)
    includes: list[Including] = field(default_factory=list)
    count: int | None = None
    total: Total = "none"
    summary: str | None = None
    elements: tuple[str, ...] = ()
    explain: bool = False
    used: list[Pair] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    doubts: list[Issue] = field(default_factory=list)

    @property
    def bounds(self) -> Bounds:
        """What this server allows."""
        return self.parameters.place.bounds

    def doubt(self, name: str, asked: Condition) -> None:
        """Say that a search may miss something, or refuse it under strict handling."""
        if not self.parameters.incomplete:
            return
        for url in sorted(self.parameters.incomplete & urls_in(asked)):
            says = (
                f"{name}: the index of {url} does not hold yet what was stored before it came; "
                "POST its $reindex and wait until that is done."
            )
            if self.strict:
                raise BadRequest(says)
            self.doubts.append(Issue("incomplete", says, severity="warning"))

    def ignore(self, name: str, why: str) -> None:
        """Leave a parameter out, or refuse it under strict handling."""
        if self.strict:
            raise BadRequest(f"{name}: {why}")
        text = f"The parameter {name} was ignored: {why}"
        self.warnings.append(Issue("not-supported", text, severity="warning"))


def parse(
    resource_type: str | None,
    pairs: Sequence[Pair],
    parameters: Parameters,
    *,
    strict: bool = False,
    compartment: Compartment | None = None,
) -> Query:
    """Read the decoded pairs of a query string, in their order.

    Without a ``resource_type`` the types named by ``_type`` are searched, or all. ``compartment``
    (``("Patient", "1")``) keeps to what belongs to it. Raises BadRequest for what cannot be read
    and NotSupported for what is not answered here.
    """
    bounds = parameters.place.bounds
    if len(pairs) > min(bounds.includes, bounds.parameters):
        _expect_few(pairs, bounds)
    if resource_type is None:
        query = _several(pairs, parameters, strict=strict, compartment=compartment)
    else:
        query = _one(_Reading(resource_type, (resource_type,), parameters, strict), pairs)
        query = _within(query, compartment, parameters)
    return replace(query, compartment=compartment) if compartment else query


def _expect_few(pairs: Sequence[Pair], bounds: Bounds) -> None:
    if len(pairs) > bounds.parameters:
        raise TooCostly(
            f"A search has at most {bounds.parameters} parameters (FHIR_SEARCH_PARAMETER_LIMIT), "
            f"not {len(pairs)}."
        )
    if sum(name.startswith(("_include", "_revinclude")) for name, _ in pairs) > bounds.includes:
        raise TooCostly(
            f"A search has at most {bounds.includes} _include and _revinclude "
            "(FHIR_SEARCH_INCLUDE_LIMIT)."
        )


def _one(reading: _Reading, pairs: Sequence[Pair]) -> Query:
    for name, value in pairs:
        if name in FOR_HTTP:
            continue
        known = len(reading.warnings)
        RESULT.get(_result(name), _criterion)(reading, name, value)
        if len(reading.warnings) == known:
            reading.used.append((name, value))
    return Query(
        reading.resource_type,
        tuple(reading.criteria),
        tuple(reading.sort),
        tuple(reading.includes),
        reading.count,
        reading.total,
        reading.summary,
        reading.elements,
        tuple(reading.used),
        (*reading.warnings, *reading.doubts),
        explain=reading.explain,
    )


def _within(query: Query, compartment: Compartment | None, parameters: Parameters) -> Query:
    if compartment is None:
        return query
    inside = system.belonging(query.resource_type, compartment, parameters)
    return replace(query, criteria=(inside, *query.criteria))


def _several(
    pairs: Sequence[Pair],
    parameters: Parameters,
    *,
    strict: bool,
    compartment: Compartment | None,
) -> Query:
    """Read a search over several types; what one of them does not know counts for none."""
    types, others = system.types_of(pairs, parameters, compartment)
    named = any(name == "_type" for name, _ in pairs) or compartment is not None
    asked = types if named else (system.ANY,)
    if not named:
        system.refuse_of_types(others)

    def one(kind: str, kept: Sequence[Pair]) -> Query:
        return _one(_Reading(kind, types, parameters, strict), kept)

    first = [one(kind, others) for kind in asked]
    warnings = {issue.diagnostics: issue for each in first for issue in each.warnings}
    if len(first) > 1:
        others = [pair for pair in others if all(pair in each.used for each in first)]
        first = [one(kind, others) for kind in asked]
    each = first if named else [replace(first[0], resource_type=kind) for kind in types]
    used = [pair for pair in pairs if pair[0] == "_type"] + list(first[0].used)
    return replace(
        first[0],
        resource_type="",
        criteria=(),
        used=tuple(used),
        warnings=tuple(warnings.values()),
        each=tuple(_within(query, compartment, parameters) for query in each),
    )


def _result(name: str) -> str:
    """Name the result parameter; only the includes may have a modifier."""
    code, _, modifier = name.partition(":")
    if modifier and code in RESULT and code not in {"_include", "_revinclude"}:
        raise NotSupported(f"{name}: {code} has no modifiers.")
    return code


def _criterion(reading: _Reading, name: str, value: str) -> None:
    values = tuple(part for part in cut(value, ",") if part)
    if not values:
        reading.ignore(name, "it has no value.")
        return
    code = name.partition(".")[0].partition(":")[0]
    if code not in TOP and code not in reading.parameters.of(reading.resource_type):
        reading.ignore(name, unknown(reading.resource_type, code, reading.parameters, RESULT))
        return
    if len(values) > min(reading.bounds.values, reading.bounds.codes):
        _expect_names(reading, name, code, len(values))
    asked = read_condition(reading.parameters, reading.resource_type, name, values)
    reading.criteria.append(asked)
    reading.doubt(name, asked)


def _expect_names(reading: _Reading, name: str, code: str, values: int) -> None:
    """Allow many alternatives only where they are looked up as one set."""
    known = reading.parameters.of(reading.resource_type).get(code)
    is_set = code == name and known is not None and known.type in {"token", "reference"}
    bounds = reading.bounds
    most, setting = (bounds.codes, "CODE") if is_set else (bounds.values, "VALUE")
    if values > most:
        raise TooCostly(
            f"{name} has {values} values; at most {most} are allowed (FHIR_SEARCH_{setting}_LIMIT)."
        )


def _count(reading: _Reading, name: str, value: str) -> None:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise BadRequest(f"{name}={value!r} is not a number of resources; right would be 20.")
    reading.count = int(value)


def _sort(reading: _Reading, name: str, value: str) -> None:
    known = reading.parameters.of(reading.resource_type)
    for key in filter(None, value.split(",")):
        code = key.removeprefix("-")
        if code not in known:
            raise BadRequest(
                f"{name}={value!r}: " + unknown(reading.resource_type, code, reading.parameters)
            )
        if code not in {each.parameter.code for each in reading.sort}:
            reading.sort.append(Sorting(known[code], key.startswith("-")))
            reading.doubt(name, Criterion(known[code], None, ()))
    if len(reading.sort) > reading.bounds.sorts:
        raise BadRequest(
            f"{name}: sort by at most {reading.bounds.sorts} parameters (FHIR_SORT_LIMIT)."
        )


def _total(reading: _Reading, name: str, value: str) -> None:
    match value:
        case "none" | "estimate" | "accurate":
            reading.total = value
        case _:
            raise BadRequest(f"{name}={value!r} is none of: none, estimate, accurate.")


def _summary(reading: _Reading, name: str, value: str) -> None:
    if value not in SUMMARIES:
        raise BadRequest(f"{name}={value!r} is none of: {', '.join(SUMMARIES)}.")
    reading.summary = value


def _elements(reading: _Reading, _name: str, value: str) -> None:
    reading.elements += tuple(part.strip() for part in value.split(",") if part.strip())


def _include(reading: _Reading, name: str, value: str) -> None:
    reading.includes += read_include(name, value, reading.types, reading.parameters)


def _plainly(_reading: _Reading, name: str, value: str) -> None:
    if value != "false":
        raise NotSupported(f"{name}={value}: {REFUSED['_contained']}")


def _filtered(reading: _Reading, name: str, value: str) -> None:
    asked = read_filter(value, reading.resource_type, reading.parameters)
    parts = asked.conditions if isinstance(asked, Both) else (asked,)
    reading.criteria += parts
    for each in parts:
        reading.doubt(name, each)


def _explained(reading: _Reading, name: str, value: str) -> None:
    if value not in {"true", "false"}:
        raise BadRequest(f"{name}={value!r} is neither true nor false.")
    reading.explain = value == "true"


RESULT: dict[str, Callable[[_Reading, str, str], None]] = {
    "_count": _count,
    "_sort": _sort,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_include": _include,
    "_revinclude": _include,
    "_contained": _plainly,
    "_filter": _filtered,
    "_explain": _explained,
}
