"""The diseases of a month that came most: ``GET /sop/v1/beban-penyakit`` (domain §1.C C11a)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import Response

from fhir_server.operations.measures.beban_penyakit import beban
from fhir_server.rest.tampilan_pws import SaringanWilayah, area_of, months
from fhir_server.sop.dokumen import tulis

if TYPE_CHECKING:
    from flask_smorest import Blueprint

    from fhir_server.context import Context
    from fhir_server.store.burden import Tally

SAYS = "Beban penyakit"
TABLES = {"all": "", "cluster": "klaster", "village": "desa", "age": "umur"}


class Penyakit(ma.Schema):
    """How often a category of ICD-10 came, in a part or anywhere."""

    klaster = ma.fields.String(metadata={"example": "klaster-2"})
    desa = ma.fields.String(metadata={"example": "9902012001"})
    umur = ma.fields.String(metadata={"example": "balita"})
    icd10 = ma.fields.String(metadata={"example": "J06"})
    kasus = ma.fields.Integer()


class BebanPenyakit(ma.Schema):
    """The diseases of a month: ten of each list; a person counts once a category and day."""

    bulan = ma.fields.String(metadata={"example": "2024-06"})
    faskes = ma.fields.String()
    kasus = ma.fields.Integer(metadata={"description": "Semua kasus warga wilayah kerja"})
    luarWilayah = ma.fields.Integer()  # noqa: N815 - SOP API
    terbanyak = ma.fields.List(ma.fields.Nested(Penyakit))
    perKlaster = ma.fields.List(ma.fields.Nested(Penyakit))  # noqa: N815
    perDesa = ma.fields.List(ma.fields.Nested(Penyakit))  # noqa: N815
    perUmur = ma.fields.List(ma.fields.Nested(Penyakit))  # noqa: N815


def routes(blueprint: Blueprint, context: Context) -> None:
    """Add the lists."""

    @blueprint.route("", methods=["GET"])
    @blueprint.arguments(SaringanWilayah, location="query")
    @blueprint.response(200, BebanPenyakit)
    @blueprint.doc(
        operationId="beban_penyakit",
        summary="Kategori ICD-10 terbanyak sebulan: semua, per klaster, desa dan umur (C11a)",
    )
    def diseases(asked: dict[str, Any]) -> Response:
        _, end = months(context, asked["bulan"])
        start = (end - timedelta(days=1)).replace(day=1)
        area = area_of(context, asked["faskes"], asked["desa"])
        found = beban(context, area, start, end)
        lists = {name: [_row(each, part) for each in found[name]] for name, part in TABLES.items()}
        body = {
            "bulan": f"{start:%Y-%m}",
            "faskes": (area.reporter or "").removeprefix("Organization/"),
            "kasus": sum(each.number for each in found["sum"]),
            "luarWilayah": sum(each.number for each in found["outside"]),
            "terbanyak": lists["all"],
            "perKlaster": lists["cluster"],
            "perDesa": lists["village"],
            "perUmur": lists["age"],
        }
        return Response(tulis(body), content_type="application/json")


def _row(each: Tally, part: str) -> dict[str, Any]:
    named = {part: each.part or "tidak diketahui"} if part else {}
    return {**named, "icd10": each.category, "kasus": each.number}
