"""A message by its WhatsApp number (wamid), whoever wrote it down; BR-W2: one number, one message.

What the webhook itself writes has an id made from the number, so it is written once however often
it is delivered and however many workers try.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from fhir_server.mappings.pesan_chat import system_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document


MOST_VALUES: Final = 100


def id_of_number(number: str) -> str:
    """Give the id of the Communication that the webhook makes of a message."""
    return f"wa-{hashlib.sha256(number.encode()).hexdigest()[:40]}"


def find(reader: Reader, number: str) -> Document | None:
    """Find a message by its number, under whatever id; None if it is not here."""
    own = reader.read(f"Communication/{id_of_number(number)}")
    if own is not None:
        return own
    pairs = [("identifier", f"{system_of(number)}|{escaped(number)}")]
    return next(iter(reader.find("Communication", pairs)), None)


def there(reader: Reader, several: Sequence[str]) -> frozenset[str]:
    """Give those numbers whose messages are here, under whatever id."""
    by_id = {id_of_number(each): each for each in several}
    by_value = {f"{system_of(each)}|{each}": each for each in several}
    found: set[str] = set()
    for some in parts(list(by_id)):
        own = reader.find("Communication", [("_id", ",".join(some))])
        found.update(by_id[each["id"]] for each in own)
    for some in parts([each for each in several if each not in found]):
        asked = ",".join(f"{system_of(each)}|{escaped(each)}" for each in some)
        for message in reader.find("Communication", [("identifier", asked)]):
            tokens = (f"{e.get('system')}|{e.get('value')}" for e in message.get("identifier", ()))
            found.update(by_value[each] for each in tokens if each in by_value)
    return frozenset(found)


def parts(several: Sequence[str], most: int = MOST_VALUES) -> Iterator[Sequence[str]]:
    """Part values so that a search may ask for each part."""
    yield from (several[start : start + most] for start in range(0, len(several), most))


def escaped(value: str) -> str:
    """Write a value so that a search takes it for one value."""
    return "".join(f"\\{each}" if each in "\\,|$" else each for each in value)
