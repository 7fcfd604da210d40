"""Tagihan as Invoice, with one ChargeItem for every service.

https://hl7.org/fhir/R4/invoice.html
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
)
from fhir_server.mappings.kunjungan import CARA_BAYAR_URL, PENJAMIN
from fhir_server.mappings.tarif import KODE, TARIF, amount_of, money, price_of
from fhir_server.sop.penjamin import ditanggung
from fhir_server.sop.tagihan import ALUR_TAGIHAN, ButirTagihan
from fhir_server.sop.tarif import BR_B22

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.tagihan import Tagihan
    from fhir_server.store.ops import Condition

NOMOR: Final = "no-tagihan"
PERAN: Final = code_system("peran-petugas")
ITEM: Final = "item-"
STATUS: Final = {
    "draf": ("draft", "billable"),
    "terbit": ("issued", "billable"),
    "lunas": ("balanced", "billed"),
    "batal": ("cancelled", "aborted"),
    "salah-entri": ("entered-in-error", "entered-in-error"),
}
"""Status of the bill → Invoice.status, ChargeItem.status."""
DIBACA: Final = {invoice: sop for sop, (invoice, _) in STATUS.items()}
LAYANAN: Final = {
    "kunjungan": "Encounter",
    "tindakan": "Procedure",
    "pemeriksaan": "Observation",
    "obat": "MedicationDispense",
    "imunisasi": "Immunization",
    "lab": "DiagnosticReport",
}
"""Kind of service → what it is in FHIR; a visit is charged by the context of the ChargeItem."""
DILAYANI: Final = {fhir: sop for sop, fhir in LAYANAN.items()}


def to_fhir(tagihan: Tagihan, own_id: str) -> Resources:
    """Write the bill and its charges."""
    roles = [f"{ITEM}{place}" for place, _ in enumerate(tagihan.item, 1)]
    charges = {r: _charge(tagihan, each) for r, each in zip(roles, tagihan.item, strict=True)}
    return {"": _invoice(tagihan, [part_id(own_id, role) for role in roles]), **charges}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a bill; what is covered is what the lines' prices exceed the total by."""
    invoice = resources[""]
    lines = invoice.get("lineItem", ())
    charges = [resources.get(f"{ITEM}{place}", {}) for place, _ in enumerate(lines, 1)]
    items = [_item_of(c, line) for c, line in zip(charges, lines, strict=True)]
    payer = (extension_of(invoice, CARA_BAYAR_URL) or {}).get("valueCodeableConcept")
    total = amount_of(invoice.get("totalGross"))
    whole = sum((amount_of(b.get("amount")) or Decimal() for b in map(base_of, lines)), Decimal())
    actors = [each.get("actor") for each in invoice.get("participant", ())]
    return {
        "faskes": id_of(invoice.get("issuer"), "Organization"),
        "nomor": identifier_of(invoice, sid(NOMOR) + "/"),
        "pasien": id_of(invoice.get("subject"), "Patient"),
        "kunjungan": next(
            (v for c in charges if (v := id_of(c.get("context"), "Encounter"))), None
        ),
        "waktu": instant_of(invoice.get("date")),
        "item": tuple(each for each in items if each is not None),
        "kasir": next(iter(ids_of(filter(None, actors), "PractitionerRole")), None),
        "status": DIBACA.get(invoice.get("status", "")),
        "alasanBatal": invoice.get("cancelledReason"),
        "penjamin": code_of(payer, PENJAMIN),
        "total": total,
        "ditanggung": None if total is None else whole - total,
    }


