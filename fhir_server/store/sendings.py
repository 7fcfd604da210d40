"""What was given to another system that does not know us again when we ask twice: intent first.

A message is written down here before it is sent, under a token that the other system gives back
with everything it tells about it. One message has at most one open sending, held by a unique
index, so no two workers and no worker after a crash send it twice: who finds an open one asks what
became of it. ``sent``: taken, under the number. ``free``: surely not taken, may be sent again.
``doubtful``: nobody knows, and a person has been asked; its token is still known when word comes.

    _sendings  {_id: token, target, message, state, open: true or absent, at, number, why}
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from fhir_server.store.failures import translated

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.database import Database

Document = dict[str, Any]
State = Literal["intended", "sent", "free", "doubtful"]

SENDINGS = "_sendings"


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt to send a message (``Communication/x``); ``number`` is what it is called there.

    ``mine``: this very call has written the intent down.
    """

    token: str
    target: str
    message: str
    state: State
    at: datetime
    number: str | None = None
    why: str | None = None
    mine: bool = False


class Sendings:
    """The sendings of one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._sendings = database[SENDINGS]
        self._ready = False

    def intend(self, target: str, message: str, moment: datetime) -> Sending:
        """Write down that a message is about to be sent; give the open sending if there is one."""
        document = {
            "_id": uuid.uuid4().hex,
            "target": target,
            "message": message,
            "state": "intended",
            "open": True,
            "at": moment,
        }
        with translated():
            self._index()
            try:
                self._sendings.insert_one(document)
            except DuplicateKeyError:
                found = self._sendings.find_one(
                    {"target": target, "message": message, "open": True}
                )
                return _sending(found) if found else self.intend(target, message, moment)
        return _sending(document, mine=True)

    def open(self, target: str, message: str) -> Sending | None:
        """Give the open sending of a message."""
        with translated():
            found = self._sendings.find_one({"target": target, "message": message, "open": True})
        return _sending(found) if found else None

    def known(self, token: str) -> Sending | None:
        """Give a sending by its token, whatever became of it."""
        with translated():
            found = self._sendings.find_one({"_id": token})
        return _sending(found) if found else None

    def sent(self, token: str, number: str) -> Sending | None:
        """Say that a message was taken, and what it is called there; None if it is not known.

        The first number stays.
        """
        new = {"state": "sent", "open": True, "number": number}
        unnumbered = {"_id": token, "number": {"$exists": False}}
        with translated():
            try:
                found = self._sendings.find_one_and_update(
                    unnumbered, {"$set": new}, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:  # a person had it sent anew meanwhile
                del new["open"]
                found = self._sendings.find_one_and_update(
                    unnumbered, {"$set": new}, return_document=ReturnDocument.AFTER
                )
        return _sending(found) if found else self.known(token)

    def free(self, token: str, why: str) -> None:
        """Say that a message surely did not go or did not arrive; it may be sent again."""
        self._close(token, "free", why)

    def doubt(self, token: str, why: str) -> None:
        """Say that nobody knows what became of a message, and that a person is asked."""
        self._close(token, "doubtful", why)

    def _close(self, token: str, state: State, why: str) -> None:
        change = {"$set": {"state": state, "why": why}, "$unset": {"open": ""}}
        with translated():
            self._sendings.update_one({"_id": token}, change)

    def _index(self) -> None:
        if not self._ready:
            self._sendings.create_index(
                [("target", 1), ("message", 1)],
                unique=True,
                partialFilterExpression={"open": True},
            )
            self._ready = True


def _sending(found: Document, *, mine: bool = False) -> Sending:
    return Sending(
        found["_id"],
        found["target"],
        found["message"],
        found["state"],
        found["at"],
        found.get("number"),
        found.get("why"),
        mine,
    )
