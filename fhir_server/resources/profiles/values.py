"""What a profile asks of one value: fixed, pattern, bounds, length, types, bindings, targets.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.resources.profiles.bounds import compared
from fhir_server.resources.profiles.elements import CORE
from fhir_server.resources.profiles.tree import is_open
from fhir_server.resources.profiles.wording import brief, said
from fhir_server.resources.targets import named_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.errors import Issue, Severity
    from fhir_server.resources.profiles.items import Item, Judging, Test
    from fhir_server.resources.profiles.tree import Node

ABSTRACT = {"Resource", "DomainResource", "Element", "BackboneElement"}


def tests(node: Node, types: frozenset[str]) -> tuple[Test, ...]:
    """Make the checks of a node; ``types`` are the types that R4 has."""
    row, source = node.row, node.source
    found: list[Test] = []
    for key, wanted in row.items():
        if key.startswith("fixed"):
            found.append(_fixed(wanted, source))
        elif key.startswith("pattern"):
            found.append(_pattern(wanted, source))
        elif key.startswith(("minValue", "maxValue")):
            found.append(_bound(key[:3], wanted, source))
    if "maxLength" in row:
        found.append(_length(row["maxLength"], source))
    found += _types(node, types)
    binding = row.get("binding", {})
    if binding.get("strength") in {"required", "extensible"} and "valueSet" in binding:
        url = binding["valueSet"]
        if node.base is None or node.base.codes != url.partition("|")[0]:
            found.append(_binding(url, binding["strength"] == "required", source))
    constraints = [each for each in row.get("constraint", ()) if not _is_core(each)]
    found += [_constraint(each, source) for each in constraints if each.get("expression")]
    return tuple(found)


def is_exactly(value: Any, wanted: Any) -> bool:
    """Say whether a value is the same as a fixed one; true is not 1."""
    if isinstance(value, dict) and isinstance(wanted, dict):
        same = value.keys() == wanted.keys()
        return same and all(is_exactly(value[key], each) for key, each in wanted.items())
    if isinstance(value, list) and isinstance(wanted, list):
        pairs = zip(value, wanted, strict=False)
        return len(value) == len(wanted) and all(is_exactly(*pair) for pair in pairs)
    return bool(value == wanted) and isinstance(value, bool) is isinstance(wanted, bool)


def has_pattern(value: Any, wanted: Any) -> bool:
    """Say whether a value has at least all that a pattern has."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and has_pattern(value[key], each) for key, each in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(
            any(has_pattern(each, one) for each in value) for one in wanted
        )
    return is_exactly(value, wanted)


def _is_core(constraint: dict[str, Any]) -> bool:
    """Say whether a snapshot repeats an invariant of R4, which is judged elsewhere."""
    source = str(constraint.get("source", "")).removeprefix(CORE)
    return constraint["key"][:4] in {"ele-", "ext-", "dom-"} or (
        "/" not in source and source[:1].isupper()
    )


def _fixed(wanted: Any, source: str) -> Test:
    right = brief(wanted)

    def test(item: Item, _: Judging) -> Iterator[Issue]:
        if not is_exactly(item.value, wanted):
            yield said("fixed", item.at, source, value=brief(item.value), right=right)

    return test


def _pattern(wanted: Any, source: str) -> Test:
    right = brief(wanted)

    def test(item: Item, _: Judging) -> Iterator[Issue]:
        if not has_pattern(item.value, wanted):
            yield said("pattern", item.at, source, value=brief(item.value), right=right)

    return test


def _bound(side: str, wanted: Any, source: str) -> Test:
    message, wrong = ("least", -1) if side == "min" else ("most", 1)

    def test(item: Item, judgement: Judging) -> Iterator[Issue]:
        order = compared(item.value, wanted)
        if order == wrong:
            yield said(message, item.at, source, value=brief(item.value), right=brief(wanted))
        elif order is None and item.value is not None and judgement.informing:
            why = f"{brief(item.value)} cannot be compared with {brief(wanted)}"
            yield said("unchecked", item.at, source, severity="information", why=why)

    return test


def _length(most: int, source: str) -> Test:
    def test(item: Item, _: Judging) -> Iterator[Issue]:
        if isinstance(item.value, str) and len(item.value) > most:
            yield said("long", item.at, source, count=str(len(item.value)), most=str(most))

    return test


