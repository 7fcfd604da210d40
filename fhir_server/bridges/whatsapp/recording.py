"""What became of a message that was to go out, into its record: gone, or lost and whom to ask.

The record is written as every other write: rules judge it, and what the SOPs let follow follows
(a contact is kept, a step of LAKON is done). Whoever wins a race against it, it is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from fhir_server.errors import Conflict, PreconditionFailed, RuleBroken
from fhir_server.interactions import write
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.mappings import pesan_keluar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Put

    Change = Callable[[Document, StoreReader], Sequence[Document]]

ATTEMPTS: Final = 20
ARRIVED: Final = "pesannya sampai"


def gone(context: Context, name: str, number: str, at: datetime, thread: str | None) -> None:
    """Write that a message (``Communication/x``) went under a number, and in which thread."""

    def change(message: Document, reader: StoreReader) -> Sequence[Document]:
        went = pesan_keluar.gone(message, number, at.astimezone(reader.now.tzinfo))
        if thread is not None and not went.get("partOf"):
            went["partOf"] = [{"reference": f"Communication/{thread}"}]
        return [went]

    insist(context, name, change)


def lost(context: Context, name: str, why: str, *, ask: bool = True) -> None:
    """Write that a message reaches nobody; ``ask`` staff to reach the person in another way."""

    def change(message: Document, reader: StoreReader) -> Sequence[Document]:
        if message.get("status") != pesan_keluar.WAITS:
            return []
        return [pesan_keluar.lost(message, why), *(asked(message, why, reader) if ask else ())]

    insist(context, name, change)


def insist(context: Context, name: str, change: Change) -> bool:
    """Write what ``change`` makes of a message, together; False if the message is not there."""
    for attempt in range(ATTEMPTS):
        reader = StoreReader(context)
        message = reader.read(name)
        if message is None:
            return False
        puts = [_put(context, each, reader) for each in change(message, reader) if each != message]
        try:
            if puts:
                write.commit(context, puts)
        except RuleBroken:
            raise
        except (Conflict, PreconditionFailed):
            if attempt + 1 == ATTEMPTS:
                raise
            continue
        return True
    raise AssertionError("unreachable")


def make(context: Context, resources: Sequence[Document]) -> None:
    """Write new resources under ids of their own; Conflict where another was first."""
    reader = StoreReader(context)
    write.commit(
        context, [structs.replace(_put(context, e, reader), existing=False) for e in resources]
    )


def asked(message: Document, why: str, reader: StoreReader) -> list[Document]:
    """Ask staff to reach somebody, unless they have been asked about this message."""
    there = reader.read(f"Task/{pesan_keluar.task_id(message)}")
    if there is not None and there.get("status") in pesan_keluar.OPEN:
        return []
    return [pesan_keluar.task(message, why, reader)]


def no_longer_asked(message: Document, reader: StoreReader) -> list[Document]:
    """Tell staff that a message arrived all the same, if they were asked about it."""
    there = reader.read(f"Task/{pesan_keluar.task_id(message)}")
    if there is None or there.get("status") not in pesan_keluar.OPEN:
        return []
    return [pesan_keluar.settled(there, ARRIVED, reader.now)]


def _put(context: Context, document: Document, reader: StoreReader) -> Put:
    """Make a write that holds only if nobody has written the resource since it was read."""
    version = reader.versions.get(f"{document['resourceType']}/{document['id']}")
    raw, own_id = outward(context, document), document["id"]
    checked = write.checked(context, raw)
    if version is None:
        return write.put(context, checked, raw, own_id, method="POST")
    return write.put(context, checked, raw, own_id, method="PUT", if_match=version)
