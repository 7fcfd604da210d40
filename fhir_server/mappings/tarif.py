"""Tarif as ChargeItemDefinition.

https://hl7.org/fhir/R4/chargeitemdefinition.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import CANONICAL, code_system, sid, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    identifier,
    identifier_of,
    period,
)
from fhir_server.sop.tarif import ALUR_TARIF

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.tarif import Tarif

TARIF, JENIS = code_system("tarif"), code_system("jenis-layanan-tarif")
KODE, PERATURAN = sid("tarif"), sid("peraturan")
JENIS_URL: Final = structure("jenis-layanan-tarif")
RUPIAH: Final = "IDR"
STATUS: Final = {"konsep": "draft", "aktif": "active", "dicabut": "retired"}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}


def to_fhir(tarif: Tarif, _id: str) -> Resources:
    """Write a price; its canonical URL is made of the ordinance and the code."""
    base: Any = {"type": "base", "amount": money(tarif.harga)}
    group: Any = {"priceComponent": [base]}
    priced = r4b.Extension(url=JENIS_URL, valueCodeableConcept=concept(JENIS, tarif.jenis))
    definition = r4b.ChargeItemDefinition(
        extension=[priced],
        url=f"{CANONICAL}/ChargeItemDefinition/{tarif.peraturan}-{tarif.kode}",
        identifier=[identifier(KODE, tarif.kode)],
        title=tarif.nama,
        derivedFromUri=[f"{PERATURAN}/{tarif.peraturan}"],
        status=STATUS[tarif.status],
        effectivePeriod=period(tarif.berlakuDari, tarif.berlakuSampai),
        code=concept(TARIF, tarif.kode),
        propertyGroup=[group],
    )
    return {"": definition}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a price."""
    definition = resources[""]
    kind = (extension_of(definition, JENIS_URL) or {}).get("valueCodeableConcept")
    sources = [each for each in definition.get("derivedFromUri", ()) if each.startswith(PERATURAN)]
    return {
        "kode": identifier_of(definition, KODE),
        "nama": definition.get("title"),
        "harga": price_of(definition),
        "jenis": code_of(kind, JENIS),
        "peraturan": sources[0].removeprefix(f"{PERATURAN}/") if sources else None,
        "berlakuDari": day_of(definition.get("effectivePeriod", {}).get("start")),
        "berlakuSampai": day_of(definition.get("effectivePeriod", {}).get("end")),
        "status": DIBACA.get(definition.get("status", "")),
    }


def money(amount: Decimal) -> Any:
    """Write an amount of rupiah."""
    return r4b.Money(value=amount, currency=RUPIAH)


def amount_of(found: Document | None) -> Decimal | None:
    """Read an amount of rupiah, exactly as written; None in another currency."""
    value = (found or {}).get("value")
    if value is None or (found or {}).get("currency", RUPIAH) != RUPIAH:
        return None
    return Decimal(str(value))


def price_of(definition: Document) -> Decimal | None:
    """Read the one base price of a tariff."""
    groups = definition.get("propertyGroup", ())
    parts = [part for group in groups for part in group.get("priceComponent", ())]
    prices = [amount_of(part.get("amount")) for part in parts if part.get("type") == "base"]
    return prices[0] if len(prices) == 1 else None


def is_tariff(definition: Document, canonical: str) -> bool:
    """Say whether a ChargeItemDefinition is a price of ours."""
    return identifier_of(definition, f"{canonical}/sid/tarif") is not None


def tariff_code(definition: Document) -> str:
    """Give the code of a tariff, below any canonical base."""
    numbers = definition.get("identifier", ())
    return next((str(n["value"]) for n in numbers if n.get("system", "").endswith("/tarif")), "")


JAGA: Final = Jaga(
    alur=ALUR_TARIF,
    resource_type="ChargeItemDefinition",
    applies=is_tariff,
    state_of=lambda definition: DIBACA.get(definition.get("status", "")),
    status=STATUS,
    name_of=tariff_code,
)

MAPPING = Mapping(
    resource_type="ChargeItemDefinition",
    profile="Tarif",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "kode": f"identifier={KODE}|{{}}",
        "nama": "title",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="title",
    constants=frozenset(
        {
            "ChargeItemDefinition.extension.url",
            "ChargeItemDefinition.extension.valueCodeableConcept.coding.system",
            "ChargeItemDefinition.identifier.system",
            "ChargeItemDefinition.code.coding.system",
            "ChargeItemDefinition.propertyGroup.priceComponent.type",
            "ChargeItemDefinition.propertyGroup.priceComponent.amount.currency",
        }
    ),
)
