"""FHIRPath Patch: add, insert, delete, replace and move, by FHIRPath.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest
from fhir_server.resources.fhirpath import Expression, FhirPathError, Node
from fhir_server.resources.fhirpath.limits import in_force
from fhir_server.resources.patch.elements import read, rename, write
from fhir_server.resources.patch.refusal import refusal
from fhir_server.resources.patch.values import Value, key_of, repeats, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.resources.wire import Document

MOST_OPERATIONS = 1_000


class _Stuck(Exception):
    """The operation cannot be applied; the message says why."""


class _Operation:
    """One ``operation`` of the Parameters, and the place where it is."""

    def __init__(self, parameter: Any, where: str) -> None:
        self.where = where
        parts = parameter.get("part") if isinstance(parameter, dict) else None
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise BadRequest("An operation has parts: type, path and more.", expression=where)
        if parameter.get("name") != "operation":
            raise BadRequest('Each parameter is named "operation".', expression=where)
        self.parts = {name: part for part in parts if isinstance(name := part.get("name"), str)}

    def text(self, name: str, *keys: str) -> str:
        part = self.parts.get(name, {})
        found = next((part[key] for key in (*keys, "valueString") if key in part), None)
        if not isinstance(found, str):
            raise BadRequest(f"The part {name} is missing, or no string.", expression=self.where)
        return found

    def number(self, name: str) -> int:
        part = self.parts.get(name, {})
        keys = ("valueInteger", "valueUnsignedInt", "valuePositiveInt")
        found = next((part[key] for key in keys if key in part), None)
        if not isinstance(found, int) or isinstance(found, bool):
            raise BadRequest(f"The part {name} is missing, or no integer.", expression=self.where)
        return found

    def value(self, kind: str | None, name: str) -> Value:
        if "value" not in self.parts:
            raise BadRequest("The part value is missing.", expression=self.where)
        found = value_of(self.parts["value"], kind, name)
        if found is None:
            raise BadRequest(
                "The part value has neither value[x] nor parts.", expression=self.where
            )
        return found


def apply(document: Document, parameters: Document) -> Document:
    """Apply the operations in order to the resource, which is changed, and give it back."""
    listed = parameters.get("parameter", [])
    if not isinstance(listed, list) or len(listed) > MOST_OPERATIONS:
        raise BadRequest(f"A FHIRPath Patch has parameters, at most {MOST_OPERATIONS}.")
    end = monotonic() + in_force().seconds
    for number, parameter in enumerate(listed):
        where = f"Parameters.parameter[{number}]"
        if monotonic() > end:
            raise refusal("The patch takes too long.", where, code="too-costly")
        operation = _Operation(parameter, where)
        kind = operation.text("type", "valueCode")
        if kind not in _KINDS:
            says = f"The type of an operation is one of {', '.join(_KINDS)}."
            raise BadRequest(says, expression=where)
        path = operation.text("path")
        try:
            _KINDS[kind](operation, _found(document, path))
        except (_Stuck, FhirPathError) as error:
            raise refusal(f"{kind} {path!r}: {error}", where) from error
    return document


def _found(document: Document, path: str) -> list[Node]:
    """Give the elements; what clients write is not kept compiled, for they write much."""
    items = Expression(path, in_force()).items(document)
    if not all(isinstance(item, Node) for item in items):
        raise _Stuck("the path leads to a computed value, not to an element")
    return items


def _one(nodes: list[Node]) -> Node:
    if len(nodes) != 1:
        raise _Stuck(f"the path must lead to one element, and leads to {len(nodes) or 'none'}")
    return nodes[0]


def _holder(node: Node) -> dict[str, Any]:
    """Give the object that holds the children; a primitive's is made when there is none."""
    if isinstance(node.value, dict):
        return node.value
    if isinstance(node.extra, dict):
        return node.extra
    made: dict[str, Any] = {}
    _replaced(node, (node.value, made))
    return made


def _above(node: Node) -> tuple[dict[str, Any], Node]:
    if node.parent is None:
        raise _Stuck("the resource itself cannot be replaced or deleted")
    return _holder(node.parent), node.parent


def _replaced(node: Node, pair: tuple[Any, Any]) -> None:
    holder, _ = _above(node)
    pairs = read(holder, node.name)
    pairs[node.index or 0] = pair
    write(holder, node.name, pairs, repeats=node.index is not None)


def _add(operation: _Operation, nodes: list[Node]) -> None:
    node, name = _one(nodes), operation.text("name")
    value = operation.value(node.type, name)
    key = key_of(node.type, name, value)
    if key is None:
        raise _Stuck(f"{node.type or 'the element'} has no element {name!r} for such a value")
    if node.child(name) and not repeats(node.type, key):
        raise _Stuck(f"{name} is there already and does not repeat")
    holder = _holder(node)
    many = repeats(node.type, key)
    write(holder, key, [*(read(holder, key) if many else []), value.pair], repeats=many)


def _insert(operation: _Operation, nodes: list[Node]) -> None:
    holder, owner, name, pairs = _list(nodes)
    index = operation.number("index")
    if not 0 <= index <= len(pairs):
        raise _Stuck(f"{index} is no place in a list of {len(pairs)}")
    pairs.insert(index, operation.value(owner, name).pair)
    write(holder, name, pairs, repeats=True)


def _move(operation: _Operation, nodes: list[Node]) -> None:
    holder, _, name, pairs = _list(nodes)
    source, destination = operation.number("source"), operation.number("destination")
    if not (0 <= source < len(pairs) and 0 <= destination < len(pairs)):
        raise _Stuck(f"source and destination must be places in a list of {len(pairs)}")
    pairs.insert(destination, pairs.pop(source))
    write(holder, name, pairs, repeats=True)


def _list(nodes: list[Node]) -> tuple[dict[str, Any], str | None, str, list[tuple[Any, Any]]]:
    first = nodes[0] if nodes else None
    if first is None or first.parent is None or first.index is None:
        raise _Stuck("the path must lead to the elements of a list")
    if any(node.parent is not first.parent or node.name != first.name for node in nodes):
        raise _Stuck("the path leads to elements of several lists")
    holder = _holder(first.parent)
    return holder, first.parent.type, first.name, read(holder, first.name)


def _replace(operation: _Operation, nodes: list[Node]) -> None:
    node = _one(nodes)
    holder, owner = _above(node)
    value = operation.value(owner.type, node.name)
    key = key_of(owner.type, node.name, value) or node.name
    _replaced(node, value.pair)
    rename(holder, node.name, key)
    rename(holder, f"_{node.name}", f"_{key}")


def _delete(_: _Operation, nodes: list[Node]) -> None:
    if nodes:
        node = _one(nodes)
        _above(node)
        _take_away(node)


def _take_away(node: Node) -> None:
    """Delete an element, and what is empty without it."""
    if node.parent is None:
        return
    holder = node.parent.value if isinstance(node.parent.value, dict) else node.parent.extra
    pairs = read(holder, node.name)
    del pairs[node.index or 0]
    write(holder, node.name, pairs, repeats=node.index is not None)
    if holder:
        return
    if isinstance(node.parent.value, dict):
        _take_away(node.parent)
    else:
        _replaced(node.parent, (node.parent.value, None))


_KINDS: dict[str, Callable[[_Operation, list[Node]], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
