"""What FHIR adds to FHIRPath: extension, resolve, memberOf, hasValue and the rest.

https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.resources.definitions import PRIMITIVES
from fhir_server.resources.fhirpath.errors import Inapplicable
from fhir_server.resources.fhirpath.evaluation import Frame, single
from fhir_server.resources.fhirpath.model import Node, ancestry, is_type, root
from fhir_server.resources.fhirpath.values import Items, plain
from fhir_server.resources.fhirpath.xhtml import has_content, is_narrative

if TYPE_CHECKING:
    from collections.abc import Callable

    Argument = Callable[[Frame], Items]

_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


def _children(items: Items, frame: Frame) -> Items:
    found = [child for item in items if isinstance(item, Node) for child in item.children()]
    frame.world.spend(len(found))
    return found


def _descendants(items: Items, frame: Frame) -> Items:
    found: Items = []
    for item in items:
        if isinstance(item, Node):
            for each in item.descendants():
                frame.world.spend(0)
                found.append(each)
    return found


def _extension(items: Items, frame: Frame, url: Argument) -> Items:
    wanted = single(url(frame))
    return [
        each
        for item in items
        if isinstance(item, Node)
        for each in item.child("extension")
        if isinstance(each.value, dict) and each.value.get("url") == wanted
    ]


def _has_value(items: Items, _: Frame) -> Items:
    item = items[0] if len(items) == 1 else None
    if isinstance(item, Node):
        return [item.type in PRIMITIVES and item.value is not None]
    return [item is not None]


def _get_value(items: Items, frame: Frame) -> Items:
    return [plain(items[0])] if _has_value(items, frame) == [True] else []


def _resolve(items: Items, frame: Frame) -> Items:
    found: Items = []
    for item in items:
        text = plain(item)
        if isinstance(text, Node):
            text = text.value.get("reference") if isinstance(text.value, dict) else None
        node = _resolved(text, item, frame) if isinstance(text, str) else None
        if node is not None:
            found.append(node)
    return found


def _resolved(text: str, item: Any, frame: Frame) -> Node | None:
    if text.startswith("#"):
        container = item.resource() if isinstance(item, Node) else frame.world.root
        while (
            container is not None and container.name == "contained" and container.parent is not None
        ):
            container = container.parent
        if container is None or text == "#":
            return container
        held = (each for each in container.child("contained") if each.value.get("id") == text[1:])
        return next(held, None)
    known = _in_bundle(text, item, frame)
    if known is not None:
        return known
    document = frame.world.hooks.resolve(text)
    return root(document) if document is not None else None


def _in_bundle(text: str, item: Any, frame: Frame) -> Node | None:
    top = item if isinstance(item, Node) else frame.world.root
    while top is not None and top.parent is not None:
        top = top.parent
    if top is None or top.type != "Bundle":
        return None
    for entry in top.child("entry"):
        frame.world.spend(0)
        url = entry.value.get("fullUrl", "")
        resource = entry.value.get("resource", {})
        if text == url or text == f"{resource.get('resourceType')}/{resource.get('id')}":
            return next(iter(entry.child("resource")), None)
    return None


def _member_of(items: Items, frame: Frame, value_set: Argument) -> Items:
    url = single(value_set(frame))
    if len(items) != 1 or not isinstance(url, str):
        return []
    value = items[0].value if isinstance(items[0], Node) else items[0]
    found = frame.world.hooks.member_of(value, url)
    if found is None:
        raise Inapplicable(f"Nobody here knows the codes of {url}.")
    return [found]


def _subsumes(items: Items, frame: Frame, below: Argument) -> Items:
    return _subsumption(items, below(frame), frame)


def _subsumed_by(items: Items, frame: Frame, above: Argument) -> Items:
    return _subsumption(above(frame), items, frame)


def _subsumption(above: Items, below: Items, frame: Frame) -> Items:
    pair = [
        each[0].value if isinstance(each[0], Node) else each[0] for each in (above, below) if each
    ]
    found = frame.world.hooks.subsumes(*pair) if len(pair) == 2 else None
    return [] if found is None else [found]


def _conforms_to(items: Items, frame: Frame, profile: Argument) -> Items:
    url = single(profile(frame))
    if len(items) != 1 or not isinstance(items[0], Node) or not isinstance(url, str):
        return []
    name = url.removeprefix(_PROFILE)
    if name != url and is_type(name):
        return [items[0].type is not None and name in ancestry(items[0].type)]
    found = frame.world.hooks.conforms_to(items[0].value, url)
    if found is None:
        raise Inapplicable(f"Nobody here knows the profile {url}.")
    return [found]


def _div(item: Any) -> str:
    return str(plain(item))


def _html_checks(items: Items, _: Frame) -> Items:
    return [all(is_narrative(text) and has_content(text) for text in map(_div, items))]


def _slice(_: Items, __: Frame, *___: Argument) -> Items:
    raise Inapplicable("slice() and elementDefinition() need a profile, and none is at hand.")


FUNCTIONS: dict[str, tuple[Callable[..., Items], int, int]] = {
    "children": (_children, 0, 0),
    "descendants": (_descendants, 0, 0),
    "extension": (_extension, 1, 1),
    "hasExtension": (lambda items, frame, url: [bool(_extension(items, frame, url))], 1, 1),
    "hasValue": (_has_value, 0, 0),
    "getValue": (_get_value, 0, 0),
    "resolve": (_resolve, 0, 0),
    "memberOf": (_member_of, 1, 1),
    "subsumes": (_subsumes, 1, 1),
    "subsumedBy": (_subsumed_by, 1, 1),
    "conformsTo": (_conforms_to, 1, 1),
    "htmlChecks": (_html_checks, 0, 0),
    "slice": (_slice, 2, 2),
    "elementDefinition": (_slice, 0, 0),
    "checkModifiers": (lambda items, _, *__: items, 0, 8),
}
