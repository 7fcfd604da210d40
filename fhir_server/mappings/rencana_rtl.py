"""The follow-up plan of a PWS analysis as CarePlan: one activity each, which become Tasks (C12).

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, concept, day_of, id_of, ids_of, period, reference
from fhir_server.mappings.pihak import party, party_of
from fhir_server.sop.analisis_pws import KegiatanRtl

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document
    from fhir_server.sop.analisis_pws import AnalisisPws

TUGAS: Final = code_system("jenis-tugas")
KATEGORI: Final = code_system("kategori-rencana")
STATUS: Final = {
    "disusun": "draft",
    "final": "active",
    "diralat": "active",
    "salah-entri": "entered-in-error",
}


def write(analisis: AnalisisPws, document_id: str) -> Any:
    """Write the plan; it is active once the analysis is final."""
    return r4b.CarePlan(
        status=STATUS[analisis.status],
        intent="plan",
        category=[concept(KATEGORI, "tindak-lanjut-pws")],
        title=f"Rencana tindak lanjut PWS {analisis.bulan}",
        subject=reference("Group", part_id(document_id, "wilayah")),
        created=analisis.waktu,
        author=reference("Organization", analisis.faskes),
        supportingInfo=[
            reference("Composition", document_id),
            *(reference("MeasureReport", each.laporan) for each in analisis.data),
        ],
        activity=[_activity(each, document_id) for each in analisis.rtl],
    )


def read(plan: Document) -> tuple[KegiatanRtl, ...]:
    """Read the activities, as far as they say what the SOP requires."""
    found = (_read(each.get("detail", {})) for each in plan.get("activity", ()))
    return tuple(each for each in found if each is not None)


def _activity(kegiatan: KegiatanRtl, document_id: str) -> Any:
    problem = part_id(document_id, f"masalah-{kegiatan.masalah}")
    return {
        "detail": {
            "code": concept(TUGAS, kegiatan.jenis),
            "reasonReference": [reference("Condition", problem)],
            "status": "not-started",
            "scheduledPeriod": period(kegiatan.mulai, kegiatan.sampai),
            "location": reference("Location", kegiatan.lokasi),
            "performer": [party(kegiatan.pelaksana)],
            "description": kegiatan.uraian,
        }
    }


def _read(detail: Document) -> KegiatanRtl | None:
    problems = ids_of(detail.get("reasonReference"), "Condition")
    number = problems[0].rpartition("-masalah-")[2] if problems else ""
    kind = code_of(detail.get("code"), TUGAS)
    who = party_of(next(iter(detail.get("performer", ())), None))
    span = detail.get("scheduledPeriod", {})
    start, end = day_of(span.get("start")), day_of(span.get("end"))
    if not (number.isdigit() and kind and who and start and end):
        return None
    return KegiatanRtl(
        masalah=int(number),
        jenis=kind,  # type: ignore[arg-type]
        uraian=detail.get("description") or "",
        pelaksana=who,
        mulai=start,
        sampai=end,
        lokasi=id_of(detail.get("location"), "Location"),
    )
