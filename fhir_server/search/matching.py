"""Whether a resource that is not stored yet would be found by a search.

A conditional reference may name a resource of its own transaction. Only the part of MongoDB's
query language that criteria compile to is read; what else there may be is refused.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from fhir_server.errors import NotSupported

if TYPE_CHECKING:
    from fhir_server.search.plan import Filter

_ORDERED = {"$gte": ge, "$gt": gt, "$lte": le, "$lt": lt}


def is_match(wanted: Filter, document: dict[str, Any]) -> bool:
    """Hold a filter against a document shaped as the store keeps it: ``{_id, ix: {…}}``."""
    return all(_holds(name, condition, document) for name, condition in wanted.items())


def _holds(name: str, condition: Any, document: dict[str, Any]) -> bool:
    match name:
        case "$and":
            return all(is_match(each, document) for each in condition)
        case "$or":
            return any(is_match(each, document) for each in condition)
        case "$nor":
            return not any(is_match(each, document) for each in condition)
    if name.startswith("$"):
        raise _unreadable()
    values = _values(document, name.split("."))
    if isinstance(condition, dict):
        return all(_is(operator, wanted, values) for operator, wanted in condition.items())
    return _has(condition, values)


def _has(wanted: Any, values: list[Any]) -> bool:
    return wanted in values if wanted is not None else not values or None in values


def _values(value: Any, path: list[str]) -> list[Any]:
    """Collect what stands at a path, as MongoDB does: through arrays, and each element of one."""
    if isinstance(value, list):
        inner = [found for each in value for found in _values(each, path)]
        return inner if path else [*inner, value]
    if not path:
        return [value]
    if not isinstance(value, dict) or path[0] not in value:
        return []
    return _values(value[path[0]], path[1:])


def _is(operator: str, wanted: Any, values: list[Any]) -> bool:
    match operator:
        case "$eq":
            return _has(wanted, values)
        case "$ne":
            return not _has(wanted, values)
        case "$in":
            return any(_has(each, values) for each in wanted)
        case "$nin":
            return not any(_has(each, values) for each in wanted)
        case "$exists":
            return bool(values) is wanted
        case "$not":
            return not all(_is(inner, each, values) for inner, each in wanted.items())
        case "$elemMatch":
            return any(_is_element(wanted, each) for each in values)
    if operator not in _ORDERED:
        raise _unreadable()
    return any(type(v) is type(wanted) and _ORDERED[operator](v, wanted) for v in values)


def _is_element(wanted: dict[str, Any], value: Any) -> bool:
    if isinstance(value, dict):
        return is_match(wanted, value)
    return all(_is(operator, each, [value]) for operator, each in wanted.items())


def _unreadable() -> NotSupported:
    return NotSupported(
        "A conditional reference with such criteria cannot name a resource of a type that the "
        "same transaction writes; use the fullUrl of its entry."
    )
