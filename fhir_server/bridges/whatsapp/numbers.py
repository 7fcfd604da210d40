"""A message by its WhatsApp number (wamid), whoever wrote it down; BR-W2: one number, one message.

What the webhook itself writes has an id made from the number, so it is written once however often
it is delivered and however many workers try.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fhir_server.mappings.pesan_chat import system_of

if TYPE_CHECKING:
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document


def id_of_number(number: str) -> str:
    """Give the id of the Communication that the webhook makes of a message."""
    return f"wa-{hashlib.sha256(number.encode()).hexdigest()[:40]}"


def find(reader: Reader, number: str) -> Document | None:
    """Find a message by its number, under whatever id; None if it is not here."""
    own = reader.read(f"Communication/{id_of_number(number)}")
    if own is not None:
        return own
    pairs = [("identifier", f"{system_of(number)}|{_escaped(number)}")]
    return next(iter(reader.find("Communication", pairs)), None)


def _escaped(value: str) -> str:
    """Write a value so that a search takes it for one value."""
    return "".join(f"\\{each}" if each in "\\,|$" else each for each in value)
