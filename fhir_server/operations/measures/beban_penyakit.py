"""Burden of disease: the ICD-10 categories that came most, by cluster, village, age (C11a)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, ICD_10, code_system, criterion
from fhir_server.operations.measures import Count, Evaluation, Group, Stratum
from fhir_server.operations.measures.area import area_of
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse
from fhir_server.store.burden import Burden

if TYPE_CHECKING:
    from datetime import datetime

    from fhir_server.context import Context
    from fhir_server.operations.measures import Asked
    from fhir_server.operations.measures.area import Area
    from fhir_server.resources.wire import Document
    from fhir_server.store.burden import Tally

KLASTER: Final = code_system("klaster")
UMUR: Final = code_system("kelompok-umur")
SAH: Final = (
    ("category", "encounter-diagnosis"),
    ("verification-status:not", "entered-in-error,refuted"),
)
KELOMPOK_UMUR: Final = (
    *((60, "lansia"), (18, "dewasa"), (10, "remaja")),
    *((5, "anak"), (1, "balita"), (0, "bayi")),
)
TERBANYAK: Final = 10
BUKAN_PENYAKIT: Final = ("Z", "V", "W", "X", "Y")
"""ICD-10 chapters of contacts and external causes: no burden of disease."""


def evaluate(context: Context, asked: Asked) -> Evaluation:
    """Count cases: a person counts once a category and day."""
    area = area_of(context, asked)
    found = beban(context, area, asked.start, asked.end)
    base = context.settings.canonical
    strata = {
        "icd-10": tuple(Stratum(_category(each), _counts(each.number)) for each in found["all"]),
        "klaster": tuple(_crossed(each, criterion(KLASTER, base)) for each in found["cluster"]),
        "desa": tuple(_crossed(each, ADMINISTRATIVE_AREA) for each in found["village"]),
        "kelompok-umur": tuple(_crossed(each, criterion(UMUR, base)) for each in found["age"]),
    }
    total = Group(None, _counts(_number(found["sum"])), strata=strata)
    system = criterion(code_system("indikator-pws"), base)
    code: Document = {
        "coding": [{"system": system, "code": "luar-wilayah"}],
        "text": "Luar wilayah",
    }
    outside = _number(found["outside"])
    others = (Group(code, _counts(outside)),) if outside else ()
    return Evaluation((total, *others), area.reporter)


def beban(context: Context, area: Area, start: datetime, end: datetime) -> dict[str, list[Tally]]:
    """Count the diagnoses of an area from ``start`` until before ``end``."""
    query = parse("Condition", list(SAH), context.parameters, strict=True)
    return context.store.burden(
        Burden(
            plan=compile_query(query, context.parameters, context.settings),
            low=int(start.timestamp() * 1000),
            high=int(end.timestamp() * 1000),
            offset=int((start.utcoffset() or timedelta()).total_seconds() * 1000),
            villages=tuple(area.villages),
            ages=KELOMPOK_UMUR,
            top=TERBANYAK,
            without=BUKAN_PENYAKIT,
            providers=area.providers,
        )
    )


def _number(found: list[Tally]) -> int:
    return found[0].number if found else 0


def _counts(number: int) -> tuple[Count, ...]:
    return (Count("initial-population", number),)


def _category(each: Tally) -> Document:
    return {"coding": [{"system": ICD_10, "code": each.category}]}


def _crossed(each: Tally, system: str) -> Stratum:
    part: Document = {"coding": [{"system": system, "code": each.part}]}
    unknown: Document = {"text": "tidak diketahui"}
    components = (
        {"code": {"text": "bagian"}, "value": part if each.part else unknown},
        {"code": {"text": "icd-10"}, "value": _category(each)},
    )
    return Stratum({}, _counts(each.number), components=components)


MEASURES = {"beban-penyakit": evaluate}
