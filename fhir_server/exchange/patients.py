"""Whether the patients that a SOP document names are there: nothing is written about nobody.

Who was there is remembered for a minute: a visit writes one document after the other, and one
about a patient who was deleted a moment ago is no other than one written a moment before.
"""

from __future__ import annotations

import time
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from fhir_server.errors import Forbidden, Hidden
from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from dataclasses import Field

    from fhir_server.context import Context
    from fhir_server.sop.dokumen import Dokumen
    from fhir_server.store.mongo import Store

SECONDS: Final = 60.0
MOST: Final = 10_000
_there: WeakKeyDictionary[Store, dict[str, float]] = WeakKeyDictionary()
"""For each store until when which patients need not be looked for again."""


def unknown(
    context: Context, document: Dokumen, before: Mapping[str, Any] | None = None
) -> Iterator[Teguran]:
    """Find every patient a document newly names who is not there, or was deleted.

    Who may not read a patient is not told whether there is one; rights are judged at the write.
    """
    known = set() if before is None else {each for _, each in _before(type(document), before)}
    for where, patient in _named(document):
        if patient not in known and _is_missing(context, patient):
            known.add(patient)
            yield Teguran(
                where,
                f"tidak ada pasien dengan id {patient}.",
                "id pasien yang tercatat; cari, atau daftarkan dahulu (/sop/v1/pasien).",
                "§2.1/1",
                english=f"{where}: there is no patient with id {patient}. Register them first.",
            )


def _is_missing(context: Context, patient: str) -> bool:
    there = _there.setdefault(context.store.unguarded, {})
    if there.get(patient, 0.0) > time.monotonic():
        return False
    try:
        found = context.store.read("Patient", patient)
    except (Hidden, Forbidden):
        return False
    if found is None or found.text is None:
        return True
    if len(there) >= MOST:
        there.clear()
    there[patient] = time.monotonic() + SECONDS
    return False


def _named(document: Any, inside: str = "") -> Iterator[tuple[str, str]]:
    for each in fields(document):
        yield from _of(each, getattr(document, each.name), f"{inside}{each.name}")


def _before(kind: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in fields(kind):
        yield from _of(each, values.get(each.name), each.name)


def _of(field: Field[Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Give the ids of patients in a field, or in the parts it holds, each with its place."""
    is_patient = field.metadata.get("rujuk") == "pasien"
    if isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from _of(field, each, f"{where}[{place}]")
    elif is_patient and isinstance(value, str):
        yield where, value
    elif is_dataclass(value):
        yield from _named(value, f"{where}.")
