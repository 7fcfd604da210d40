"""Invariants that FHIRPath says in a roundabout way, as plain Python.

Each takes the element and says whether the invariant holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.xhtml import has_content, is_narrative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.resources.fhirpath.model import Node


def local_texts(value: Any) -> Iterator[str]:
    """Give every string below that begins with ``#``."""
    stack = [value]
    while stack:
        each = stack.pop()
        if type(each) is dict:
            stack.extend(each.values())
        elif type(each) is list:
            stack.extend(each)
        elif type(each) is str and each[:1] == "#":
            yield each


def unmatched(resource: dict[str, Any]) -> bool:
    """Say whether something contained is neither referred to nor refers to its container."""
    texts = set(local_texts(resource))
    return any(
        f"#{each.get('id')}" not in texts and "#" not in local_texts(each)
        for each in resource.get("contained", ())
    )


def has_distinct_codes(code_system: dict[str, Any]) -> bool:
    """csd-1: no code is defined twice."""
    return _are_distinct("code", "concept", code_system)


def has_distinct_links(questionnaire: dict[str, Any]) -> bool:
    """que-2: no two items have the same linkId."""
    return _are_distinct("linkId", "item", questionnaire)


def _are_distinct(name: str, below: str, start: dict[str, Any]) -> bool:
    met: set[str] = set()
    stack = list(start.get(below, ()))
    while stack:
        each = stack.pop()
        text = each.get(name)
        if text in met:
            return False
        if text is not None:
            met.add(text)
        stack += each.get(below, ())
    return True


def _has_value(node: Node) -> bool:
    """ele-1: a value, or something besides the id."""
    if not isinstance(node.value, dict):
        return node.value is not None or _is_more(node.extra)
    return _is_more(node.value)


def _is_more(value: Any) -> bool:
    return isinstance(value, dict) and len(value) > ("id" in value)


def _is_matched(node: Node) -> bool:
    """dom-3: what is contained is referred to."""
    return "contained" not in node.value or not unmatched(node.value)


def _leads_somewhere(node: Node) -> bool:
    """ref-1: a reference to something contained leads there."""
    text = node.value.get("reference")
    if not isinstance(text, str) or text[:1] != "#" or text == "#":
        return True
    container = node.resource()
    while container.name == "contained" and container.parent is not None:
        container = container.parent.resource()
    return any(each.get("id") == text[1:] for each in container.value.get("contained", ()))


def _is_whole(node: Node) -> bool:
    """ext-1: a value or extensions, never both."""
    has_value = any(name.removeprefix("_").startswith("value") for name in node.value)
    return has_value != ("extension" in node.value)


EXACT: dict[str, Callable[[Node], bool]] = {
    "ele-1": _has_value,
    "dom-3": _is_matched,
    "ref-1": _leads_somewhere,
    "ext-1": _is_whole,
    "csd-1": lambda node: has_distinct_codes(node.value),
    "que-2": lambda node: has_distinct_links(node.value),
    "txt-1": lambda node: is_narrative(str(node.value)),
    "txt-2": lambda node: has_content(str(node.value)),
}
