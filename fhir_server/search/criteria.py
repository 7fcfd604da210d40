"""What a search asks, as a tree: criteria, chains over references, and what joins them.

Reads ``patient:Patient.name:exact`` and ``_has:Observation:patient:code`` into it, to any depth
that the database can follow.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.special import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.search.field import SearchParameter
    from fhir_server.search.parameters import Parameters

MOST_TYPES = 8
CANONICAL = frozenset({"canonical", "uri"})


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
    when ``forward``, else to ``resource_type``. ``others``: the same over the other types that the
    reference may point to; any of them will do.
    """

    resource_type: str
    reference: SearchParameter
    inner: Condition
    forward: bool
    others: tuple[Chain, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """Any of these."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of these."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Neither:
    """None of these."""

    conditions: tuple[Condition, ...]


Condition = Criterion | Chain | Either | Both | Neither


def read_condition(
    parameters: Parameters, resource_type: str, name: str, values: tuple[str, ...], depth: int = 0
) -> Criterion | Chain:
    """Read one name of a query string, with what is asked of it; raises BadRequest."""
    deepest = parameters.place.bounds.references
    if depth > deepest:
        raise NotSupported(
            f"{name}: a chain may lead over at most {deepest} references (FHIR_CHAIN_DEPTH_LIMIT)."
        )
    if name.startswith("_has:"):
        return _has(parameters, resource_type, name, values, depth)
    head, dot, tail = name.partition(".")
    code, _, modifier = head.partition(":")
    if code == "_list":
        return _listed(parameters, resource_type, name, values)
    found = parameters.of(resource_type).get(code)
    if found is None and code in REFUSED:
        raise NotSupported(REFUSED[code])
    if found is None:
        raise BadRequest(unknown(resource_type, code, parameters))
    if not dot:
        return Criterion(found, modifier or None, values)
    return _chain(parameters, found, modifier, (name, tail), values, depth)


def urls_in(asked: Condition) -> frozenset[str]:
    """Give the urls of all parameters that are asked."""
    if isinstance(asked, Criterion):
        return frozenset(each.url for each in (asked.parameter, *asked.parameter.pairs))
    if isinstance(asked, Chain):
        inner = [urls_in(asked.inner), *(urls_in(each) for each in asked.others)]
        return frozenset({asked.reference.url}).union(*inner)
    return frozenset[str]().union(*(urls_in(each) for each in asked.conditions))


def unknown(resource_type: str, code: str, parameters: Parameters, also: Iterable[str] = ()) -> str:
    """Say that a type has no such parameter, and what was perhaps meant."""
    near = get_close_matches(code, [*parameters.of(resource_type), *also], n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{resource_type} has no search parameter {code!r}.{hint}"


def _chain(  # noqa: PLR0913, PLR0917 -- what a name holds
    parameters: Parameters,
    reference: SearchParameter,
    resource_type: str,
    names: tuple[str, str],
    values: tuple[str, ...],
    depth: int,
) -> Chain:
    name, tail = names
    if reference.type != "reference":
        raise BadRequest(f"{name}: {reference.code} is not a reference, nothing follows it.")
    _by_id(reference)
    able = _able(parameters, reference, resource_type, name, tail)
    chains = [
        Chain(
            each,
            reference,
            read_condition(parameters, each, tail, values, depth + 1),
            forward=True,
        )
        for each in able
    ]
    return replace(chains[0], others=tuple(chains[1:]))


def _able(
    parameters: Parameters, reference: SearchParameter, asked: str, name: str, tail: str
) -> list[str]:
    """Give the types that the reference may point to and that have what follows."""
    targets = reference.targets or tuple(sorted(parameters.types))
    if asked and asked not in targets:
        raise BadRequest(f"{name}: {reference.code} cannot point to a {asked}.")
    if asked:
        return [asked]
    code = tail.partition(".")[0].partition(":")[0]
    able = [each for each in targets if code in {"_has", "_list"} or parameters.has(each, code)]
    if not able:
        raise BadRequest(f"{name}: no resource that {reference.code} points to has {code!r}.")
    if len(able) > MOST_TYPES:
        raise BadRequest(
            f"{name}: say which type is meant, as in {reference.code}:{able[0]}.{tail}; "
            f"{len(able)} types are possible."
        )
    return _fitting(parameters, able, tail) if len(able) > 1 else able


def _fitting(parameters: Parameters, able: list[str], tail: str) -> list[str]:
    """Leave out the types at which the chain cannot go on, unless all would be."""
    fitting = []
    for each in able:
        try:
            read_condition(parameters, each, tail, ("x",))
        except (BadRequest, NotSupported):
            continue
        fitting.append(each)
    return fitting or able[:1]


def _has(
    parameters: Parameters, searched: str, name: str, values: tuple[str, ...], depth: int
) -> Chain:
    parts = name.split(":", 3)
    if len(parts) < 4 or not parts[3]:
        raise BadRequest(f"{name}: right would be _has:Observation:patient:code.")
    _, resource_type, link, tail = parts
    if resource_type not in parameters.types:
        raise BadRequest(f"{name}: there is no resource type {resource_type!r}.")
    reference = parameters.of(resource_type).get(link)
    if reference is None or reference.type != "reference":
        raise BadRequest(f"{name}: {resource_type} has no reference parameter {link!r}.")
    if reference.targets and searched not in reference.targets:
        raise BadRequest(f"{name}: {link} cannot point to a {searched}.")
    _by_id(reference)
    inner = read_condition(parameters, resource_type, tail, values, depth + 1)
    return Chain(resource_type, reference, inner, forward=False)


def _listed(parameters: Parameters, searched: str, name: str, values: tuple[str, ...]) -> Chain:
    """Read ``_list``: what the entries of a List refer to."""
    if name != "_list":
        raise NotSupported(f"{name}: _list has no modifiers and nothing follows it.")
    for each in values:
        if each.startswith("$"):
            raise NotSupported(f"_list={each}: lists that a server makes up are not kept here.")
    of_list = parameters.of("List")
    ids = tuple(each.removeprefix("List/") for each in values)
    item = of_list["item"]
    if item.targets and searched not in item.targets:
        raise BadRequest(f"_list: a List cannot hold a {searched}.")
    return Chain("List", item, Criterion(of_list["_id"], None, ids), forward=False)


def _by_id(reference: SearchParameter) -> None:
    """Refuse to follow a canonical: it names its target by url."""
    if reference.refused:
        raise NotSupported(reference.refused)
    if any(each.kinds <= CANONICAL for each in reference.fields):
        raise NotSupported(
            f"{reference.code} refers by canonical url; chains follow references by id."
        )
