"""Whether the patients that a SOP document names are there: nothing is written about nobody."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Forbidden, Hidden
from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from dataclasses import Field

    from fhir_server.context import Context
    from fhir_server.sop.dokumen import Dokumen


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
    try:
        found = context.store.read("Patient", patient)
    except (Hidden, Forbidden):
        return False
    return found is None or found.text is None


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
