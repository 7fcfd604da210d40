"""What an analysis of PWS has beyond its documents: it is begun from the figures of a month.

``POST /sop/v1/analisis-pws/susun`` counts the indicators, keeps a MeasureReport of each, and makes
a draft: every village that is not BAIK is a problem, and its Pustu gets an activity to start from.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import marshmallow as ma
import orjson
from flask import Response

from fhir_server import exchange
from fhir_server.errors import NotFound
from fhir_server.interactions.matches import matches
from fhir_server.interactions.write import commit, prepare
from fhir_server.mappings.codes import as_mapped, criterion, structure
from fhir_server.mappings.faskes import JENIS, WILAYAH_KERJA
from fhir_server.operations.measures import Asked
from fhir_server.operations.measures.pws import evaluation
from fhir_server.operations.measures.report import report
from fhir_server.operations.measures.table import table
from fhir_server.rest.sop_schemas import schema_of
from fhir_server.rest.tampilan_pws import MONTH, area_of, codes_of, months
from fhir_server.sop.analisis_pws import AnalisisPws, DataPws, KegiatanRtl, MasalahPws
from fhir_server.sop.dokumen import tulis
from fhir_server.sop.pws import SERATUS, bulatkan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from flask_smorest import Blueprint

    from fhir_server.context import Context
    from fhir_server.operations.measures.area import Area
    from fhir_server.operations.measures.table import Row, Table
    from fhir_server.sop import Entitas

BERES = "BAIK"
PROFILE = structure("LaporanPWS")
MULAI, SAMPAI = timedelta(days=1), timedelta(days=14)
URAIAN = {
    "KURANG": "di atas target kumulatif tetapi menurun",
    "CUKUP": "di bawah target kumulatif tetapi naik",
    "JELEK": "di bawah target kumulatif dan tidak naik",
}


class Susun(ma.Schema):
    """What a draft is made of."""

    faskes = ma.fields.String(required=True, metadata={"example": "pkm-todanan"})
    bulan = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(MONTH, error="bukan bulan. Seharusnya: mis. 2024-06."),
        metadata={"example": "2024-06"},
    )
    penyusun = ma.fields.String(required=True, metadata={"example": "petugas-klaster-1"})
    indikator = ma.fields.String(
        load_default=None,
        metadata={"description": "Kode indikator, beberapa dipisah koma; kosong: semua"},
    )


def routes(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    """Add the draft."""
    schema = schema_of(kind.dokumen)

    @blueprint.route("/susun", methods=["POST"])
    @blueprint.arguments(Susun)
    @blueprint.response(201, schema)
    @blueprint.doc(
        operationId="susun_analisis_pws",
        summary="Menghitung PWS satu bulan dan menyusun rancangan analisisnya",
    )
    def draft(asked: dict[str, Any]) -> Response:
        start, end = months(context, asked["bulan"])
        area = area_of(context, asked["faskes"])
        found = [table(context, each, area, start, end) for each in codes_of(asked["indikator"])]
        data = _kept(context, asked, found, (start, end))
        made = exchange.publish(context, kind.nama, _draft(context, asked, area, found, data))
        address = f"/sop/v1/{kind.alamat}/{made.id}"
        return Response(
            tulis(schema.dump(made.document)),
            201,
            {"ETag": made.etag, "Location": address},
            content_type="application/json",
        )


def _draft(
    context: Context,
    asked: dict[str, Any],
    area: Area,
    found: Iterable[Table],
    data: tuple[DataPws, ...],
) -> AnalisisPws:
    now = context.clock()
    rows = [(each, row) for each in found for row in each.rows]
    bad = [(each, row) for each, row in rows if each.status(row) not in {None, BERES}]
    problems = tuple(_problem(n, *each) for n, each in enumerate(bad, 1))
    pustu = _pustu(context, area)
    plan = [_activity(each, pustu.get(each.desa), area, now.date()) for each in problems]
    return AnalisisPws(
        faskes=asked["faskes"],
        bulan=asked["bulan"],
        penyusun=asked["penyusun"],
        waktu=now,
        data=data,
        masalah=problems,
        rtl=tuple(each for each in plan if each is not None),
    )


def _problem(number: int, found: Table, row: Row) -> MasalahPws:
    status, goal = found.status(row), found.goal(row)
    lacking = None if not goal else max(goal - row.number, goal * 0) * SERATUS / goal
    return MasalahPws(
        nomor=number,
        desa=row.village or "",
        indikator=found.indikator.kode,
        uraian=f"{found.indikator.label} {URAIAN[status or 'JELEK']}",
        sumber="klaster-2",
        statusDesa=status,
        kekurangan=None if lacking is None else bulatkan(lacking, 1),
    )


def _activity(
    problem: MasalahPws, pustu: str | None, area: Area, today: date
) -> KegiatanRtl | None:
    if pustu is None:
        return None
    name = area.villages.get(problem.desa) or problem.desa
    return KegiatanRtl(
        masalah=problem.nomor,
        jenis="kunjungan-rumah",
        uraian=f"Kunjungan rumah {name}: {problem.uraian}",
        pelaksana=f"faskes/{pustu}",
        mulai=today + MULAI,
        sampai=today + SAMPAI,
    )


def _pustu(context: Context, area: Area) -> dict[str, str]:
    """Find the Pustu of each village."""
    canonical = context.settings.canonical
    pairs = [("type", criterion(f"{JENIS}|pustu", canonical))]
    if area.providers is not None:
        pairs.append(("_id", ",".join(each.partition("/")[2] for each in area.providers)))
    found: dict[str, str] = {}
    for stored in matches(context, "Organization", pairs):
        organization = orjson.loads(as_mapped(stored.raw, canonical))
        for each in organization.get("extension", ()):
            if each.get("url") == WILAYAH_KERJA:
                found.setdefault(each.get("valueCode", ""), stored.id)
    return found


def _kept(
    context: Context,
    asked: dict[str, Any],
    found: Iterable[Table],
    span: tuple[datetime, datetime],
) -> tuple[DataPws, ...]:
    """Keep a MeasureReport of each table; counted again, it is a new version of the same report."""
    puts, data = [], []
    for each in found:
        name = f"pws-{each.indikator.kode.lower()}"
        made = report(
            Asked(_measure(context, name), name, *span, reporter=f"Organization/{asked['faskes']}"),
            evaluation(context, each),
            context.clock(),
        )
        made["id"] = f"{name}-{asked['faskes']}-{asked['bulan']}"[:64]
        made["meta"] = {"profile": [criterion(PROFILE, context.settings.canonical)]}
        puts.append(prepare(context, tulis(made), made["id"]))
        data.append(DataPws(indikator=each.indikator.kode, laporan=made["id"]))
    commit(context, puts)
    return tuple(data)


def _measure(context: Context, name: str) -> dict[str, Any]:
    stored = context.store.read("Measure", name)
    if stored is None or stored.text is None:
        raise NotFound(f"Measure/{name}: tidak ada di server ini.")
    document: dict[str, Any] = orjson.loads(stored.raw)
    return document
