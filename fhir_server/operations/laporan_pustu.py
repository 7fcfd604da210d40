"""``Organization/[id]/$laporan-pustu``: the periodic report of a Pustu to its puskesmas (C14).

All field work that was due in the period and is the Pustu's or that of its people, with the
evaluations of it. Called again it brings the report up to date until the puskesmas received it.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fhir_server import exchange
from fhir_server.errors import BadRequest, Hidden, NotFound, RuleBroken
from fhir_server.interactions.answers import headers_of, location
from fhir_server.interactions.reader import StoreReader
from fhir_server.interactions.request import Answer
from fhir_server.mappings import tindak_lanjut
from fhir_server.mappings.elements import id_of
from fhir_server.mappings.tindak_lanjut import JENIS, JENIS_TUGAS
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop.laporan_pustu import LaporanPustu, akhir_periode

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.exchange import Presented
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

ENTITY = "laporan_pustu"
MONTHS = 1
"""What the operation reports where the clinic has decided on no period."""


def run(context: Context, call: Call) -> Answer:
    """Answer the Composition: 201 where it is new, 200 where one was brought up to date."""
    report = laporan(context, call.resource_id or "", _day(call.required("mulai")), call)
    made, status = _written(context, report)
    stored = context.store.read("Composition", made.id)
    if stored is None:
        raise NotFound(f"Composition/{made.id} was deleted at this moment.")
    headers = {**headers_of(stored), "Location": location(call.request.base, stored)}
    return Answer(status, stored.raw, headers)


def laporan(context: Context, pustu: str, mulai: date, call: Call) -> LaporanPustu:
    """Gather the report of a Pustu for the period that begins on ``mulai``."""
    reader = StoreReader(context)
    organization = reader.read(f"Organization/{pustu}")
    if organization is None:
        raise NotFound(f"There is no Organization/{pustu}.")
    parent = call.one("puskesmas") or id_of(organization.get("partOf"), "Organization")
    if parent is None:
        raise BadRequest(f"Organization/{pustu} is part of none; say puskesmas=.")
    last = akhir_periode(mulai, context.settings.laporan_pustu_bulan or MONTHS)
    found = [
        tindak_lanjut.from_fhir({"": each}) | {"id": each["id"]}
        for each in _tasks(reader, pustu, mulai, last)
    ]
    zone = ZoneInfo(context.settings.timezone)
    return LaporanPustu(
        pustu=pustu,
        faskes=parent,
        mulai=mulai,
        sampai=last,
        penyusun=call.required("penyusun"),
        waktu=context.clock().astimezone(zone).replace(microsecond=0),
        tugas=tuple(each["id"] for each in found),
        evaluasi=tuple(one for each in found for one in each["evaluasi"]),
        kendala=call.one("kendala"),
        usul=call.one("usul"),
    )


def _tasks(reader: StoreReader, pustu: str, first: date, last: date) -> list[Document]:
    """Find the work due in a period that is the Pustu's own or of somebody who works there."""
    staff = reader.find("PractitionerRole", [("organization", f"Organization/{pustu}")])
    owners = [f"Organization/{pustu}", *(f"PractitionerRole/{each['id']}" for each in staff)]
    pairs = [
        ("owner", ",".join(owners)),
        ("code", ",".join(f"{JENIS_TUGAS}|{each}" for each in JENIS)),
        ("due", f"ge{first}"),
        ("due", f"le{last}"),
        ("status:not", "entered-in-error"),
    ]
    found = reader.find("Task", pairs)
    return sorted(found, key=lambda each: (each.get("authoredOn", ""), each["id"]))


def _written(context: Context, report: LaporanPustu) -> tuple[Presented, int]:
    report_id = _id_of(report)
    try:
        standing = exchange.present(context, ENTITY, report_id)
    except (Hidden, NotFound):
        return exchange.publish(context, ENTITY, report, document_id=report_id), 201
    if standing.document.get("status") == "diterima":
        raise RuleBroken(
            f"Composition/{report_id} was received by the puskesmas and stays as it is.",
            indonesian=f"Laporan {report_id} sudah diterima puskesmas dan tidak berubah lagi.",
        )
    return exchange.revise(context, ENTITY, report_id, report, etag=standing.etag), 200


def _id_of(report: LaporanPustu) -> str:
    """Name the one report of a Pustu about a period."""
    return f"laporan-pustu-{report.mulai:%Y%m%d}-{sha256(report.pustu.encode()).hexdigest()[:8]}"


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise BadRequest(f"mulai={text!r} is not a day; right is 2024-07-01.") from None


OPERATION = Operation(
    name="laporan-pustu",
    types=("Organization",),
    levels=frozenset({"instance"}),
    says="Make the periodic report of a Pustu to its puskesmas (C14).",
    affects_state=True,
    parameters=(
        Parameter("mulai", "date", minimum=1, says="First day of the period."),
        Parameter("penyusun", "id", minimum=1, says="Who reports, a PractitionerRole."),
        Parameter("puskesmas", "id", says="Who receives it; the parent of the Pustu if absent."),
        Parameter("kendala", "string", says="What went wrong."),
        Parameter("usul", "string", says="What the Pustu proposes."),
        Parameter("return", "Composition", use="out", minimum=1, says="The report."),
    ),
    run=run,
)
