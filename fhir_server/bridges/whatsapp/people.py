"""Who has a telephone number: exactly one person known here, or nobody. Nobody is invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.bridges.whatsapp.phone import spellings
from fhir_server.mappings.elements import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document


@dataclass(frozen=True, slots=True)
class Person:
    """A party of a chat, and the patient for whom it speaks, if any."""

    party: str
    patient: str | None = None


def who_has(reader: Reader, number: str) -> Person | None:
    """Find the one active person with this number; None if there is none, or more than one."""
    phone = [("phone", ",".join(spellings(number)))]
    found = [
        *(Person(f"pasien/{each}", each) for each in _ids(reader.find("Patient", phone))),
        *_family(_active(reader.find("RelatedPerson", phone))),
        *(Person(f"petugas/{each}") for each in _staff(reader, phone)),
    ]
    return found[0] if len(found) == 1 else None


def _family(people: Iterable[Document]) -> Iterator[Person]:
    for each in people:
        yield Person(f"keluarga/{each['id']}", id_of(each.get("patient"), "Patient"))


def _staff(reader: Reader, phone: list[tuple[str, str]]) -> Iterator[str]:
    """Give the roles of staff: the number is the role's own, or that of who has it."""
    roles = {*_ids(reader.find("PractitionerRole", phone))}
    for person in _ids(reader.find("Practitioner", phone)):
        pairs = [("practitioner", f"Practitioner/{person}")]
        roles.update(_ids(reader.find("PractitionerRole", pairs)))
    yield from sorted(roles)


def _ids(found: Iterable[Document]) -> Iterator[str]:
    yield from (each["id"] for each in _active(found))


def _active(found: Iterable[Document]) -> Iterator[Document]:
    yield from (each for each in found if each.get("active") is not False)
