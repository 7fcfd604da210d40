"""What one op does to one resource: decided before anything is written. Pure.

https://hl7.org/fhir/R4/http.html#update
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson
from msgspec import Struct

from fhir_server.errors import Conflict, NotFound, PreconditionFailed
from fhir_server.resources.wire import Text
from fhir_server.store import notices, versions
from fhir_server.store.ops import Delete, Put, Stored, Written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.errors import FhirError
    from fhir_server.store.ops import Op

Document = dict[str, Any]
EPOCH = datetime.fromtimestamp(0, UTC)
DIGITS = b"0123456789"


class Before(Struct, frozen=True):
    """What is there before the write: the current version, or the newest of the past, or neither.

    ``past`` matters only where there is no current version: it is the deletion.
    """

    current: Document | None = None
    past: Document | None = None


class Change(Struct, frozen=True):
    """What to write: ``document`` the new current version, ``past`` what goes into the history.

    ``version`` was current, None if none was; ``revives`` is the key of the deletion that ends;
    ``rows`` go into the outbox.
    """

    kind: Literal["insert", "replace", "delete", "nothing"]
    resource_type: str
    id: str
    written: Written
    document: Document | None = None
    past: tuple[Document, ...] = ()
    version: int | None = None
    revives: Document | None = None
    rows: tuple[Document, ...] = ()

    @property
    def seen(self) -> Document:
        """Select the version that this change was decided on."""
        return {"_id": self.id, "v": self.version}


def is_new(op: Op) -> bool:
    """Tell whether the server has just made up this id, so that nothing can be there."""
    return isinstance(op, Put) and op.method == "POST" and op.existing is not True


def change(op: Op, before: Before, moment: datetime, *, noop: bool = True) -> Change:
    """Decide one op; raise PreconditionFailed, NotFound or Conflict where it may not be.

    Without ``noop`` an update that would change nothing is none.
    """
    present = before.current["v"] if before.current else None
    if op.if_match is not None and op.if_match != present:
        now = "there is no current version" if present is None else f"version {present} is current"
        raise PreconditionFailed(
            f"If-Match asks for version {op.if_match} of {op.resource_type}/{op.id}, but {now}."
        )
    if isinstance(op, Delete):
        return _delete(op, before, moment)
    may_stay = not noop and not op.anyway and op.existing is not False
    if may_stay and before.current and is_same(op, before.current):
        there = Written(versions.stored(op.resource_type, before.current), created=False)
        return Change("nothing", op.resource_type, op.id, there)
    return _put(op, before, moment)


def is_same(put: Put, current: Document) -> bool:
    """Tell whether a version says what is there already; the order of elements is nothing."""
    if _content(put.aside.file if put.aside else None) != _content(current.get("f")):
        return False
    new = put.aside.text if put.aside else put.text
    old = Text(current["raw"], current["at"])
    if new == old:
        return True
    if not _may_be_same(new.raw, old.raw) or _document(new) != _document(old):
        return False
    return sorted(new.raw) == sorted(old.raw)  # 1.00 is not 1.0


def _may_be_same(new: bytes, old: bytes) -> bool:
    """Tell whether two texts may differ in the order of elements only, without reading them."""
    return len(new) == len(old) and all(new.count(each) == old.count(each) for each in DIGITS)


def _content(file: Document | None) -> str | None:
    return file["sha"] if file else None


def _document(text: Text) -> Document:
    """Read a text; without its stamp it is no JSON."""
    document: Document = orjson.loads(text.stamped(0, EPOCH))
    return document


def attributed(error: FhirError, number: int) -> FhirError:
    """Mark an error with the place of its op among the ops."""
    error.op = number
    return error


def repeated(ops: Iterable[Op]) -> int | None:
    """Give the place of the first op on a resource that an earlier op already changes."""
    seen: set[tuple[str, str]] = set()
    for number, op in enumerate(ops):
        if (op.resource_type, op.id) in seen:
            return number
        seen.add((op.resource_type, op.id))
    return None


def _put(put: Put, before: Before, moment: datetime) -> Change:
    old = before.current
    if old is None:
        return _create(put, before.past, moment)
    if put.existing is False:
        raise Conflict(f"{put.resource_type}/{put.id} exists already.")
    moment = max(moment, old["t"])
    document = versions.current(put, old["v"] + 1, moment)
    if "o" in old:
        document["o"] = notices.remembered(old, put.notices)
    if "by" in old:
        document["by"] = list(dict.fromkeys((*old["by"], *put.authors)))
    written = Written(versions.written(put, old["v"] + 1, moment), created=False)
    past = (versions.past(old, moment),)
    rows = _rows(put, written)
    return Change(
        "replace", put.resource_type, put.id, written, document, past, old["v"], rows=rows
    )


def _create(put: Put, gone: Document | None, moment: datetime) -> Change:
    if put.existing is True:
        raise NotFound(f"There is no {put.resource_type}/{put.id} to update.")
    version = 1
    if gone is not None:
        version, moment = gone["_id"]["v"] + 1, max(moment, gone["t"])
    written = Written(versions.written(put, version, moment), created=True)
    document = versions.current(put, version, moment)
    revives = gone["_id"] if gone else None
    rows = _rows(put, written)
    return Change(
        "insert", put.resource_type, put.id, written, document, revives=revives, rows=rows
    )


def _rows(put: Put, written: Written) -> tuple[Document, ...]:
    return notices.rows(notices.named(put.notices), written.stored) if put.notices else ()


def _delete(op: Delete, before: Before, moment: datetime) -> Change:
    old = before.current
    if old is None:
        return Change("nothing", op.resource_type, op.id, _absent(op, before.past, moment))
    moment = max(moment, old["t"])
    gone = versions.deletion(op.id, old["v"] + 1, moment, op.trace)
    written = Written(versions.stored(op.resource_type, gone), created=False)
    past = (versions.past(old, moment), gone)
    rows = notices.rows(old["o"], written.stored) if "o" in old else ()
    return Change("delete", op.resource_type, op.id, written, None, past, old["v"], rows=rows)


def _absent(op: Delete, gone: Document | None, moment: datetime) -> Written:
    if gone is not None:
        return Written(versions.stored(op.resource_type, gone), created=False)
    never = Stored(op.resource_type, op.id, 0, moment, None, "DELETE")
    return Written(never, created=False)
