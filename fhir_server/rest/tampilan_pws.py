"""The PWS table that a puskesmas pins to the wall: ``GET /sop/v1/pws`` (domain §6)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import marshmallow as ma
from flask import Response

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings.indikator_pws import DEFINISI
from fhir_server.operations.measures.area import Area, reported, within
from fhir_server.operations.measures.table import Row, Table, table
from fhir_server.sop.dokumen import tulis
from fhir_server.sop.pws import BR_C11, BULAN_SETAHUN, bulatkan, cakupan

if TYPE_CHECKING:
    from flask_smorest import Blueprint

    from fhir_server.context import Context

SAYS = "Pemantauan wilayah setempat"
MONTH = r"\A\d{4}-(0[1-9]|1[0-2])\Z"


class SaringanWilayah(ma.Schema):
    """Which area and month are asked for."""

    desa = ma.fields.String(
        load_default=None,
        validate=ma.validate.Regexp(
            r"\A\d{2,10}\Z", error="bukan kode wilayah. Seharusnya: angka."
        ),
        metadata={"description": "Kode desa, atau awal kode wilayah di atasnya"},
    )
    bulan = ma.fields.String(
        load_default=None,
        validate=ma.validate.Regexp(MONTH, error="bukan bulan. Seharusnya: mis. 2024-06."),
        metadata={"description": "Bulan laporan, mis. 2024-06; kosong: bulan ini"},
    )
    faskes = ma.fields.String(
        load_default=None, metadata={"description": "Id puskesmas pelapor; kosong: semua"}
    )


class SaringanPws(SaringanWilayah):
    """What the table is asked for."""

    indikator = ma.fields.String(
        load_default=None,
        metadata={"description": "Kode indikator, beberapa dipisah koma; kosong: semua"},
    )


class BarisPws(ma.Schema):
    """One village, or the sum."""

    peringkat = ma.fields.Integer(metadata={"description": "Urutan menurut cakupan kumulatif"})
    desa = ma.fields.String(metadata={"example": "9902012001"})
    nama = ma.fields.String()
    sasaran = ma.fields.Integer(metadata={"description": "Sasaran setahun"})
    asalSasaran = ma.fields.String(metadata={"example": "resmi"})  # noqa: N815 - SOP API
    bulanLalu = ma.fields.Integer()  # noqa: N815
    bulanIni = ma.fields.Integer()  # noqa: N815
    cakupanBulanIni = ma.fields.Decimal()  # noqa: N815
    kumulatif = ma.fields.Integer()
    cakupanKumulatif = ma.fields.Decimal()  # noqa: N815
    targetKumulatif = ma.fields.Decimal()  # noqa: N815
    tren = ma.fields.String(metadata={"example": "naik"})
    status = ma.fields.String(metadata={"example": "BAIK"})
    perBulan = ma.fields.List(ma.fields.Integer())  # noqa: N815


class TabelPws(ma.Schema):
    """The table of one indicator."""

    indikator = ma.fields.String(metadata={"example": "K1"})
    label = ma.fields.String()
    penyebut = ma.fields.String()
    targetSetahun = ma.fields.Decimal(metadata={"description": "Persen"})  # noqa: N815
    baris = ma.fields.List(ma.fields.Nested(BarisPws))
    jumlah = ma.fields.Nested(BarisPws)
    luarWilayah = ma.fields.List(ma.fields.Nested(BarisPws))  # noqa: N815


class Pws(ma.Schema):
    """The tables of a month."""

    bulan = ma.fields.String(metadata={"example": "2024-06"})
    faskes = ma.fields.String()
    tabel = ma.fields.List(ma.fields.Nested(TabelPws))


def routes(blueprint: Blueprint, context: Context) -> None:
    """Add the table."""

    @blueprint.route("", methods=["GET"])
    @blueprint.arguments(SaringanPws, location="query")
    @blueprint.response(200, Pws)
    @blueprint.doc(
        operationId="tabel_pws",
        summary=f"Tabel PWS per desa: bulan ini, kumulatif, target, status ({BR_C11})",
    )
    def tables(asked: dict[str, Any]) -> Response:
        start, end = months(context, asked["bulan"])
        area = area_of(context, asked["faskes"], asked["desa"])
        found = [table(context, each, area, start, end) for each in codes_of(asked["indikator"])]
        body = {
            "bulan": f"{start.year}-{found[0].month:02d}",
            "faskes": (area.reporter or "").removeprefix("Organization/"),
            "tabel": [written(each) for each in found],
        }
        return Response(tulis(_said(body)), content_type="application/json")


def months(context: Context, month: str | None) -> tuple[datetime, datetime]:
    """Give the beginning of a month's year, and the end of the month; this month if none."""
    zone = ZoneInfo(context.settings.timezone)
    now = context.clock().astimezone(zone)
    year, number = map(int, month.split("-")) if month else (now.year, now.month)
    start = datetime(year, 1, 1, tzinfo=zone)
    if number == BULAN_SETAHUN:
        return start, datetime(year + 1, 1, 1, tzinfo=zone)
    return start, datetime(year, number + 1, 1, tzinfo=zone)


