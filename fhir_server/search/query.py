"""How a search asks: the parameters of a request, read and understood.

Unknown parameters are ignored and reported, or refused under strict handling. What is known but
not supported is always refused: a search never quietly finds something else.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from fhir_server.errors import BadRequest, Issue, NotSupported
from fhir_server.search.escapes import cut
from fhir_server.search.include import Including, read_include
from fhir_server.search.special import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters

Pair = tuple[str, str]
Total = Literal["none", "estimate", "accurate"]
SUMMARIES = ("true", "text", "data", "count", "false")
FOR_HTTP = frozenset({"_format", "_pretty"})
SORT_LIMIT = 8
CHAIN_LEADS = "A chain leads over one reference here, as in subject:Patient.identifier."


@dataclass(frozen=True, slots=True)
class Criterion:
    """``parameter:modifier=value,value``: any of the values, their escapes still in them."""

    parameter: SearchParameter
    modifier: str | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """``reference:Type.parameter=value``, or the same turned round by ``_has``.

    ``resource_type`` is the type that ``inner`` asks. ``reference`` belongs to the searched type
    when ``forward``, else to ``resource_type``.
    """

    resource_type: str
    reference: SearchParameter
    inner: Criterion
    forward: bool


@dataclass(frozen=True, slots=True)
class Sorting:
    """One key of ``_sort``."""

    parameter: SearchParameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A search, understood. ``used`` are the pairs that count, for the self link.

    ``warnings`` says what was ignored and why. ``after`` is the position of the page before.
    ``count`` is None when the request leaves the page size to the server.
    """

    resource_type: str
    criteria: tuple[Criterion | Chain, ...] = ()
    sort: tuple[Sorting, ...] = ()
    includes: tuple[Including, ...] = ()
    count: int | None = None
    total: Total = "none"
    summary: str | None = None
    elements: tuple[str, ...] = ()
    used: tuple[Pair, ...] = ()
    warnings: tuple[Issue, ...] = ()
    after: tuple[object, ...] | None = None


@dataclass(slots=True)
class _Reading:
    """The query as far as it has been read."""

    resource_type: str
    parameters: Parameters
    strict: bool
    criteria: list[Criterion | Chain] = field(default_factory=list)
    sort: list[Sorting] = field(default_factory=list)
    includes: list[Including] = field(default_factory=list)
    count: int | None = None
    total: Total = "none"
    summary: str | None = None
    elements: tuple[str, ...] = ()
    used: list[Pair] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)

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
) -> Query:
    """Read the decoded pairs of a query string, in their order.

    Raises BadRequest for what cannot be read and NotSupported for what is not answered here.
    """
    if resource_type is None:
        raise NotSupported("Search over all resource types is not supported; ask each type.")
    reading = _Reading(resource_type, parameters, strict)
    for name, value in pairs:
        if name in FOR_HTTP:
            continue
        known = len(reading.warnings)
        RESULT.get(_result(name), _criterion)(reading, name, value)
        if len(reading.warnings) == known:
            reading.used.append((name, value))
    return Query(
        resource_type,
        tuple(reading.criteria),
        tuple(reading.sort),
        tuple(reading.includes),
        reading.count,
        reading.total,
        reading.summary,
        reading.elements,
        tuple(reading.used),
        tuple(reading.warnings),
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
    if name.startswith("_has:"):
        reading.criteria.append(_has(reading, name, values))
        return
    code = name.partition(".")[0].partition(":")[0]
    found = reading.parameters.of(reading.resource_type).get(code)
    if code in REFUSED:
        raise NotSupported(REFUSED[code])
    if found is None:
        reading.ignore(name, unknown(reading.resource_type, code, reading.parameters))
        return
    reading.criteria.append(
        _chain(reading, name, found, values)
        if "." in name
        else Criterion(found, name.partition(":")[2] or None, values)
    )


def _chain(
    reading: _Reading, name: str, reference: SearchParameter, values: tuple[str, ...]
) -> Chain:
    head, _, tail = name.partition(".")
    resource_type = head.partition(":")[2]
    if reference.type != "reference":
        raise BadRequest(f"{name}: {reference.code} is not a reference, nothing follows it.")
    if "." in tail:
        raise NotSupported(f"{name}: {CHAIN_LEADS}")
    code = tail.partition(":")[0]
    targets = reference.targets or tuple(reading.parameters.types)
    if resource_type and resource_type not in targets:
        raise BadRequest(f"{name}: {reference.code} cannot point to a {resource_type}.")
    able = [resource_type] if resource_type else targets
    able = [each for each in able if reading.parameters.has(each, code)]
    if not able:
        raise BadRequest(f"{name}: no resource that {reference.code} points to has {code!r}.")
    if len(able) > 1:
        raise BadRequest(
            f"{name}: say which type is meant, as in {reference.code}:{able[0]}.{tail}; "
            f"possible are {', '.join(able)}."
        )
    return Chain(able[0], reference, _inner(reading, able[0], tail, values), forward=True)


def _has(reading: _Reading, name: str, values: tuple[str, ...]) -> Chain:
    parts = name.split(":", 3)
    if len(parts) < 4:
        raise BadRequest(f"{name}: right would be _has:Observation:patient:code.")
    _, resource_type, link, tail = parts
    if tail.startswith("_has") or "." in tail:
        raise NotSupported(f"{name}: one _has with one parameter is supported, no chain in it.")
    if resource_type not in reading.parameters.types:
        raise BadRequest(f"{name}: there is no resource type {resource_type!r}.")
    reference = reading.parameters.of(resource_type).get(link)
    if reference is None or reference.type != "reference":
        raise BadRequest(f"{name}: {resource_type} has no reference parameter {link!r}.")
    if reference.targets and reading.resource_type not in reference.targets:
        raise BadRequest(f"{name}: {link} cannot point to a {reading.resource_type}.")
    return Chain(
        resource_type, reference, _inner(reading, resource_type, tail, values), forward=False
    )


def _inner(reading: _Reading, resource_type: str, name: str, values: tuple[str, ...]) -> Criterion:
    code, _, modifier = name.partition(":")
    if code in REFUSED:
        raise NotSupported(REFUSED[code])
    found = reading.parameters.of(resource_type).get(code)
    if found is None:
        raise BadRequest(unknown(resource_type, code, reading.parameters))
    return Criterion(found, modifier or None, values)


def unknown(resource_type: str, code: str, parameters: Parameters) -> str:
    """Say that a type has no such parameter, and what was perhaps meant."""
    known = [*parameters.of(resource_type), *RESULT]
    near = get_close_matches(code, known, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{resource_type} has no search parameter {code!r}.{hint}"


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
    if len(reading.sort) > SORT_LIMIT:
        raise BadRequest(f"{name}: sort by at most {SORT_LIMIT} parameters.")


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
    reading.includes += read_include(name, value, reading.resource_type, reading.parameters)


RESULT: dict[str, Callable[[_Reading, str, str], None]] = {
    "_count": _count,
    "_sort": _sort,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_include": _include,
    "_revinclude": _include,
}
