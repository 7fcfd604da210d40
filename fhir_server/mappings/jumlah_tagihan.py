"""BR-B21 and BR-B22 on the write road: every line at the tariff's price, the total their sum.

Judged are bills of ours: by their number, or by a line with a tariff of ours.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from fhir_server.mappings.elements import code_of, identifier_of
from fhir_server.mappings.puskesmas import by_ids, by_references, referred
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.mappings.tagihan import base_of, is_bill
from fhir_server.mappings.tarif import amount_of, price_of
from fhir_server.sop.tagihan import DUA_KALI, TANPA_LAYANAN, nilai_baris, nilai_total
from fhir_server.sop.tarif import BR_B22
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.search.plan import Plan
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

WITHDRAWN = ("cancelled", "entered-in-error")
GONE = ("aborted", "entered-in-error")
BESIDE = ("surcharge", "deduction", "discount", "tax")


class Known(NamedTuple):
    """What the store knows of the written bills."""

    base: str
    charges: dict[str, Document]
    definitions: list[Document]
    bills: list[Document]


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the code systems below a canonical base."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if document.get("status") in WITHDRAWN:
            return False
        return is_bill(document, base) or any(_tariff(e, base) for e in _lines(document))

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        lines = [line for each in concerns for line in _lines(each.document)]
        charges = referred((each.get("chargeItemReference") for each in lines), "ChargeItem")
        codes = sorted({code for each in lines if (code := _tariff(each, base))})
        owners = referred((each.document.get("subject") for each in concerns), "Patient")
        patients = [f"Patient/{each}" for each in owners]
        plans = (
            by_ids(facts, "ChargeItem", charges),
            _definitions(facts, base, codes),
            by_references(facts, "Invoice", "patient", patients),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            charged, priced, bills = (documents(each) for each in found)
            live = [each for each in bills if each.get("status") not in WITHDRAWN]
            by_name = {f"ChargeItem/{each['id']}": each for each in charged}
            refuse(_verdicts(concerns, Known(base, by_name, priced, live)))

        guards = tuple(f"{BR_B22}|bill|{each}" for each in patients)
        return Check(guards, plans, decide, when="after")

    return (Rule(f"{BR_B22} tagihan", frozenset({"Invoice"}), applies, check),)


def _definitions(facts: Facts, base: str, codes: Sequence[str]) -> Plan:
    wanted = [f"{base}/sid/tarif|{code}" for code in codes or ("-",)]
    return facts("ChargeItemDefinition", [("identifier", ",".join(wanted))])


def _verdicts(concerns: Sequence[Concern], known: Known) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        bill = concern.document
        for place, line in enumerate(_lines(bill)):
            for reproof in _line(line, place, bill, known):
                yield concern, f"lineItem[{place}]", reproof
        whole = sum((_sum(each) for each in _lines(bill)), Decimal())
        for element in ("totalNet", "totalGross"):
            if wrong := nilai_total(whole, amount_of(bill.get(element))):
                yield concern, element, wrong
        if any(each.get("type") in BESIDE for each in bill.get("totalPriceComponent", ())):
            yield concern, "totalPriceComponent", TANPA_LAYANAN


def _line(line: Document, place: int, bill: Document, known: Known) -> Iterator[Teguran]:
    """Judge one line by its charge and the tariff the charge names."""
    name = local(line.get("chargeItemReference"), "ChargeItem")
    charge = known.charges.get(name or "", {})
    if not charge or charge.get("status") in GONE or _owner(charge) != _owner(bill):
        yield TANPA_LAYANAN
        return
    earlier = [
        local(each.get("chargeItemReference"), "ChargeItem") for each in _lines(bill)[:place]
    ]
    if name in earlier or any(name in _charges(e) for e in known.bills if e["id"] != bill["id"]):
        yield DUA_KALI
    beside = sum((_amount(p) for p in line["priceComponent"] if p["type"] in BESIDE), Decimal())
    wrong = nilai_baris(
        _price(line, charge, known),
        amount_of(base_of(line).get("amount")),
        beside,
        ditanggung=charge.get("status") == "not-billable",
    )
    if wrong:
        yield wrong


def _price(line: Document, charge: Document, known: Known) -> Decimal | None:
    """Multiply the tariff's price by the quantity; None where line and charge disagree."""
    codes = f"{known.base}/CodeSystem/tarif"
    code = _tariff(line, known.base)
    urls = [*charge.get("definitionUri", ()), *charge.get("definitionCanonical", ())]
    if code is None or code != code_of(charge.get("code"), codes):
        return None
    for each in known.definitions:
        mine = identifier_of(each, f"{known.base}/sid/tarif") == code
        if mine and each.get("url") in urls and (price := price_of(each)) is not None:
            return price * Decimal(str(charge.get("quantity", {}).get("value", 1)))
    return None


def _tariff(line: Document, base: str) -> str | None:
    return code_of(base_of(line).get("code"), f"{base}/CodeSystem/tarif")


def _sum(line: Document) -> Decimal:
    counted = (p for p in line.get("priceComponent", ()) if p.get("type") in ("base", *BESIDE))
    return sum((_amount(each) for each in counted), Decimal())


def _amount(component: Document) -> Decimal:
    return amount_of(component.get("amount")) or Decimal()


def _lines(bill: Document) -> list[Document]:
    found: list[Document] = bill.get("lineItem", [])
    return found


def _charges(bill: Document) -> list[str | None]:
    return [local(each.get("chargeItemReference"), "ChargeItem") for each in _lines(bill)]


def _owner(document: Document) -> str | None:
    return local(document.get("subject"), "Patient")
