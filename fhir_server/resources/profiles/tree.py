"""A profile as a tree of nodes, each an element or a slice with what the profile asks of it.

https://hl7.org/fhir/R4/elementdefinition.html#id
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fhir_server.resources.definitions import PRIMITIVES
from fhir_server.resources.profiles.items import Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fhir_server.resources.definitions import Definitions, Element
    from fhir_server.resources.profiles.elements import Rows
    from fhir_server.resources.profiles.items import Match, Test


@dataclass(slots=True)
class Node:
    """An element, or a slice of one.

    ``names`` are the JSON names it may have with their types; ``of`` is the type or path that
    defines its children; ``match`` says whether an item belongs to this slice; ``source`` is the
    profile's URL with the id.
    """

    id: str
    name: str
    names: tuple[tuple[str, str], ...]
    of: str
    row: dict[str, Any] = field(default_factory=dict)
    base: Element | None = None
    least: int = 0
    most: int | None = None
    supported: bool = False
    tests: tuple[Test, ...] = ()
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)
    rules: str = "open"
    ordered: bool = False
    source: str = ""
    match: Match | None = None

    @property
    def asks(self) -> bool:
        """Say whether anything is to be checked here or below."""
        own = self.least or self.most is not None or self.tests or self.supported
        return bool(own or self.children or self.slices)

    def items(self, parent: dict[str, Any], at: str) -> list[Item]:
        """Find the occurrences in the element above, which lies at ``at``."""
        found: list[Item] = []
        for name, kind in self.names:
            value, extra = parent.get(name), parent.get(f"_{name}")
            if value is None and extra is None:
                continue
            here = f"{at}.{self.name}"
            if isinstance(value, list) or isinstance(extra, list):
                found += _repeated(_listed(value), _listed(extra), here, kind)
            else:
                found.append(Item(value, here, _kind(kind, value), extra))
        return found


def _repeated(values: list[Any], extras: list[Any], at: str, kind: str) -> Iterator[Item]:
    for number in range(max(len(values), len(extras))):
        value = values[number] if number < len(values) else None
        extra = extras[number] if number < len(extras) else None
        yield Item(value, f"{at}[{number}]", _kind(kind, value), extra)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _kind(kind: str, value: Any) -> str:
    if kind in {"", "Resource"} and isinstance(value, dict):
        return str(value.get("resourceType", kind))
    return kind


def build(rows: Rows, definitions: Definitions) -> Node:
    """Put the element definitions into a tree; nothing is checked in it yet."""
    names = list(rows)
    root_id = names[0].partition(".")[0] if names else ""
    root = Node(root_id, root_id, (), root_id)
    for name, row in rows.items():
        node = root
        for segment in name.split(".")[1:]:
            node = _step(node, segment, definitions)
        node.row = row
        kinds = [each.get("code", "") for each in row.get("type", ())]
        if node is not root and len(kinds) == 1 and is_open(node):
            node.of = kinds[0]
    return root


def is_open(node: Node) -> bool:
    """Say whether the profile, not R4, decides which type this is."""
    return node.base is None or bool(node.base.choice) or node.base.type == "Resource"


def _step(node: Node, segment: str, definitions: Definitions) -> Node:
    name, _, slices = segment.partition(":")
    if name not in node.children:
        node.children[name] = child(node, name, definitions)
    found = node.children[name]
    for each in slices.split("/") if slices else ():
        if each not in found.slices:
            part = Node(f"{found.id}:{each}", found.name, found.names, found.of, base=found.base)
            found.slices[each] = part
        found = found.slices[each]
    return found


def child(node: Node, name: str, definitions: Definitions) -> Node:
    """Make the node of an element by its name in the definition, ``value[x]`` for a choice."""
    known = elements(node.of, definitions)
    stem = name.removesuffix("[x]")
    if stem != name:
        several = [each for each in known.values() if each.choice == stem]
        names = tuple((each.name, each.type) for each in several)
        first = several[0] if several else None
        return Node(f"{node.id}.{name}", stem, names, first.type if first else "", base=first)
    one = known.get(name)
    kind = one.type if one else ""
    shown = one.choice or name if one else name
    return Node(f"{node.id}.{name}", shown, ((name, kind),), kind, base=one)


def elements(path: str, definitions: Definitions) -> Mapping[str, Element]:
    """Give the elements of a type or path; none of a primitive but what every element has."""
    if path in PRIMITIVES or path in {"", "xhtml"}:
        return definitions.elements("Element")
    try:
        return definitions.elements(path)
    except KeyError:
        return {}
