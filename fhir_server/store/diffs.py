"""How the oplog tells of an update: by the difference of two documents, in its version 2.

    {i: {new fields}, u: {other values}, d: {gone: false}, s<field>: {a difference below}}
    of an array: {a: true, l: length, u<place>: value, s<place>: {a difference below}}

https://github.com/mongodb/mongo/blob/master/src/mongo/db/repl/README.md (Update oplog entries)
"""

from __future__ import annotations

from typing import Any

from fhir_server.store.frames import Damaged

Document = dict[str, Any]


def applied(document: Document, diff: Document) -> Document:
    """Give a document as a difference leaves it, fields in the order the database has them."""
    new: Document = {**document, **diff.get("u", {})}
    for name in diff.get("d", ()):
        new.pop(name, None)
    for name, below in diff.items():
        if name[0] == "s" and len(name) > 1:
            new[name[1:]] = _below(new.get(name[1:]), below)
        elif name not in {"i", "u", "d"}:
            raise Damaged(f"The oplog tells of an update in a way that is not known: {name[0]}.")
    for name, value in diff.get("i", {}).items():
        new.pop(name, None)  # a field that moved comes last
        new[name] = value
    return new


def _below(value: Any, diff: Document) -> Any:
    if diff.get("a") is True:
        if isinstance(value, list):
            return _array(value, diff)
    elif isinstance(value, dict):
        return applied(value, diff)
    raise Damaged("The archive does not fit the backup: an update meets another document.")


def _array(values: list[Any], diff: Document) -> list[Any]:
    new = list(values)
    if "l" in diff:
        new = new[: diff["l"]] + [None] * (diff["l"] - len(new))
    for name, value in diff.items():
        if name in {"a", "l"}:
            continue
        place = int(name[1:])
        new += [None] * (place + 1 - len(new))
        new[place] = value if name[0] == "u" else _below(new[place], value)
    return new
