"""A code in the words of another system, by ConceptMaps, in their direction or against it.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fhir_server.resources.wire import Document

NO_MATCH = frozenset({"unmatched", "disjoint"})

_BACK = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}
DEEPEST = 5
"""Maps that may lead to one another for what they do not map."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A code to translate; empty names and ``target`` None mean any."""

    system: str
    code: str
    source: str = ""
    target: str = ""
    target_system: str = ""
    reverse: bool = False
    dependencies: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """One translation; ``products`` are what else it says, as the ConceptMap writes it."""

    equivalence: str
    system: str
    code: str
    display: str
    map: str
    products: tuple[Document, ...] = ()


def translate(
    asked: Asked, maps: Sequence[Document], find: Callable[[str], Document | None]
) -> Iterator[Match]:
    """Give every translation that the maps have; ``find`` finds a map by its url."""
    for each in maps:
        if _is_between(asked, each):
            yield from _by(asked, each, find, DEEPEST)


def _is_between(asked: Asked, concept_map: Document) -> bool:
    source, target = ("target", "source") if asked.reverse else ("source", "target")
    return _leads(concept_map, source, asked.source) and _leads(concept_map, target, asked.target)


def _leads(concept_map: Document, end: str, asked: str) -> bool:
    found = concept_map.get(f"{end}Uri") or concept_map.get(f"{end}Canonical") or ""
    return not asked or found.partition("|")[0] == asked.partition("|")[0]


def _by(
    asked: Asked, concept_map: Document, find: Callable[[str], Document | None], depth: int
) -> Iterator[Match]:
    for group in concept_map.get("group", ()):
        source, target = group.get("source", ""), group.get("target", "")
        if asked.reverse:
            source, target = target, source
        if asked.system and source and source != asked.system:
            continue
        if asked.target_system and target != asked.target_system:
            continue
        url = concept_map.get("url", "")
        found = list(_backward(asked, group, url) if asked.reverse else _forward(asked, group, url))
        yield from found or ([] if asked.reverse else _unmapped(asked, group, find, depth, url))


def _forward(asked: Asked, group: Document, url: str) -> Iterator[Match]:
    for element in group["element"]:
        for target in element.get("target", ()) if element.get("code") == asked.code else ():
            if _depends(asked, target):
                yield Match(
                    target.get("equivalence", "relatedto"),
                    group.get("target", ""),
                    target.get("code", ""),
                    target.get("display", ""),
                    url,
                    tuple(target.get("product", ())),
                )


def _backward(asked: Asked, group: Document, url: str) -> Iterator[Match]:
    for element in group["element"]:
        for target in element.get("target", ()):
            if target.get("code") == asked.code and element.get("code"):
                way = target.get("equivalence", "relatedto")
                display = element.get("display", "")
                yield Match(
                    _BACK.get(way, way), group.get("source", ""), element["code"], display, url
                )


def _depends(asked: Asked, target: Document) -> bool:
    """Say whether all that a translation depends on was given."""
    return all(
        each.get("value") in asked.dependencies.get(each.get("property", ""), ())
        for each in target.get("dependsOn", ())
    )


def _unmapped(
    asked: Asked,
    group: Document,
    find: Callable[[str], Document | None],
    depth: int,
    url: str,
) -> Iterator[Match]:
    rule = group.get("unmapped", {})
    if any(each.get("code") == asked.code for each in group["element"]):
        return
    target = group.get("target", "")
    match rule.get("mode"):
        case "provided":
            yield Match("equal", target, asked.code, "", url)
        case "fixed":
            yield Match("inexact", target, rule.get("code", ""), rule.get("display", ""), url)
        case "other-map" if depth:
            other = find(rule.get("url", ""))
            yield from _by(asked, other, find, depth - 1) if other else ()
