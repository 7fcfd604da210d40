"""Home visits done of those planned, by village and by kind: routine or follow-up of PWS (C13)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system, criterion
from fhir_server.mappings.indikator_pws import kunjungan_rumah
from fhir_server.operations.measures import Count, Evaluation, Stratum
from fhir_server.operations.measures.area import area_of
from fhir_server.operations.measures.pws import evaluation
from fhir_server.operations.measures.table import table
from fhir_server.sop.pws import cakupan

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.measures import Asked
    from fhir_server.operations.measures.area import Area

KODE: Final = "KR"
ASAL: Final = code_system("asal-tindak-lanjut")
JENIS: Final = code_system("jenis-evaluasi")
BY: Final = {
    "rutin": ("reason-code:not", f"{ASAL}|pws"),
    "tindak-lanjut-pws": ("reason-code", f"{ASAL}|pws"),
}
"""Kind of home visit, as an evaluation has it → what finds its Tasks."""


def evaluate(context: Context, asked: Asked) -> Evaluation:
    """Count the visits of the area, of each village, and of each kind."""
    area = area_of(context, asked)
    found = table(context, KODE, area, asked.start, asked.end, lists=asked.lists)
    whole = evaluation(context, found, area.reporter, lists=asked.lists, judged=False)
    kinds = tuple(_of_kind(context, asked, area, each) for each in BY)
    first, *others = whole.groups
    strata = {**first.strata, "jenis": kinds}
    return replace(whole, groups=(replace(first, strata=strata), *others))


def _of_kind(context: Context, asked: Asked, area: Area, kind: str) -> Stratum:
    definition = kunjungan_rumah(BY[kind])
    total = table(context, KODE, area, asked.start, asked.end, definition=definition).total
    system = criterion(JENIS, context.settings.canonical)
    return Stratum(
        {"coding": [{"system": system, "code": kind}]},
        (Count("denominator", total.denominator), Count("numerator", total.number)),
        cakupan(total.number, total.denominator),
    )


MEASURES = {"cakupan-kunjungan-rumah": evaluate}
