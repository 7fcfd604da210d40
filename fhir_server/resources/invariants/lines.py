"""The invariants of one type as lines for the judge of structure.

A line asks FHIRPath where it cannot be sure, and returns False where that says no; then ``check``
looks, and words it. What is about something contained is left to the resource around it: only
that knows what it contains.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.model import Node, ancestry
from fhir_server.resources.fhirpath.parser import parse
from fhir_server.resources.fhirpath.xhtml import is_narrative
from fhir_server.resources.invariants.exact import (
    has_distinct_codes,
    has_distinct_links,
    local_texts,
    unmatched,
)
from fhir_server.resources.invariants.rules import Rule, holds, rules_of
from fhir_server.resources.invariants.sure import Place, simplified, true

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fhir_server.resources.definitions import Definitions

    Lines = tuple[list[str], dict[str, Any]]
    About = tuple[Rule, str | None, tuple[str, ...]]
    """A rule, the Python that spares asking, and the way to what the rule is about."""


class _Local(threading.local):
    """What was met on the way through a resource: a reference by ``#``, something contained."""

    met = False
    inside = 0


local = _Local()

_BY_HAND = {
    "ele-1": "if len(value) == 1 and 'id' in value: return False",
    "ref-1": "if value.get('reference', '')[:1] == '#': local.met = True",
    "txt-1": "if not is_narrative(value.get('div', '')): return False",
    "bdl-8": "if '/_history/' in value.get('fullUrl', ''): return False",
    "csd-1": "if not has_distinct_codes(value): return False",
    "que-2": "if not has_distinct_links(value): return False",
    "bdl-7": "if not are_distinct(value): return False",
    "dom-3": (
        "if ('contained' in value or local.met) and not local.inside"
        " and not is_closed(value): return False"
    ),
}
_RESOURCE = "%resource"
_WITH_OTHERS = frozenset(("ext-1", "txt-2", "dom-2", "dom-4", "dom-5"))
"""Judged where structure is, or by the line of another."""


def lines(path: str, definitions: Definitions) -> Lines:
    """Write the lines of a type or element, and give the names that they need."""
    names: dict[str, Any] = dict(_NAMES)
    written: list[str] = []
    at = Place("value", path, repeating=_repeating(definitions))
    if path in definitions.types:
        about: Iterable[About] = chain(
            _of_itself(at, definitions, top=path), _of_the_whole(path, definitions)
        )
    else:
        about = _of_itself(at, definitions)
    for rule, sure, below in chain(about, _of_children(at, definitions)):
        if rule.key in _BY_HAND:
            written.append(_BY_HAND[rule.key])
            continue
        asked = f"rule_{len(written)}"
        names[asked] = _asked(rule, path, below)
        written.append(f"if not ({sure or False} or {asked}(value)): return False")
    return written, names


def _of_itself(at: Place, definitions: Definitions, top: str | None = None) -> Iterator[About]:
    """Give what R4 says of the type and its bases; of a resource all but ele-1."""
    for kind in ancestry(at.kind):
        for rule in _errors(kind, definitions):
            if rule.key != "ele-1" if top else _RESOURCE not in rule.expression:
                yield rule, _sure(rule, replace(at, top=top)), ()


def _of_children(at: Place, definitions: Definitions) -> Iterator[About]:
    """Give what R4 says of an element here whose type is used elsewhere too."""
    for name, element in definitions.elements(at.kind).items():
        for rule in _errors(element.path, definitions) if element.type != element.path else ():
            inner = at.inner(element.type)
            sure, absent = _sure(rule, inner), f"{name!r} not in value"
            each = f" or all({sure} for {inner.name} in items(value, ({name!r},)))" if sure else ""
            yield rule, absent + each, (element.choice or name,)


def _of_the_whole(top: str, definitions: Definitions) -> Iterator[About]:
    """Give what is said further below about the whole resource, with the way to there."""
    for path in definitions.invariants:
        if path.startswith(f"{top}."):
            below = tuple(path.split(".")[1:])
            for rule in _errors(path, definitions):
                if _RESOURCE in rule.expression:
                    yield rule, f"{below[0]!r} not in value", below


def _errors(path: str, definitions: Definitions) -> Iterator[Rule]:
    for rule in rules_of(path, definitions):
        if rule.severity == "error" and rule.key not in _WITH_OTHERS:
            yield rule


def _sure(rule: Rule, at: Place) -> str | None:
    return true(simplified(parse(rule.expression), at.kind), at)


def _asked(rule: Rule, path: str, below: tuple[str, ...] = ()) -> Callable[[dict[str, Any]], bool]:
    """Give the invariant as FHIRPath itself, for what is not written in Python."""

    def asked(value: dict[str, Any]) -> bool:
        nodes = [Node(value, path)]
        for name in below:
            nodes = [child for node in nodes for child in node.child(name)]
        return all(holds(rule.expression, node) is not False for node in nodes)

    return asked


@cache
def _repeating(definitions: Definitions) -> frozenset[tuple[str, str]]:
    return frozenset(
        (path, name)
        for kind in (*definitions.types, *definitions.data_types)
        for path in {kind, *map(_above, definitions.row(kind)["elements"])}
        for name, element in definitions.elements(path).items()
        if element.repeats
    )


def _above(path: str) -> str:
    return path.rpartition(".")[0]


def items(value: dict[str, Any], steps: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give the objects that a path of names leads to."""
    found = [value]
    for name in steps:
        reached: list[dict[str, Any]] = []
        for each in found:
            below = each.get(name)
            if below is not None:
                reached += below if type(below) is list else [below]
        found = reached
    return found


def in_order(first: str | None, second: str | None) -> bool:
    """Say whether the second of two dates is surely not before the first."""
    if first is None or second is None:
        return False
    size = min(len(first), len(second))
    if size <= 10 or first[19:] == second[19:]:
        return first[: min(size, 19)] <= second[: min(size, 19)]
    try:
        return datetime.fromisoformat(first) <= datetime.fromisoformat(second)
    except ValueError:
        return False


def are_distinct(bundle: dict[str, Any]) -> bool:
    """bdl-7, surely: no two entries have the same URL."""
    urls = [entry["fullUrl"] for entry in bundle.get("entry", ()) if "fullUrl" in entry]
    return len(set(urls)) == len(urls) or bundle.get("type") == "history"


def is_closed(resource: dict[str, Any]) -> bool:
    """ref-1 and dom-2 to dom-5, surely: what is contained and what leads there belong together."""
    local.met = False
    held = resource.get("contained", ())
    known = {f"#{each.get('id')}" for each in held} | {"#"}
    metas = [each["meta"] for each in held if "meta" in each]
    if any(name in meta for meta in metas for name in ("versionId", "lastUpdated", "security")):
        return False
    return known.issuperset(local_texts(resource)) and not unmatched(resource)


_NAMES = {
    "local": local,
    "items": items,
    "in_order": in_order,
    "are_distinct": are_distinct,
    "is_closed": is_closed,
    "is_narrative": is_narrative,
    "has_distinct_codes": has_distinct_codes,
    "has_distinct_links": has_distinct_links,
}
