"""One Python function for each type of R4, which says whether a JSON object is of that type.

The functions are written from the definitions, when a type is first met. They only say yes or
no; ``wording`` judges again, and words the issues, where they say no. They may say no to
something rare that is right: a repeating primitive with an extension.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

from fhir_server.resources.bindings import concept_predicate
from fhir_server.resources.invariants.lines import local
from fhir_server.resources.primitives import Predicate, accepts, is_text, printable
from fhir_server.resources.targets import target_predicate

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from fhir_server.resources.definitions import Definitions, Element

    LinesOf = Callable[[str, Definitions], tuple[list[str], dict[str, Any]]]

MOST_REMEMBERED = 8192
"""Values of one type; then a memory starts anew."""

NEVER_AGAIN = {"Bundle.entry.fullUrl", "Bundle.entry.request.url", "Bundle.entry.response.location"}
"""Elements whose values do not come twice, so that remembering them would only cost."""

MOST_ASKED = 10
"""Names of a choice; more are counted as a set."""


class _Memory:
    """Values known to be right, because systems, codes and days come again and again."""

    def __init__(self, accept: Predicate) -> None:
        self._accept = accept
        self._known: set[Any] = set()
        self.knows: Predicate = self._known.__contains__

    def learn(self, value: Any) -> bool:
        """Judge a value that is not known, and keep it if it is right."""
        if not self._accept(value):
            return False
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known.add(value)
        return True


_MEMORIES: dict[Predicate, _Memory] = {}
remembered: dict[str, Predicate] = {}
for _type in ("canonical", "code", "date", "dateTime", "instant", "uri", "url"):
    _memory = _Memory(accepts[_type])
    _MEMORIES[_memory.knows] = _memory
    remembered[_type] = _memory.knows

REFUSALS = (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError)
"""What a predicate raises for a value of quite another kind: it means no."""

_ONE = """
def one(value, table=table, again=again):
    for name, child in value.items():
        accept = table[name]
        if not (child and accept(child)) and not again(accept, child):
            return False
    {rules}
    return True
"""

_MANY = """
def many(values, table=table, again=again):
    for value in values:
        if not value:
            return False
        for name, child in value.items():
            accept = table[name]
            if not (child and accept(child)) and not again(accept, child):
                return False
        {rules}
    return True