def parts(invoice: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the charges in the order of the lines."""
    found = [id_of(e.get("chargeItemReference"), "ChargeItem") for e in invoice.get("lineItem", ())]
    return {f"{ITEM}{place}": f"ChargeItem/{e}" for place, e in enumerate(found, 1) if e}


def complete(
    tagihan: Tagihan, before: Table[str, Any] | None, reader: Reader
) -> tuple[Tagihan, tuple[Condition, ...]]:
    """Find who pays, and the price of every service; a price that was said is kept, and judged."""
    payer = (before or {}).get("penjamin") or _payer(tagihan, reader)
    items = tuple(_priced(tagihan, place, each, reader) for place, each in enumerate(tagihan.item))
    whole = sum((subtotal(each) for each in items), Decimal())
    covered = whole if ditanggung(payer) else Decimal()
    return replace(
        tagihan, penjamin=payer, item=items, total=whole - covered, ditanggung=covered
    ), ()


def subtotal(item: ButirTagihan) -> Decimal:
    """Multiply exactly; a price that is not known counts nothing."""
    return (item.harga or Decimal()) * item.jumlah


def base_of(line: Document) -> Document:
    """Give the base price of a line, if it has exactly one."""
    found = [each for each in line.get("priceComponent", ()) if each.get("type") == "base"]
    only: Document = found[0] if len(found) == 1 else {}
    return only


def _payer(tagihan: Tagihan, reader: Reader) -> Any:
    """Ask the visit who pays, else the patient's coverage; nobody known: the patient."""
    visit = reader.read(f"Encounter/{tagihan.kunjungan}")
    if visit is None:
        raise Invalid([_wrong("kunjungan", "tidak ada kunjungan ini.", "id kunjungan pasien.")])
    said = (extension_of(visit, CARA_BAYAR_URL) or {}).get("valueCodeableConcept")
    if (code := code_of(said, PENJAMIN)) is not None:
        return code
    pairs = [("patient", f"Patient/{tagihan.pasien}"), ("status", "active")]
    kinds = [code_of(each.get("type"), PENJAMIN) for each in reader.find("Coverage", pairs)]
    return next((each for each in kinds if ditanggung(each)), "umum")


def _priced(tagihan: Tagihan, place: int, item: ButirTagihan, reader: Reader) -> ButirTagihan:
    pairs = [("identifier", f"{KODE}|{item.tarif}"), ("status", "active")]
    day = tagihan.waktu.date().isoformat()
    known = [each for each in reader.find("ChargeItemDefinition", pairs) if in_force(each, day)]
    if not known:
        says = f"tidak ada tarif {item.tarif} yang berlaku pada {day}."
        raise Invalid([_wrong(f"item[{place}].tarif", says, "kode tarif yang berlaku.", BR_B22)])
    definition = known[-1]
    return replace(
        item,
        harga=price_of(definition) if item.harga is None else item.harga,
        nama=definition.get("title"),
        definisi=definition.get("url"),
    )


def in_force(definition: Document, day: str) -> bool:
    """Say whether a tariff is in force on a day."""
    span = definition.get("effectivePeriod", {})
    start, end = span.get("start", "0000")[:10], span.get("end", "9999")[:10]
    return definition.get("status") == "active" and start <= day[:10] and day[: len(end)] <= end


def _wrong(where: str, says: str, right: str, rule: str | None = None) -> Issue:
    words = f"{where}: {says} Seharusnya: {right}" + (f" ({rule})" if rule else "")
    code = "business-rule" if rule else "value"
    return Issue(code, words, where, indonesian=words, rule=rule)


def _invoice(tagihan: Tagihan, charges: list[str]) -> Any:
    payer = concept(PENJAMIN, tagihan.penjamin)
    cashier = reference("PractitionerRole", tagihan.kasir)
    role: Any = {"role": concept(PERAN, "kasir"), "actor": cashier}
    lines = [
        _line(tagihan, place, each, charge)
        for place, (each, charge) in enumerate(zip(tagihan.item, charges, strict=True), 1)
    ]
    return r4b.Invoice(
        extension=[r4b.Extension(url=CARA_BAYAR_URL, valueCodeableConcept=payer)]
        if payer
        else None,
        identifier=[identifier(sid(NOMOR, tagihan.faskes), tagihan.nomor)],
        status=STATUS[tagihan.status][0],
        cancelledReason=tagihan.alasanBatal,
        subject=reference("Patient", tagihan.pasien),
        recipient=reference("Patient", tagihan.pasien),
        date=tagihan.waktu,
        participant=[role] if cashier else None,
        issuer=reference("Organization", tagihan.faskes),
        lineItem=lines,
        totalNet=None if tagihan.total is None else money(tagihan.total),
        totalGross=None if tagihan.total is None else money(tagihan.total),
    )


def _line(tagihan: Tagihan, place: int, item: ButirTagihan, charge: str) -> Any:
    amount = subtotal(item)
    base: Any = {
        "type": "base",
        "code": concept(TARIF, item.tarif),
        "factor": item.jumlah,
        "amount": money(amount),
    }
    borne: Any = {
        "type": "deduction",
        "code": concept(PENJAMIN, tagihan.penjamin),
        "amount": money(-amount),
    }
    return {
        "sequence": place,
        "chargeItemReference": reference("ChargeItem", charge),
        "priceComponent": [base, borne] if ditanggung(tagihan.penjamin) else [base],
    }


def _charge(tagihan: Tagihan, item: ButirTagihan) -> Any:
    kind, _, service = item.layanan.partition("/")
    free = ditanggung(tagihan.penjamin) and tagihan.status in {"draf", "terbit", "lunas"}
    named = None if kind == "kunjungan" else [reference(LAYANAN[kind], service)]
    return r4b.ChargeItem(
        definitionUri=[item.definisi] if item.definisi else None,
        status="not-billable" if free else STATUS[tagihan.status][1],
        code=concept(TARIF, item.tarif, item.nama),
        subject=reference("Patient", tagihan.pasien),
        context=reference("Encounter", tagihan.kunjungan),
        occurrenceDateTime=tagihan.waktu,
        performingOrganization=reference("Organization", tagihan.faskes),
        quantity=r4b.Quantity(value=item.jumlah),
        service=named,
    )


def _item_of(charge: Document, line: Document) -> ButirTagihan | None:
    code = code_of(charge.get("code"), TARIF)
    quantity = Decimal(str(charge.get("quantity", {}).get("value", 1)))
    amount = amount_of(base_of(line).get("amount"))
    if code is None:
        return None
    return ButirTagihan(
        tarif=code,
        layanan=_service_of(charge),
        jumlah=quantity,
        harga=None if amount is None or not quantity else amount / quantity,
        nama=charge["code"]["coding"][0].get("display"),
        definisi=next(iter(charge.get("definitionUri", ())), None),
    )


def _service_of(charge: Document) -> str:
    """Name the service; a charge without one is for its visit."""
    for each in charge.get("service", ()):
        kind, _, service = each.get("reference", "").rpartition("/")
        if (name := DILAYANI.get(kind.rpartition("/")[2])) is not None:
            return f"{name}/{service}"
    return f"kunjungan/{id_of(charge.get('context'), 'Encounter') or ''}"


def is_bill(invoice: Document, canonical: str) -> bool:
    """Say whether an Invoice is a bill of ours, by its number."""
    return identifier_of(invoice, f"{canonical}/sid/{NOMOR}/") is not None


JAGA: Final = Jaga(
    alur=ALUR_TAGIHAN,
    resource_type="Invoice",
    applies=is_bill,
    state_of=lambda invoice: DIBACA.get(invoice.get("status", "")),
    status={sop: invoice for sop, (invoice, _) in STATUS.items()},
)

MAPPING = Mapping(
    resource_type="Invoice",
    profile="TagihanLayanan",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={"ChargeItem": "ButirTagihan"},
    complete=complete,
    filters={
        "nomor": "identifier",
        "pasien": "patient=Patient/{}",
        "waktu": "date",
        "status": lambda status: f"status={STATUS.get(status, (status,))[0]}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Invoice.extension.url",
            "Invoice.extension.valueCodeableConcept.coding.system",
            "Invoice.identifier.system",
            "Invoice.participant.role",
            "Invoice.lineItem.sequence",
            "Invoice.lineItem.chargeItemReference",
            "Invoice.lineItem.priceComponent.type",
            "Invoice.lineItem.priceComponent.code.coding.system",
            "Invoice.lineItem.priceComponent.amount.currency",
            "Invoice.totalNet.currency",
            "Invoice.totalGross.currency",
            "ChargeItem.code.coding.system",
        }
    ),
)
