"""What many messages will ask the store, asked at once: are they there, who wrote, where.

It holds for as long as a batch is worked off, a second or so; whatever is written under an id made
of the message meets its like in the store all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fhir_server.bridges.whatsapp import cases, numbers, people, threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.bridges.whatsapp.cloud import Incoming
    from fhir_server.bridges.whatsapp.people import Person
    from fhir_server.mappings import Reader


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found: messages that are there, people by number, threads, who has no case."""

    there: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    people: dict[str, Person | None] = field(default_factory=dict)
    threads: threads.Known = field(default_factory=threads.Known)
    without_case: set[str] = field(default_factory=set)

    def is_there(self, reader: Reader, number: str) -> bool:
        """Tell whether a message is stored, under whatever id (BR-W2)."""
        if number in self.asked:
            return number in self.there
        return numbers.find(reader, number) is not None

    def who_has(self, reader: Reader, number: str) -> Person | None:
        """Give the one person with a telephone number."""
        if number not in self.people:
            self.people[number] = people.who_has(reader, number)
        return self.people[number]


def look(reader: Reader, messages: Sequence[Incoming]) -> Seen:
    """Look for everything that messages will ask for."""
    asked = dict.fromkeys(each.number for each in messages)
    keys = dict.fromkeys(threads.key_of(each.line.id, each.sender) for each in messages)
    known = people.all_who_have(reader, list(dict.fromkeys(each.sender for each in messages)))
    patients = sorted({each.patient for each in known.values() if each and each.patient})
    return Seen(
        numbers.there(reader, list(asked)),
        frozenset(asked),
        known,
        threads.look(reader, list(keys), patients),
        cases.without_any(reader, patients),
    )
