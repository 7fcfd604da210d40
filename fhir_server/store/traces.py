"""Whom a thread is working for: what versions say of who wrote them, and what the trail is told.

The door (``rest/``) or a worker opens an ``Access`` for its thread; the store writes who it was
with every version, in the same transaction, so that no crash can part them.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from msgspec import Struct, structs

from fhir_server.store.ops import Put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.store.ops import Op, Written

KNOWN = ("subject", "organization", "person", "client", "user", "role", "purpose")
"""What is recorded of a Principal, as far as it has it."""

_LETTERS = {"PUT": "U", "PATCH": "U", "DELETE": "D"}


class Change(NamedTuple):
    """One version that was written: C, U or D, and of whom it speaks."""

    letter: str
    resource_type: str
    id: str
    version: int
    patients: tuple[str, ...]


class Access(Struct, gc=False):
    """One request, or one piece of a worker's work.

    ``number`` counts in the chain of this process; ``changes`` is None until something is written;
    ``notes`` is what else is to be known of it;
    ``sure``: it is stored before it is answered; ``work`` names what is no request.
    """

    who: Any
    address: str
    request: str
    work: str = ""
    chain: str = ""
    number: int = 0
    changes: list[Change] | None = None
    patients: tuple[str, ...] = ()
    notes: dict[str, str] | None = None
    sure: bool = False

    def text(self) -> str:
        """Write down who this is, for a version."""
        said = [self.chain, self.number, self.request, self.address, described(self.who)]
        return orjson.dumps(said).decode()


_here: ContextVar[Access | None] = ContextVar("access", default=None)

begin = _here.set
"""Lets this thread work for somebody, or nobody."""

current = _here.get
"""Gives the access this thread works for."""


def noted(**notes: str) -> None:
    """Add words to what is recorded of the present access."""
    access = _here.get()
    if access is not None:
        access.notes = {**(access.notes or {}), **notes}


def surely() -> None:
    """Let the present access be answered only once it is stored."""
    access = _here.get()
    if access is not None:
        access.sure = True


def touched(*patients: str) -> None:
    """Name patients (ids) of the present access whom its answer does not show."""
    access = _here.get()
    if access is not None:
        access.patients = (*access.patients, *patients)


_described: dict[int, tuple[Any, dict[str, Any]]] = {}
_MOST_DESCRIBED = 1000


def described(who: Any) -> dict[str, Any]:
    """Give what is recorded of who asks: shared by all that the same one asks, so not to change."""
    known = _described.get(id(who))
    if known is not None and known[0] is who:
        return known[1]
    found = {name: getattr(who, name, None) for name in KNOWN}
    found = {name: value for name, value in found.items() if value}
    if len(_described) >= _MOST_DESCRIBED:
        _described.clear()
    _described[id(who)] = (who, found)
    return found


def traced(ops: Sequence[Op], access: Access) -> list[Op]:
    """Let the versions of these ops say who wrote them."""
    text = access.text()
    for op in ops:
        structs.force_setattr(op, "trace", text)  # copies would cost what the trail may cost
    return list(ops)


def told(access: Access, ops: Sequence[Op], written: Sequence[Written]) -> None:
    """Note in an access what it has changed; what changed nothing is no change."""
    if access.changes is None:
        access.changes = []
    for op, each in zip(ops, written, strict=True):
        stored = each.stored
        if stored.version == 0:
            continue
        letter = "C" if each.created else _LETTERS.get(stored.method, "U")
        patients = of_index(op.resource_type, op.id, op.index) if isinstance(op, Put) else ()
        change = Change(letter, op.resource_type, op.id, stored.version, patients)
        access.changes.append(change)


def of_index(resource_type: str, resource_id: str, index: Any) -> tuple[str, ...]:
    """Give the patients (ids) a resource speaks of, as its index says."""
    if resource_type == "Patient":
        return (resource_id,)
    named = (index or {}).get("patient")
    if named is None:
        return ()
    several = [named] if isinstance(named, str) else named
    return tuple([each[8:] for each in several if each.startswith("Patient/")])