def area_of(context: Context, faskes: str | None, village: str | None = None) -> Area:
    """Find the area of a puskesmas, or of all; ``village`` is the beginning of its codes."""
    area = reported(context, None if faskes is None else f"Organization/{faskes}")
    return area if village is None else within(context, area, village)


def written(found: Table) -> dict[str, Any]:
    """Write a table in the words of the clinic, the best village first."""
    rows = sorted(found.rows, key=lambda each: (-_covered(each), each.village or ""))
    indikator = found.indikator
    return {
        "indikator": indikator.kode,
        "label": indikator.label,
        "penyebut": indikator.penyebut or f"sasaran {indikator.sasaran}",
        "targetSetahun": found.percent,
        "baris": [{"peringkat": n, **_row(found, each)} for n, each in enumerate(rows, 1)],
        "jumlah": _row(found, found.total),
        "luarWilayah": [
            {
                "desa": each.village or "tidak diketahui",
                "bulanIni": each.numbers[found.month],
                "kumulatif": each.number,
            }
            for each in sorted(found.outside, key=lambda each: each.village or "")
        ],
    }


def _row(found: Table, row: Row) -> dict[str, Any]:
    month, goal = found.month, found.goal(row)
    return {
        "desa": row.village,
        "nama": row.name or row.village,
        "sasaran": row.denominator,
        "asalSasaran": row.target.asal,
        "bulanLalu": found.last_month(row),
        "bulanIni": row.numbers[month],
        "cakupanBulanIni": cakupan(row.numbers[month], found.among(row)),
        "kumulatif": row.number,
        "cakupanKumulatif": cakupan(row.number, row.denominator),
        "targetKumulatif": None if goal is None else bulatkan(goal, 1),
        "tren": found.trend(row),
        "status": found.status(row),
        "perBulan": [row.numbers[each] for each in range(1, month + 1)],
    }


def _covered(row: Row) -> float:
    return row.number / row.denominator if row.denominator else -1.0


def codes_of(asked: str | None) -> list[str]:
    """Read codes of indicators, separated by commas; all of them if none is given."""
    codes = [each.strip().upper() for each in (asked or "").split(",") if each.strip()]
    unknown = [each for each in codes if each not in DEFINISI]
    if unknown:
        says = f"indikator: {unknown[0]} tidak dikenal. Seharusnya: {', '.join(DEFINISI)}."
        raise Invalid([Issue("value", says, "indikator", indonesian=says)])
    return codes or list(DEFINISI)


def _said(value: Any) -> Any:
    """Leave out what nobody knows."""
    if isinstance(value, dict):
        return {name: _said(each) for name, each in value.items() if each is not None}
    return [_said(each) for each in value] if isinstance(value, list) else value
