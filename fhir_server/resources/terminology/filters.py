"""The filters of a ValueSet: which concepts of a code system they take.

https://hl7.org/fhir/R4/valueset-filter-operator.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import NotSupported
from fhir_server.resources.terminology.concepts import value_of
from fhir_server.resources.terminology.patterns import fits, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.resources.terminology.concepts import Concept, System
    from fhir_server.resources.wire import Document

    Test = Callable[[Concept], bool]

_DOWNWARD = {"is-a": True, "descendent-of": False}


def start(filters: tuple[Document, ...]) -> tuple[str, bool] | None:
    """Give the code below which all that pass lie, and whether it passes itself."""
    for each in filters:
        op, value = each.get("op", ""), each.get("value")
        if op in _DOWNWARD and value is not None:
            return value, _DOWNWARD[op]
    return None


def accept(system: System, row: Document) -> Test:
    """Make the test of one filter; NotSupported for an operator that is not known here."""
    op, name, value = (row.get(key, "") for key in ("op", "property", "value"))
    tests: dict[str, Callable[[], Test]] = {
        "=": lambda: _equal(system, name, value),
        "is-a": lambda: lambda concept: _is_a(system, concept.code, value),
        "is-not-a": lambda: lambda concept: not _is_a(system, concept.code, value),
        "descendent-of": lambda: lambda concept: value in system.ancestors(concept.code),
        "generalizes": lambda: _generalizes(system, value),
        "regex": lambda: _regex(name, value),
        "in": lambda: _in(name, value, wanted=True),
        "not-in": lambda: _in(name, value, wanted=False),
        "exists": lambda: _exists(name, value),
    }
    if op not in tests:
        raise NotSupported(f"The filter {name} {op} {value[:80]!r} is not supported.")
    return tests[op]()


def _is_a(system: System, code: str, above: str) -> bool:
    return code == above or above in system.ancestors(code)


def _equal(system: System, name: str, value: str) -> Test:
    if name == "ancestor":
        return lambda concept: value in system.ancestors(concept.code)
    if name == "child":
        return lambda concept: value in system.children(concept.code)
    return lambda concept: value in _values(concept, name)


def _generalizes(system: System, value: str) -> Test:
    above = system.ancestors(value) | {value}
    return lambda concept: concept.code in above


def _regex(name: str, value: str) -> Test:
    pattern(value)
    return lambda concept: any(fits(value, each) for each in _values(concept, name))


def _in(name: str, value: str, *, wanted: bool) -> Test:
    listed = {each.strip() for each in value.split(",")}
    return lambda concept: listed.isdisjoint(_values(concept, name)) is not wanted


def _exists(name: str, value: str) -> Test:
    wanted = value == "true"
    return lambda concept: any(_values(concept, name)) is wanted


def _values(concept: Concept, name: str) -> Iterator[str]:
    """Give the values of a property as text."""
    if name in {"code", "concept"}:
        yield concept.code
    elif name == "display":
        yield concept.display
    elif name == "parent":
        yield from concept.parents
    elif name == "inactive":
        yield str(concept.inactive).lower()
    else:
        yield from (_text(value_of(each)) for each in concept.properties if each["code"] == name)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.get("code", "")) if isinstance(value, dict) else str(value)