def _types(node: Node, types: frozenset[str]) -> Iterator[Test]:
    given = node.row.get("type", ())
    codes = frozenset(each.get("code", "") for each in given)
    loose = not codes or any("/" in each or each in ABSTRACT for each in codes)
    known = {kind for _, kind in node.names} | ({node.base.type} if node.base else set())
    if not loose and is_open(node) and not known <= codes:
        yield _type(codes, node.source)
    profiles = [url for each in given for url in each.get("profile", ()) if not _is_plain(url)]
    if profiles and all(each.get("profile") for each in given):
        yield _variety(tuple(profiles), node.source)
    targets = [url for each in given for url in each.get("targetProfile", ())]
    if targets:
        allowed = node.base.targets if node.base else ()
        plain = {url.removeprefix(CORE) for url in targets}
        if plain != set(allowed) and CORE + "Resource" not in targets:
            yield _target(tuple(targets), types, node.source)


def _is_plain(url: str) -> bool:
    return url.startswith(CORE) and url.removeprefix(CORE)[:1].isupper()


def _type(codes: frozenset[str], source: str) -> Test:
    right = ", ".join(sorted(codes))

    def test(item: Item, _: Judging) -> Iterator[Issue]:
        if item.type and item.type not in codes:
            yield said("type", item.at, source, value=item.type, right=right)

    return test


def _variety(profiles: tuple[str, ...], source: str) -> Test:
    right = ", ".join(profiles)

    def test(item: Item, judgement: Judging) -> Iterator[Issue]:
        if len(profiles) == 1:
            yield from judgement.against(item, profiles[0], source)
        elif not any(judgement.conforms(item, each) for each in profiles):
            yield said("variety", item.at, source, right=right)

    return test


def _target(profiles: tuple[str, ...], types: frozenset[str], source: str) -> Test:
    right = ", ".join(each.removeprefix(CORE) for each in profiles)

    def test(item: Item, judgement: Judging) -> Iterator[Issue]:
        reference = item.value.get("reference") if isinstance(item.value, dict) else None
        if not isinstance(reference, str):
            return
        allowed = [judgement.type_of(each, types) for each in profiles]
        document = judgement.resolve(reference)
        kind = document.get("resourceType") if document else named_type(reference)
        if kind is not None and None not in allowed and kind not in allowed:
            yield said("target", item.at, source, value=kind, right=right)
        elif document is not None and not judgement.refers(document, profiles, types):
            yield said("conforms", item.at, source, right=right)

    return test


def _binding(url: str, required: bool, source: str) -> Test:  # noqa: FBT001 - a fact, not a flag
    severity: Severity = "error" if required else "warning"

    def test(item: Item, judgement: Judging) -> Iterator[Issue]:
        codings = list(codings_of(item.value))
        if not codings:
            if required and item.value is not None:
                yield said("uncoded", item.at, source, severity=severity, right=url)
            return
        answers = [judgement.member(url, each) for each in codings]
        shown = ", ".join(brief(each) for each in codings)
        if True in answers:
            return
        if None in answers:
            unsure: Severity = "warning" if required else "information"
            if required or judgement.informing:
                yield said("unsure", item.at, source, severity=unsure, value=shown, right=url)
        else:
            yield said("code", item.at, source, severity=severity, value=shown, right=url)

    return test


def codings_of(value: Any) -> Iterator[dict[str, Any]]:
    """Find the codes in a code, Coding, Quantity or CodeableConcept."""
    if isinstance(value, str):
        yield {"code": value}
    elif isinstance(value, dict) and isinstance(value.get("coding"), list):
        yield from (each for each in value["coding"] if isinstance(each, dict) and "code" in each)
    elif isinstance(value, dict) and "code" in value:
        yield value


def _constraint(row: dict[str, Any], source: str) -> Test:
    expression = row["expression"]
    words = {"key": row["key"], "human": row.get("human", ""), "expression": expression}
    severity: Severity = "warning" if row.get("severity") == "warning" else "error"

    def test(item: Item, judgement: Judging) -> Iterator[Issue]:
        held = judgement.holds(expression, item)
        if held is None:
            yield said("unevaluated", item.at, source, severity="warning", **words)
        elif not held:
            yield said("invariant", item.at, source, severity=severity, **words)

    return test
