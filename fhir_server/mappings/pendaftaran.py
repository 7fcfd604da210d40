"""BR-B3 and NIK-UNIK on the write road: the unit of a visit, and one record for one NIK.

The refusal does not name the other record. The database holds the digests of the NIK in a unique
index, so that of many that come at once one is first, and no NIK stands outside the record itself.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from fhir_server.mappings.codes import NIK
from fhir_server.mappings.rules import Rule, Unique, refuse
from fhir_server.sop.pendaftaran import BR_B3, NIK_UNIK, nik_terdaftar, tujuan
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rules for the units below a canonical base."""
    base = canonical.rstrip("/")

    def registered(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return bool(_units(document, base)) or _has_number(document, base)

    def check_unit(concerns: Sequence[Concern], facts: Facts) -> Check:  # noqa: ARG001 - needs none
        refuse(_destinations(concerns, base))
        return Check((), (), lambda _: None)

    return (Rule(BR_B3, frozenset({"Encounter"}), registered, check_unit),)


def identified(document: Document) -> bool:
    """Say whether a record is in use and has a NIK."""
    replaced = any(each.get("type") == "replaced-by" for each in document.get("link", ()))
    return document.get("active") is not False and not replaced and bool(numbers(document))


def numbers(patient: Document) -> set[str]:
    """Give the NIK of a patient, but for those that are marked old."""
    return {
        str(each["value"])
        for each in patient.get("identifier", ())
        if each.get("system") == NIK and each.get("value") and each.get("use") != "old"
    }


def claims(patient: Document) -> list[str]:
    """Give what only this record may have: its NIK, digested, while it is in use."""
    if not identified(patient):
        return []
    return [f"{NIK_UNIK}|{sha256(each.encode()).hexdigest()}" for each in sorted(numbers(patient))]


UNIQUE = Unique(NIK_UNIK, "Patient", claims, nik_terdaftar, "identifier")


def _destinations(concerns: Sequence[Concern], base: str) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        for code in _units(concern.document, base) or [None]:
            if wrong := tujuan(code):
                yield concern, "serviceType", wrong


def _units(encounter: Document, base: str) -> list[str | None]:
    codings = encounter.get("serviceType", {}).get("coding", ())
    units = f"{base}/CodeSystem/unit-layanan"
    return [each.get("code") for each in codings if each.get("system") == units]


def _has_number(encounter: Document, base: str) -> bool:
    """Say whether an Encounter was registered at a puskesmas: it has a number of registration."""
    ours = f"{base}/sid/no-registrasi/"
    return any(each.get("system", "").startswith(ours) for each in encounter.get("identifier", ()))
