"""What is handed over against what was prescribed: read when a PenyerahanObat is written."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings.codes import KFA
from fhir_server.mappings.elements import code_of, id_of
from fhir_server.sop.penyerahan_obat import ObatResep, sesuai_resep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.penyerahan_obat import PenyerahanObat

RETRACTED: Final = ("cancelled", "entered-in-error", "stopped")
VOID: Final = ("declined", "cancelled", "entered-in-error", "stopped")


def as_prescribed(
    penyerahan: PenyerahanObat, before: Table[str, Any] | None, reader: Reader
) -> tuple[PenyerahanObat, tuple[()]]:
    """Refuse a handing over that its prescription does not cover; a change keeps what it was."""
    same = ("resep", "pasien", "obat", "jumlah")
    if before is None or any(before.get(each) != getattr(penyerahan, each) for each in same):
        drug = reader.read(f"MedicationRequest/{penyerahan.resep}")
        known = None if drug is None else _of(drug, before is not None, reader)
        if wrong := list(sesuai_resep(penyerahan, known)):
            raise Invalid(
                [
                    Issue("business-rule", e.kalimat, e.bidang, indonesian=e.kalimat, rule=e.aturan)
                    for e in wrong
                ]
            )
    return penyerahan, ()


def _of(drug: Document, changed: bool, reader: Reader) -> ObatResep:  # noqa: FBT001 - a fact
    asked = drug.get("dispenseRequest", {}).get("quantity", {}).get("value")
    given = Decimal(0) if changed else total(dispensed(drug["id"], reader))
    return ObatResep(
        pasien=id_of(drug.get("subject"), "Patient"),
        obat=code_of(drug.get("medicationCodeableConcept"), KFA),
        status="dibatalkan" if drug.get("status") in RETRACTED else None,
        jumlah=None if asked is None else Decimal(str(asked)),
        sudah=given,
    )


def dispensed(drug: str, reader: Reader) -> list[Document]:
    """Read what of a drug was handed over or is on its way."""
    pairs = [("prescription", f"MedicationRequest/{drug}")]
    return [e for e in reader.find("MedicationDispense", pairs) if e.get("status") not in VOID]


def total(dispenses: Iterable[Document]) -> Decimal:
    """Add up how much dispenses hand over."""
    amounts = (each.get("quantity", {}).get("value", 0) for each in dispenses)
    return sum((Decimal(str(each)) for each in amounts), Decimal(0))
