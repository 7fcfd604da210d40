"""The second judgement: what exactly is wrong with a resource, where, and what would be right.

Walks the definitions, so it is slow and complete. ``structure`` decides first and fast; the two
agree, and where ``structure`` is unsure, this is the judge.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fhir_server.resources import bindings, primitives
from fhir_server.resources.messages import hint, issue, shown
from fhir_server.resources.targets import named_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fhir_server.errors import Issue
    from fhir_server.resources.definitions import Definitions, Element

    Accepts = Callable[[dict[str, Any]], bool]

MOST_CHOICES = 12
"""So many types of a value[x] are listed; Extension has fifty."""

LONGEST_STRING = 1024 * 1024


class Wording:
    """The issues of a resource; ``accepts`` spares the walk through resources known to be right."""

    def __init__(self, definitions: Definitions, accepts: Accepts) -> None:
        self._definitions = definitions
        self._accepts = accepts

    def resource(self, value: Any, at: str) -> Iterator[Issue]:
        """Judge a resource that lies at this FHIRPath; "" for the outermost."""
        if not isinstance(value, dict):
            yield issue("object", at or "$this", name=_last(at), type="Resource")
            return
        name = value.get("resourceType")
        if name is None:
            yield issue("untyped", at or "$this")
        elif not isinstance(name, str) or name not in self._definitions.types:
            known = tuple(sorted(self._definitions.types))
            near = hint("did you mean", bindings.nearest(str(name), known))
            yield issue("type", at or "$this", value=shown(name), hint=near)
        elif not self._accepts(value):
            yield from self._object(value, name, at or name)

    def _object(self, value: dict[str, Any], path: str, at: str) -> Iterator[Issue]:
        elements = self._definitions.elements(path)
        is_resource = path in self._definitions.types
        for name in value:
            plain = name.removeprefix("_")
            element = elements.get(plain)
            if is_resource and name == "resourceType":
                continue
            if element is None or (name != plain and not _may_extend(element)):
                yield _unknown(name, path, at, elements)
        for element in elements.values():
            yield from self._element(value, element, at)
        yield from _missing(value, elements, path, at)
        yield from _choices(value, elements, path, at)

    def _element(self, value: dict[str, Any], element: Element, at: str) -> Iterator[Issue]:
        name = element.name
        here = f"{at}.{element.choice or name}"
        if element.is_primitive:
            yield from self._primitive(value, element, here)
        elif name in value:
            for child, there in _occurrences(value[name], element, here):
                if isinstance(child, Bad):
                    yield issue(child.message, there, name=name)
                else:
                    yield from self._complex(child, element, there)

    def _complex(self, child: Any, element: Element, at: str) -> Iterator[Issue]:
        if not isinstance(child, dict):
            yield issue("object", at, name=element.name, type=element.type)
        elif element.type == "Resource":
            if element.repeats and "contained" in child:
                yield issue("nested", f"{at}.contained")
            yield from self.resource(child, at)
        else:
            yield from self._object(child, element.type, at)
            yield from _target(child, element, at)
            codes = self._definitions.value_sets.get(element.codes or "")
            if codes is not None and not _has_coding(child, codes):
                near = hint("allowed", bindings.all_codes(codes)[:8])
                set_url = element.codes or ""
                yield issue("concept", at, name=element.name, valueset=set_url, hint=near)

    def _primitive(self, value: dict[str, Any], element: Element, at: str) -> Iterator[Issue]:
        name = element.name
        if name in value and not element.repeats:
            yield from self._plain(value[name], element, at)
        if f"_{name}" in value and _may_extend(element) and not element.repeats:
            yield from self._extra(value[f"_{name}"], element, at)
        if element.repeats and (name in value or f"_{name}" in value):
            yield from self._repeating(value, element, at)

    def _repeating(self, value: dict[str, Any], element: Element, at: str) -> Iterator[Issue]:
        name = element.name
        arrays = [value[key] for key in (name, f"_{name}") if key in value]
        if not all(isinstance(array, list) for array in arrays):
            yield issue("array", at, name=name)
        elif not all(arrays):
            yield issue("empty", at, name=name)
        elif len({len(array) for array in arrays}) > 1:
            yield issue("alignment", at, name=name)
        else:
            plain = value.get(name) or [None] * len(arrays[0])
            extra = value.get(f"_{name}") or [None] * len(arrays[0])
            yield from self._pairs(plain, extra, element, at)

    def _pairs(
        self, plain: list[Any], extra: list[Any], element: Element, at: str
    ) -> Iterator[Issue]:
        for number, (one, more) in enumerate(zip(plain, extra, strict=True)):
            there = f"{at}[{number}]"
            if one is None and more is None:
                yield issue("hole", there, name=element.name)
            if one is not None:
                yield from self._plain(one, element, there)
            if more is not None:
                yield from self._extra(more, element, there)

    def _extra(self, more: Any, element: Element, at: str) -> Iterator[Issue]:
        if not isinstance(more, dict):
            yield issue("object", at, name=f"_{element.name}", type="Element")
        elif not more:
            yield issue("empty", at, name=f"_{element.name}")
        else:
            yield from self._object(more, "Element", at)

    def _plain(self, one: Any, element: Element, at: str) -> Iterator[Issue]:
        name = element.name
        if isinstance(one, list):
            yield issue("single", at, name=name)
        elif one in (None, "", {}):
            yield issue("empty", at, name=name)
        elif not primitives.is_valid(one, element.type):
            expected = primitives.EXPECTED[element.type]
            yield issue(
                "primitive", at, value=shown(one), type=element.type, name=name, expected=expected
            )
        elif element.type in {"string", "markdown"} and len(one) > LONGEST_STRING:
            yield issue("long", at, name=name)
        else:
            yield from self._code(one, element, at)

    def _code(self, one: Any, element: Element, at: str) -> Iterator[Issue]:
        codes = self._definitions.value_sets.get(element.codes or "")
        if codes is None:
            return
        known = bindings.all_codes(codes)
        if one not in known:
            kind = "allowed" if len(known) <= bindings.FEW else "did you mean"
            near = hint(kind, bindings.nearest(one, known))
            yield issue("code", at, value=shown(one), valueset=element.codes or "", hint=near)


class Bad:
    """An occurrence that cannot be looked into, and the message that says why."""

    def __init__(self, message: str) -> None:
        self.message = message


def _occurrences(value: Any, element: Element, at: str) -> Iterator[tuple[Any, str]]:
    if element.repeats and not isinstance(value, list):
        yield Bad("empty" if value is None else "array"), at
    elif not element.repeats and isinstance(value, list):
        yield Bad("single"), at
    elif value in (None, "", [], {}):
        yield Bad("empty"), at
    elif not element.repeats:
        yield value, at
    else:
        for number, one in enumerate(value):
            empty = one in (None, "", [], {})
            yield (Bad("empty") if empty else one), f"{at}[{number}]"


def _unknown(name: str, path: str, at: str, elements: Mapping[str, Element]) -> Issue:
    there = f"{at}.{name}" if name.isascii() and name.isidentifier() else at
    near = _near(name.removeprefix("_"), elements)
    return issue("unknown", there, name=shown(name), type=path, hint=near)


def _near(name: str, elements: Mapping[str, Element]) -> tuple[str, str]:
    if name in elements:
        return hint("did you mean", (name,))
    choices = tuple(each.name for each in elements.values() if _is_choice(name, each.choice))
    if choices:
        few = choices if len(choices) <= MOST_CHOICES else bindings.nearest(name, choices)
        return hint("allowed", few)
    return hint("did you mean", bindings.nearest(name, tuple(elements), few=0))


def _is_choice(name: str, choice: str | None) -> bool:
    return choice is not None and (name == choice or re.match(f"{choice}[A-Z]", name) is not None)


def _target(child: dict[str, Any], element: Element, at: str) -> Iterator[Issue]:
    reference = child.get("reference")
    name = named_type(reference) if element.targets and isinstance(reference, str) else None
    if name is not None and name not in element.targets:
        near = hint("allowed", element.targets)
        yield issue("target", f"{at}.reference", value=name, name=element.name, hint=near)


def _missing(
    value: dict[str, Any], elements: Mapping[str, Element], path: str, at: str
) -> Iterator[Issue]:
    found: dict[str, bool] = {}
    for element in elements.values():
        if element.minimum:
            there = element.name in value or (element.is_primitive and f"_{element.name}" in value)
            name = f"{element.choice}[x]" if element.choice else element.name
            found[name] = found.get(name, False) or there
    for name, there in found.items():
        if not there:
            expression = f"{at}.{name.removesuffix('[x]')}"
            yield issue("absent", expression, name=name, type=path)


def _choices(
    value: dict[str, Any], elements: Mapping[str, Element], path: str, at: str
) -> Iterator[Issue]:
    found: dict[str, list[str]] = {}
    for element in elements.values():
        if element.choice and (
            element.name in value or (element.is_primitive and f"_{element.name}" in value)
        ):
            found.setdefault(element.choice, []).append(element.name)
    for choice, names in found.items():
        if len(names) > 1:
            yield issue("choice", f"{at}.{choice}", names=bindings.quoted(names))
    if path == "Extension" and ("extension" in value) == bool(found):
        yield issue("extension", at)


def _may_extend(element: Element) -> bool:
    return element.is_primitive and element.name != "id"


def _has_coding(concept: dict[str, Any], codes: Mapping[str, tuple[str, ...]]) -> bool:
    try:
        return bindings.has_coding(concept, codes)
    except (TypeError, AttributeError):
        return True  # the coding itself is wrong, and said so


def _last(at: str) -> str:
    return at.rpartition(".")[2] or "The body"