"""


class Structure:
    """The predicates of all types, each made when first asked for."""

    def __init__(self, definitions: Definitions, lines: LinesOf | None = None) -> None:
        self._definitions = definitions
        self._lines = lines or (lambda _path, _definitions: ([], {}))
        self._pairs: dict[tuple[str, frozenset[str]], tuple[Predicate, Predicate]] = {}
        self._resources: dict[str, Predicate] = {}
        self._lock = RLock()

    def accepts(self, resource: dict[str, Any]) -> bool:
        """Say whether this is surely a valid resource; False asks for ``wording``."""
        local.met, local.inside = False, 0
        try:
            return self._is_resource(resource) and not local.met
        except REFUSALS:
            return False

    def _is_resource(self, value: dict[str, Any]) -> bool:
        name = value["resourceType"]
        judge = self._resources.get(name)
        if judge is None:
            if name not in self._definitions.types:
                return False
            judge = self._resources[name] = self._pair(name)[0]
        return judge(value)  # type: ignore[no-any-return]

    def _are_contained(self, values: list[dict[str, Any]]) -> bool:
        if type(values) is not list:
            return False
        local.inside += 1
        right = not any("contained" in value or not self._is_resource(value) for value in values)
        local.inside -= 1
        return right

    def _pair(
        self, path: str, targets: frozenset[str] = frozenset()
    ) -> tuple[Predicate, Predicate]:
        """Give the predicates of one object of this type and of an array of them."""
        key = (path, targets)
        with self._lock:
            if key not in self._pairs:
                table: dict[str, Predicate] = {}
                self._pairs[key] = _compile(path, self._definitions, table, self._lines)
                table.update(self._table(path))
                if targets:
                    table["reference"] = target_predicate(targets)
            return self._pairs[key]

    def _table(self, path: str) -> dict[str, Predicate]:
        table: dict[str, Predicate] = {}
        for name, element in self._definitions.elements(path).items():
            table[name] = self._predicate(element)
            if element.is_primitive and name != "id":
                table[f"_{name}"] = _never if element.repeats else self._pair("Element")[0]
        if path in self._definitions.types:
            table["resourceType"] = frozenset([path]).__contains__
        return table

    def _predicate(self, element: Element) -> Predicate:
        if element.type == "Resource":
            return self._are_contained if element.repeats else self._is_resource
        if not element.is_primitive:
            return self._complex(element)
        codes = self._definitions.value_sets.get(element.codes or "")
        if codes is None:
            own = {} if element.path in NEVER_AGAIN else remembered
            accept = own.get(element.type, accepts[element.type])
        else:
            accept = frozenset(code for each in codes.values() for code in each).__contains__
        return _each(accept) if element.repeats else accept

    def _complex(self, element: Element) -> Predicate:
        one, many = self._pair(element.type, frozenset(element.targets))
        codes = self._definitions.value_sets.get(element.codes or "")
        if codes is None:
            return many if element.repeats else one
        concept = concept_predicate(one, codes)
        return _each(concept) if element.repeats else concept


def _compile(
    path: str, definitions: Definitions, table: dict[str, Predicate], lines_of: LinesOf
) -> tuple[Predicate, Predicate]:
    rules, names = _rules(path, definitions)
    more, needs = lines_of(path, definitions)
    rules += more
    space: dict[str, Any] = {"table": table, "again": _again, **names, **needs}
    for template, indent in ((_ONE, " " * 4), (_MANY, " " * 8)):
        source = template.format(rules=f"\n{indent}".join(rules) or "pass")
        exec(_code(source, path), space)  # noqa: S102
    return space["one"], space["many"]


@cache
def _code(source: str, path: str) -> CodeType:
    return compile(source, f"<{path}>", "exec")


def _rules(path: str, definitions: Definitions) -> tuple[list[str], dict[str, Any]]:
    """Write what must be there, and which choices exclude one another, as lines of Python."""
    lines: list[str] = []
    names: dict[str, Any] = {}
    choices: dict[str, list[Element]] = {}
    for name, element in definitions.elements(path).items():
        if element.choice is not None:
            choices.setdefault(element.choice, []).append(element)
        elif element.minimum:
            absent = f"{name!r} not in value"
            also = f" and '_{name}' not in value" if element.is_primitive else ""
            lines.append(f"if {absent}{also}: return False")
    if path in definitions.types:
        lines.append("if 'resourceType' not in value: return False")
    for choice, elements in choices.items():
        names[f"of_{choice}"] = _spellings(elements)
        count = _count(choice, names[f"of_{choice}"])
        if path == "Extension":
            lines.append(_EXTENSION_RULE.format(count=count))
        else:
            lines.append(f"if {count} {'!= 1' if elements[0].minimum else '> 1'}: return False")
    return lines, names


_EXTENSION_RULE = (
    "if (len(value) != 2 or 'id' in value or '_url' in value)"
    " and {count} + ('extension' in value) != 1: return False"
)
"""Beside ``url`` one thing more, mostly: that is either ``extension`` or a value[x]."""


def _count(choice: str, spellings: frozenset[str]) -> str:
    """Write how many of a choice are there; few are asked for one by one, which is faster."""
    if len(spellings) > MOST_ASKED:
        return f"len(of_{choice}.intersection(value))"
    return " + ".join(f"({name!r} in value)" for name in sorted(spellings))


def _spellings(elements: list[Element]) -> frozenset[str]:
    names = [element.name for element in elements]
    return frozenset(names + [f"_{element.name}" for element in elements if element.is_primitive])


def _each(accept: Predicate) -> Predicate:
    def each(values: list[Any]) -> bool:
        if type(values) is not list:
            return False
        for value in values:
            if not (value and accept(value)) and not _again(accept, value):
                return False
        return True

    return each


def _again(accept: Predicate, value: Any) -> bool:
    """Look a second time at odd strings, what was not met yet, and what is empty in Python only."""
    if accept is printable:
        return value != "" and is_text(value)
    if accept in _MEMORIES:
        return value != "" and _MEMORIES[accept].learn(value)
    return (value is False or type(value) in (int, float)) and bool(accept(value))


def _never(value: Any) -> bool:  # noqa: ARG001
    return False
