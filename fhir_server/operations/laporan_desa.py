"""``Composition/$laporan-desa``: the midwife's complete report of a village (SOP Chat, step 3).

All that was learnt in the village in a period, every patient with a contact kept or missed
(BR-A3), the Task for the doctor and the notice to her. Called again for the same village, period
and midwife it brings the report up to date, until the doctor has reviewed it.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fhir_server import exchange
from fhir_server.errors import BadRequest, Hidden, NotFound, RuleBroken
from fhir_server.interactions.answers import headers_of, location
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop.laporan_pemantauan_desa import LaporanPemantauanDesa

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.exchange import Presented
    from fhir_server.operations.call import Call

ENTITY = "laporan_pemantauan_desa"


def run(context: Context, call: Call) -> Answer:
    """Answer the Composition: 201 where it is new, 200 where one was brought up to date."""
    report = _asked(context, call)
    made, status = _written(context, _id_of(report), report)
    stored = context.store.read("Composition", made.id)
    if stored is None:
        raise NotFound(f"Composition/{made.id} was deleted at this moment.")
    headers = {**headers_of(stored), "Location": location(call.request.base, stored)}
    return Answer(status, stored.raw, headers)


def _id_of(report: LaporanPemantauanDesa) -> str:
    """Name the one report of a midwife about a village and a period."""
    midwife = sha256(report.bidan.encode()).hexdigest()[:8]
    return f"laporan-{report.desa}-{report.mulai:%Y%m%d}-{report.sampai:%Y%m%d}-{midwife}"


def _asked(context: Context, call: Call) -> LaporanPemantauanDesa:
    now = context.clock().astimezone(ZoneInfo(context.settings.timezone)).replace(microsecond=0)
    first = _day("mulai", call.required("mulai"))
    return LaporanPemantauanDesa(
        desa=call.required("desa"),
        mulai=first,
        sampai=_day("sampai", call.one("sampai")) if call.one("sampai") else first,
        bidan=call.required("bidan"),
        dokter=call.required("dokter"),
        faskes=call.one("faskes"),
        catatan=call.one("catatan"),
        dibuat=now,
    )


def _written(
    context: Context, report_id: str, report: LaporanPemantauanDesa
) -> tuple[Presented, int]:
    try:
        standing = exchange.present(context, ENTITY, report_id)
    except (Hidden, NotFound):
        return exchange.publish(context, ENTITY, report, document_id=report_id), 201
    if standing.document.get("status") == "ditinjau":
        raise RuleBroken(
            f"Composition/{report_id} was reviewed by the doctor and stays as it is.",
            indonesian=f"Laporan {report_id} sudah ditinjau dokter dan tidak berubah lagi.",
        )
    return exchange.revise(context, ENTITY, report_id, report, etag=standing.etag), 200


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"{name}={text!r} is not a day; right is 2024-08-05.") from None


OPERATION = Operation(
    name="laporan-desa",
    types=("Composition",),
    levels=frozenset({"type"}),
    affects_state=True,
    says="Builds the midwife's complete report of a village for the doctor (SOP Chat, BR-A3).",
    parameters=(
        Parameter("desa", "code", minimum=1, says="The village, ten digits."),
        Parameter("mulai", "date", minimum=1, says="First day of the period."),
        Parameter("sampai", "date", says="Last day of the period; the first if absent."),
        Parameter("bidan", "id", minimum=1, says="Who reports (PractitionerRole)."),
        Parameter("dokter", "id", minimum=1, says="To whom (PractitionerRole)."),
        Parameter("faskes", "id", says="The puskesmas (Organization)."),
        Parameter("catatan", "string", says="What the midwife adds."),
        Parameter("return", "Composition", use="out", minimum=1, says="The report."),
    ),
    run=run,
)
