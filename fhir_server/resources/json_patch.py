"""JSON Patch on the text of a resource; numbers keep their spelling.

https://www.rfc-editor.org/rfc/rfc6902 and https://www.rfc-editor.org/rfc/rfc6901
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import BadRequest, Invalid, Issue, TooLarge
from fhir_server.resources.wire import decode

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Any

LARGEST = 16 * 1024 * 1024
"""Bytes that ``copy`` may make of a resource: what the database keeps in one."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_ESCAPE = re.compile(r"~(?![01])")
_VALUED = {"add", "replace", "test"}
_FROM = {"move", "copy"}


class Number(Decimal):
    """A number as it was written: ``1.00`` equals 1.0 and stays ``1.00``."""

    __slots__ = ("spelling",)
    spelling: str

    @classmethod
    def read(cls, spelling: str) -> Number:
        """Read a JSON number."""
        number = cls(spelling)
        number.spelling = spelling
        return number

    def __deepcopy__(self, _: Json) -> Number:
        return self


class _Failed(Exception):
    """An operation cannot be applied."""


def json_patched(raw: bytes, patch: bytes) -> bytes:
    """Apply all operations of a patch, or raise.

    BadRequest if the patch is none, Invalid if an operation cannot be applied or a ``test`` does
    not hold; no value of the resource is repeated.
    """
    decode(patch)
    operations = _read(patch)
    if not isinstance(operations, list):
        raise BadRequest("A JSON Patch is an array of operations.")
    root = {"": _read(raw)}
    copied = 0
    for number, operation in enumerate(operations):
        where = f"Operation {number}"
        name, path, source = _understood(operation, where)
        try:
            if name == "copy":
                copied += len(_written(_found(root, source)))
            if copied > LARGEST:
                raise TooLarge(
                    f"{where}: the copies of this patch are larger than {LARGEST} bytes."
                )
            _OPERATIONS[name](root, path, source, operation.get("value"))
        except _Failed as failed:
            says = f"{where} ({name} {operation['path']}): {failed}"
            raise Invalid([Issue("processing", says, expression=f"[{number}]")]) from None
    return _written(root[""])


def _read(text: bytes) -> Json:
    return json.loads(text, parse_float=Number.read, parse_int=Number.read)


def _written(value: Json) -> bytes:
    try:
        return orjson.dumps(value, default=lambda number: orjson.Fragment(number.spelling))
    except TypeError as error:  # nested deeper than orjson writes
        raise TooLarge("The patch nests the resource too deep.") from error


def _understood(operation: Json, where: str) -> tuple[str, list[str], list[str]]:
    """Give name, path and ``from`` of an operation."""
    if not isinstance(operation, dict):
        raise BadRequest(f"{where} is not an object.")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise BadRequest(f"{where}: op must be one of {', '.join(_OPERATIONS)}.")
    if name in _VALUED and "value" not in operation:
        raise BadRequest(f"{where}: {name} needs a value.")
    source = _pointer(operation, "from", where) if name in _FROM else []
    return name, _pointer(operation, "path", where), source


def _pointer(operation: dict[str, Json], name: str, where: str) -> list[str]:
    text = operation.get(name)
    if not isinstance(text, str) or (text and text[0] != "/") or _ESCAPE.search(text):
        raise BadRequest(f"{where}: {name} must be a JSON Pointer, such as /name/0/family.")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _found(root: Json, path: list[str]) -> Json:
    value = root
    for part in path:
        value = _child(value, part)
    return value


def _child(value: Json, part: str) -> Json:
    if isinstance(value, dict):
        if part in value:
            return value[part]
    elif isinstance(value, list):
        return value[_index(value, part, len(value) - 1)]
    raise _Failed("there is nothing at this path.")


def _index(array: list[Json], part: str, highest: int) -> int:
    if not _INDEX.fullmatch(part) or int(part) > highest:
        raise _Failed(f"an array of {len(array)} has no such place.")
    return int(part)


def _add(root: Json, path: list[str], _: list[str], value: Json) -> None:
    parent, last = _found(root, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        at = len(parent) if last == "-" else _index(parent, last, len(parent))
        parent.insert(at, value)
    else:
        raise _Failed("its parent is neither object nor array.")


def _remove(root: Json, path: list[str], _: list[str], __: Json) -> None:
    parent, last = _found(root, path[:-1]), path[-1]
    _child(parent, last)
    if len(path) == 1:
        raise _Failed("the resource itself cannot be removed; delete it.")
    del parent[last if isinstance(parent, dict) else int(last)]


def _replace(root: Json, path: list[str], _: list[str], value: Json) -> None:
    parent, last = _found(root, path[:-1]), path[-1]
    _child(parent, last)
    parent[last if isinstance(parent, dict) else int(last)] = value


def _move(root: Json, path: list[str], source: list[str], _: Json) -> None:
    value = _found(root, source)
    if path[: len(source)] == source:
        if path == source:
            return
        raise _Failed("it would be moved into itself.")
    _remove(root, source, [], None)
    _add(root, path, [], value)


def _copy(root: Json, path: list[str], source: list[str], _: Json) -> None:
    _add(root, path, [], deepcopy(_found(root, source)))


def _test(root: Json, path: list[str], _: list[str], value: Json) -> None:
    if not _is_same(_found(root, path), value):
        raise _Failed("the value there is another.")


def _is_same(one: Json, other: Json) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


_OPERATIONS: dict[str, Callable[[Json, list[str], list[str], Json], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
