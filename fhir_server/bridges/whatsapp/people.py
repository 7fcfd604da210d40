"""Who has a telephone number: exactly one person known here, or nobody. Nobody is invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fhir_server.bridges.whatsapp.numbers import escaped, parts
from fhir_server.bridges.whatsapp.phone import spellings
from fhir_server.mappings.elements import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document


ROLE: Final = "PractitionerRole"
AT_ONCE: Final = 16
"""Numbers in one search; each is written in some fifteen ways."""


@dataclass(frozen=True, slots=True)
class Person:
    """A party of a chat, and the patient for whom it speaks, if any."""

    party: str
    patient: str | None = None


def who_has(reader: Reader, number: str) -> Person | None:
    """Find the one active person with this number; None if there is none, or more than one."""
    return all_who_have(reader, [number])[number]


def all_who_have(reader: Reader, numbers: Sequence[str]) -> dict[str, Person | None]:
    """Find for each number the one active person who has it; None: there is none, or several."""
    found: dict[str, list[Person]] = {each: [] for each in numbers}
    for some in parts(numbers, AT_ONCE):
        written = {each: number for number in some for each in spellings(number)}
        for person, has in _people(reader, written):
            for number in has:
                found[number].append(person)
    return {number: some[0] if len(some) == 1 else None for number, some in found.items()}


def _people(reader: Reader, written: Mapping[str, str]) -> Iterator[tuple[Person, set[str]]]:
    """Give the people who have any of some numbers, and which of them they have."""
    phone = [("phone", ",".join(map(escaped, written)))]
    for each in _active(reader.find("Patient", phone)):
        yield Person(f"pasien/{each['id']}", each["id"]), _has(each, written)
    for each in _active(reader.find("RelatedPerson", phone)):
        patient = id_of(each.get("patient"), "Patient")
        yield Person(f"keluarga/{each['id']}", patient), _has(each, written)
    for role, has in _staff(reader, phone, written).items():
        yield Person(f"petugas/{role}"), has


def _staff(
    reader: Reader, phone: list[tuple[str, str]], written: Mapping[str, str]
) -> dict[str, set[str]]:
    """Give the roles of staff: the number is the role's own, or that of who has it."""
    roles = {each["id"]: _has(each, written) for each in _active(reader.find(ROLE, phone))}
    people = {
        f"Practitioner/{each['id']}": _has(each, written)
        for each in _active(reader.find("Practitioner", phone))
    }
    if people:
        pairs = [("practitioner", ",".join(sorted(people)))]
        for each in _active(reader.find(ROLE, pairs)):
            name = f"Practitioner/{id_of(each.get('practitioner'), 'Practitioner')}"
            roles.setdefault(each["id"], set()).update(people.get(name, ()))
    return dict(sorted(roles.items()))


def _has(person: Document, written: Mapping[str, str]) -> set[str]:
    """Say which of the numbers a person has, as they may be written."""
    phones = [e.get("value", "") for e in person.get("telecom", ()) if e.get("system") == "phone"]
    return {written[each] for each in phones if each in written}


def _active(found: Iterable[Document]) -> Iterator[Document]:
    yield from (each for each in found if each.get("active") is not False)
