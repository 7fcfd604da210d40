"""The invariants of one type as lines for the judge of structure.

A line returns False where it cannot be sure; then ``check`` looks. What is about something
contained is left to the resource around it: only that knows what it contains.
"""

from __future__ import annotations

import threading
from datetime import datetime
from functools import cache
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
    from collections.abc import Callable, Iterator

    from fhir_server.resources.definitions import Definitions

    Lines = tuple[list[str], dict[str, Any]]


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
_WITH_OTHERS = frozenset(("ext-1", "txt-2", "dom-2", "dom-4", "dom-5"))
"""Judged where structure is, or by the line of another."""


def lines(path: str, definitions: Definitions) -> Lines:
    """Write the lines of a type or element, and give the names that they need."""
    names: dict[str, Any] = dict(_NAMES)
    written: list[str] = []
    top = path if path in definitions.types else None
    at = Place("value", path, top, _repeating(definitions))
    for rule in _errors(path, definitions):
        hand = _BY_HAND.get(rule.key)
        sure = None if hand else _sure(rule, at)
        if hand is None and sure is None:
            if top is None and "%resource" in rule.expression:
                continue
            names[f"rule_{len(written)}"] = _asked(rule, path)
            written.append(f"if not rule_{len(written)}(value): return False")
        elif top is None or rule.key != "ele-1":
            written.append(hand or f"if not {sure}: return False")
    for rule, below in _of_the_whole(path, definitions) if top else ():
        names[f"rule_{len(written)}"] = _asked(rule, path, below)
        written.append(f"if not rule_{len(written)}(value): return False")
    return [*written, *_of_children(path, at, definitions)], names


def _sure(rule: Rule, at: Place) -> str | None:
    return true(simplified(parse(rule.expression), at.kind), at)


def _of_the_whole(top: str, definitions: Definitions) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Give what is said below about the resource as a whole, with the way to where it is said."""
    for path in definitions.invariants:
        if path.startswith(f"{top}."):
            at = Place("value", path, None, _repeating(definitions))
            for rule in rules_of(path, definitions):
                if "%resource" in rule.expression and not _sure(rule, at):
                    yield rule, tuple(path.split(".")[1:])


def _errors(path: str, definitions: Definitions) -> Iterator[Rule]:
    for kind in ancestry(path):
        for rule in rules_of(kind, definitions):
            if rule.severity == "error" and rule.key not in _WITH_OTHERS:
                yield rule


def _of_children(path: str, at: Place, definitions: Definitions) -> Iterator[str]:
    """Write what R4 says of an element whose type is used elsewhere too."""
    for element in definitions.elements(path).values():
        for rule in rules_of(element.path, definitions) if element.type != element.path else ():
            if rule.key in _BY_HAND:
                yield _BY_HAND[rule.key]
            elif rule.severity == "error":
                yield _of_child(element.name, rule, at.inner(element.type))


def _of_child(name: str, rule: Rule, inner: Place) -> str:
    sure = _sure(rule, inner)
    loop = f" and not all({sure} for {inner.name} in items(value, ({name!r},)))" if sure else ""
    return f"if {name!r} in value{loop}: return False"


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
