"""Penjamin as Coverage.

https://hl7.org/fhir/R4/coverage.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    id_of,
    identifier,
    period,
    reference,
    several,
)
from fhir_server.sop.penjamin import ALUR_PENJAMIN, BPJS

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.penjamin import Penjamin

JENIS, NO_BPJS = code_system("jenis-penjamin"), sid("no-bpjs")
STATUS: Final = {"aktif": "active", "berhenti": "cancelled", "salah-entri": "entered-in-error"}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}


def to_fhir(penjamin: Penjamin, _id: str) -> Resources:
    """Write a coverage; who pays alone is the payor."""
    coverage = r4b.Coverage(
        identifier=several(identifier(NO_BPJS, penjamin.nomor)),
        status=STATUS[penjamin.status],
        type=concept(JENIS, penjamin.jenis),
        subscriberId=penjamin.nomor,
        beneficiary=reference("Patient", penjamin.pasien),
        period=period(penjamin.mulai, penjamin.sampai),
        payor=[_payor(penjamin)],
    )
    return {"": coverage}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a coverage."""
    coverage = resources[""]
    return {
        "pasien": id_of(coverage.get("beneficiary"), "Patient"),
        "jenis": code_of(coverage.get("type"), JENIS),
        "nomor": coverage.get("subscriberId"),
        "mulai": day_of(coverage.get("period", {}).get("start")),
        "sampai": day_of(coverage.get("period", {}).get("end")),
        "status": DIBACA.get(coverage.get("status", "")),
    }


def _payor(penjamin: Penjamin) -> Any:
    if penjamin.jenis == "umum":
        return reference("Patient", penjamin.pasien)
    who = "BPJS Kesehatan" if penjamin.jenis in BPJS else "Pemerintah daerah"
    return r4b.Reference(type="Organization", display=who)


def _is_ours(coverage: Document, canonical: str) -> bool:
    kinds = f"{canonical}/CodeSystem/jenis-penjamin"
    return code_of(coverage.get("type"), kinds) is not None


JAGA: Final = Jaga(
    alur=ALUR_PENJAMIN,
    resource_type="Coverage",
    applies=_is_ours,
    state_of=lambda coverage: DIBACA.get(coverage.get("status", "")),
    status=STATUS,
)

MAPPING = Mapping(
    resource_type="Coverage",
    profile="Penjamin",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "pasien": "patient=Patient/{}",
        "jenis": f"type={JENIS}|{{}}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    constants=frozenset(
        {"Coverage.identifier.system", "Coverage.type.coding.system", "Coverage.payor"}
    ),
)
