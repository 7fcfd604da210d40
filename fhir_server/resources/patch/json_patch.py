"""JSON Patch: add, remove, replace, move, copy and test, by JSON Pointer.

https://www.rfc-editor.org/rfc/rfc6902 · https://www.rfc-editor.org/rfc/rfc6901
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, TooLarge
from fhir_server.resources.patch.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_COPIED = 16 * 1024 * 1024
"""Characters that the copies of one patch may have together, for copies can be copied."""

LONGEST = 100
"""Characters of a path that a message repeats."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_NOWHERE = object()


class _Stuck(Exception):
    """The operation cannot be applied; the message says why."""


def apply(document: Any, operations: list[Any]) -> Any:
    """Apply the operations in order to the document, which is changed, and give the result."""
    patch = _Patch(document)
    for number, operation in enumerate(operations):
        run, pointers = _read(operation, f"[{number}]")
        try:
            run(patch, operation, *pointers)
        except _Stuck as stuck:
            word = f"Operation {number} ({operation['op']} {operation['path'][:LONGEST]})"
            raise refusal(f"{word}: {stuck}.", f"[{number}]") from stuck
        except RecursionError:
            raise refusal("The patched resource is nested too deep.", f"[{number}]") from None
    return patch.document


class _Patch:
    """The document between two operations."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.copied = 0

    def add(self, operation: dict[str, Any], path: list[str]) -> None:
        self.put(path, operation["value"])

    def remove(self, _: dict[str, Any], path: list[str]) -> None:
        self.cut(path)

    def replace(self, operation: dict[str, Any], path: list[str]) -> None:
        if not path:
            self.document = operation["value"]
            return
        holder, key = self.place(path)
        _step(holder, key)
        holder[_position(holder, key)] = operation["value"]

    def move(self, _: dict[str, Any], path: list[str], source: list[str]) -> None:
        if path == source:
            self.get(source)
            return
        if path[: len(source)] == source:
            raise _Stuck("a value cannot be moved into itself")
        self.put(path, self.cut(source))

    def copy(self, _: dict[str, Any], path: list[str], source: list[str]) -> None:
        self.put(path, self.twin(self.get(source)))

    def test(self, operation: dict[str, Any], path: list[str]) -> None:
        if not same(self.get(path), operation["value"]):
            raise _Stuck("the value there is another")

    def get(self, path: list[str]) -> Any:
        value = self.document
        for key in path:
            value = _step(value, key)
        return value

    def place(self, path: list[str]) -> tuple[Any, str]:
        if not path:
            raise _Stuck("the whole resource cannot be taken away")
        return self.get(path[:-1]), path[-1]

    def put(self, path: list[str], value: Any) -> None:
        if not path:
            self.document = value
            return
        holder, key = self.place(path)
        if isinstance(holder, dict):
            holder[key] = value
        elif isinstance(holder, list):
            at = len(holder) if key == "-" else _index(key, len(holder) + 1)
            holder.insert(at, value)
        else:
            raise _Stuck("there is neither an object nor an array to add to")

    def cut(self, path: list[str]) -> Any:
        holder, key = self.place(path)
        _step(holder, key)
        return holder.pop(_position(holder, key))

    def twin(self, value: Any) -> Any:
        self.copied += len(value) if isinstance(value, str) else 8
        if self.copied > MOST_COPIED:
            raise TooLarge(f"The copies of a patch may have {MOST_COPIED} characters.")
        if isinstance(value, dict):
            return {name: self.twin(each) for name, each in value.items()}
        return [self.twin(each) for each in value] if isinstance(value, list) else value


def same(left: Any, right: Any) -> bool:
    """Compare as RFC 6902 does: numbers by value, objects without order, nothing else alike."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


_OPERATIONS: dict[str, tuple[Callable[..., None], str | None]] = {
    "add": (_Patch.add, "value"),
    "remove": (_Patch.remove, None),
    "replace": (_Patch.replace, "value"),
    "move": (_Patch.move, "from"),
    "copy": (_Patch.copy, "from"),
    "test": (_Patch.test, "value"),
}


def _read(operation: Any, where: str) -> tuple[Callable[..., None], list[list[str]]]:
    if not isinstance(operation, dict):
        raise BadRequest("An operation of a JSON Patch is an object.", expression=where)
    name = operation.get("op")
    if not isinstance(name, str) or name not in _OPERATIONS:
        says = f'"op" must be one of {", ".join(_OPERATIONS)}.'
        raise BadRequest(says, expression=f"{where}.op")
    run, needs = _OPERATIONS[name]
    if needs is not None and needs not in operation:
        raise BadRequest(f'{name} needs "{needs}".', expression=f"{where}.{needs}")
    names = ["path", "from"] if needs == "from" else ["path"]
    return run, [_pointer(operation.get(each), f"{where}.{each}") for each in names]


def _pointer(text: Any, where: str) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise BadRequest('A JSON Pointer is a string such as "/name/0/given".', expression=where)
    if re.search(r"~(?![01])", text):
        raise BadRequest('"~" is written "~0" in a JSON Pointer.', expression=where)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        found = value.get(key, _NOWHERE)
        if found is _NOWHERE:
            raise _Stuck(f"there is no {key[:64]!r}")
        return found
    if isinstance(value, list):
        return value[_index(key, len(value))]
    raise _Stuck(f"there is no {key[:64]!r} in a value that is no object or array")


def _index(key: str, size: int) -> int:
    if not _INDEX.fullmatch(key) or int(key) >= size:
        raise _Stuck(f"{key[:64]!r} is no place in an array of {size}")
    return int(key)


def _position(holder: Any, key: str) -> Any:
    return int(key) if isinstance(holder, list) else key
