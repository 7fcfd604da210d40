"""Which slice an item belongs to: discriminators by value, pattern, exists, type and profile.

https://hl7.org/fhir/R4/profiling.html#discriminator
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fhir_server.resources.profiles.elements import Unusable
from fhir_server.resources.profiles.items import Item
from fhir_server.resources.profiles.values import codings_of, has_pattern, is_exactly
from fhir_server.resources.targets import named_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.resources.profiles.items import Judging, Match
    from fhir_server.resources.profiles.tree import Node

    Accepts = Callable[[Any, Judging], bool]
    Roots = Callable[[str], Node | None]

_STEPS = re.compile(r"(?:[^.(]|\([^)]*\))+")
_CALL = re.compile(r"(\w+)\('?([^')]*)'?\)")
BY_URL = ({"type": "value", "path": "url"},)
BY_TYPE = ({"type": "type", "path": "$this"},)


def matcher(part: Node, sliced: Node, root_of: Roots) -> Match:
    """Make the question whether an item is of this slice; raises Unusable."""
    rules = sliced.row.get("slicing", {}).get("discriminator") or _usual(sliced)
    matches = [_one(part, rule["type"], rule["path"], root_of) for rule in rules]
    if not matches:
        raise Unusable(f"the slices of {sliced.id} have no discriminator.")

    def match(item: Item, judgement: Judging) -> bool:
        return all(each(item, judgement) for each in matches)

    return match


def _usual(sliced: Node) -> tuple[dict[str, str], ...]:
    if sliced.name in {"extension", "modifierExtension"}:
        return BY_URL
    return BY_TYPE if len(sliced.names) > 1 else ()


def _one(part: Node, kind: str, path: str, root_of: Roots) -> Match:
    steps = [] if path == "$this" else _STEPS.findall(path)
    if kind in {"value", "pattern"}:
        return _by_value(part, steps, root_of)
    if kind == "exists":
        return _by_existence(part, steps, root_of)
    if kind in {"type", "profile"}:
        return _by_kind(part, steps, root_of, by_profile=kind == "profile")
    raise Unusable(f"there is no discriminator of type {kind}.")


def _by_value(part: Node, steps: list[str], root_of: Roots) -> Match:
    wanted = [
        (names, accepts)
        for target in _targets(part, steps, root_of)
        for names, accepts in _expected(target, [])
    ]
    if not wanted and steps == ["url"]:
        urls = tuple(_profiles(part))
        wanted = [([], lambda value, _: value in urls)] if urls else []
    if not wanted:
        raise Unusable(f"{part.id} has no fixed value, pattern or binding at {'.'.join(steps)}.")

    right = _texts(part, steps, root_of)
    if right and len(wanted) == 1:  # nearly all slices are told apart by one text
        name = steps[0]
        return lambda item, _: isinstance(item.value, dict) and item.value.get(name) in right

    def match(item: Item, judgement: Judging) -> bool:
        found = select(item, steps, judgement)
        return any(
            all(
                any(accepts(one.value, judgement) for one in select(each, names, judgement))
                for names, accepts in wanted
            )
            for each in found
        )

    return match


def _texts(part: Node, steps: list[str], root_of: Roots) -> tuple[str, ...]:
    """Give the texts that a single element of an item must have one of, where that is all."""
    if len(steps) != 1 or _CALL.fullmatch(steps[0]):
        return ()
    targets = list(_targets(part, steps, root_of))
    found = [
        value
        for target in targets
        if target.base is not None and target.base.is_primitive and not target.base.repeats
        for key, value in target.row.items()
        if key.startswith(("fixed", "pattern")) and isinstance(value, str)
    ]
    return tuple(found or (_profiles(part) if steps == ["url"] and not targets else ()))


def _by_existence(part: Node, steps: list[str], root_of: Roots) -> Match:
    rows = [target.row for target in _targets(part, steps, root_of)]
    if any(row.get("max") == "0" for row in rows):
        return lambda item, judgement: not select(item, steps, judgement)
    if any(row.get("min", 0) > 0 for row in rows):
        return lambda item, judgement: bool(select(item, steps, judgement))
    raise Unusable(f"{part.id} neither requires nor forbids {'.'.join(steps)}.")


def _by_kind(part: Node, steps: list[str], root_of: Roots, *, by_profile: bool) -> Match:
    resolves = bool(steps) and steps[-1] == "resolve()"
    own = steps[:-1] if resolves else steps
    rows = [each for target in _targets(part, own, root_of) for each in target.row.get("type", ())]
    key = "targetProfile" if resolves else "profile"
    profiles = tuple(url for row in rows for url in row.get(key, ()))
    codes = frozenset(row.get("code", "") for row in rows)
    if not (profiles if by_profile or resolves else codes):
        raise Unusable(f"{part.id} has no type or profile at {'.'.join(steps) or '$this'}.")

    def match(item: Item, judgement: Judging) -> bool:
        found = select(item, steps, judgement)
        if by_profile:
            return any(judgement.conforms(each, url) for each in found for url in profiles)
        kinds = frozenset(map(judgement.kind_of, profiles)) if resolves else codes
        if resolves and not found:
            return any(_referred(each) in kinds for each in select(item, own, judgement))
        return any(_is_of(each, kinds) for each in found)

    return match


def _is_of(item: Item, kinds: frozenset[str | None]) -> bool:
    return item.type in kinds or any(item.type == _capital(kind) for kind in kinds if kind)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _referred(item: Item) -> str | None:
    reference = item.value.get("reference") if isinstance(item.value, dict) else None
    return named_type(reference) if isinstance(reference, str) else None


def _targets(part: Node, steps: list[str], root_of: Roots) -> Iterator[Node]:
    """Find the nodes that a path leads to: in the slice, and in the profiles of its type."""
    roots = [part, *(root for url in _profiles(part) if (root := root_of(url)) is not None)]
    for root in roots:
        found: Node | None = root
        for step in steps:
            found = _below(found, step) if found else None
        if found is not None:
            yield found


def _below(node: Node, step: str) -> Node | None:
    call = _CALL.fullmatch(step)
    if call is None:
        return node.children.get(step) or node.children.get(f"{step}[x]")
    name, argument = call.groups()
    if name == "extension":
        parent = node.children.get("extension")
        parts = parent.slices.values() if parent else ()
        return next((each for each in parts if argument in (_url(each), *_profiles(each))), None)
    return node


def _url(part: Node) -> str | None:
    row = part.children["url"].row if "url" in part.children else {}
    return row.get("fixedUri")


def _profiles(part: Node) -> Iterator[str]:
    return (url for kind in part.row.get("type", ()) for url in kind.get("profile", ()))


def _expected(node: Node, names: list[str]) -> Iterator[tuple[list[str], Accepts]]:
    """Find what a node and those below it must be, with the way from the first one."""
    for key, wanted in node.row.items():
        if key.startswith("fixed"):
            yield names, _comparing(is_exactly, wanted)
        elif key.startswith("pattern"):
            yield names, _comparing(has_pattern, wanted)
    binding = node.row.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        yield names, _member(binding["valueSet"])
    for child in node.children.values():
        if child.name not in {"extension", "modifierExtension"}:
            yield from _expected(child, [*names, child.name])


def _comparing(compare: Callable[[Any, Any], bool], wanted: Any) -> Accepts:
    return lambda value, _: compare(value, wanted)


def _member(url: str) -> Accepts:
    return lambda value, judgement: any(judgement.member(url, each) for each in codings_of(value))


def select(item: Item, steps: list[str], judgement: Judging) -> list[Item]:
    """Follow a path from an item."""
    found = [item]
    for step in steps:
        found = [each for one in found for each in _follow(one, step, judgement)]
    return found


def _follow(item: Item, step: str, judgement: Judging) -> Iterator[Item]:
    value = item.value if isinstance(item.value, dict) else item.extra
    if not isinstance(value, dict):
        return
    call = _CALL.fullmatch(step)
    name, argument = call.groups() if call else (step, "")
    if name == "resolve":
        document = judgement.resolve(str(value.get("reference", "")))
        if document is not None:
            yield Item(document, item.at, str(document.get("resourceType")))
    elif name == "ofType":
        if item.type in {argument, _capital(argument)}:
            yield item
    elif name == "extension":
        yield from (
            each for each in _named(value, name, item.at) if each.value.get("url") == argument
        )
    else:
        yield from _named(value, name, item.at)


def _named(value: dict[str, Any], name: str, at: str) -> Iterator[Item]:
    for key, inner in value.items():
        if key == name:
            kind = ""
        elif key.startswith(name) and key[len(name) : len(name) + 1].isupper():
            kind = key[len(name) :]
        else:
            continue
        for each in inner if isinstance(inner, list) else [inner]:
            own = each.get("resourceType", kind) if isinstance(each, dict) else kind
            yield Item(each, f"{at}.{name}", own)
