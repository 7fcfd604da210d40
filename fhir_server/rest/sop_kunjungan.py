"""What visits have beyond their documents: the route (BR-C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import Response

from fhir_server.mappings.rute import Asked
from fhir_server.operations.rute import saran
from fhir_server.sop.dokumen import tulis
from fhir_server.sop.rute import KELUHAN

if TYPE_CHECKING:
    from flask_smorest import Blueprint

    from fhir_server.context import Context
    from fhir_server.operations.rute import Saran
    from fhir_server.sop import Entitas


class PermintaanRute(ma.Schema):
    """Yang diketahui saat registrasi; yang kosong diambil dari catatan."""

    keluhan = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(KELUHAN)),
        load_default=list,
        metadata={"description": "Kelompok keluhan", "example": ["gigi"]},
    )
    hamil = ma.fields.Boolean(load_default=None, metadata={"description": "Sedang hamil"})
    nifas = ma.fields.Boolean(load_default=None, metadata={"description": "Masa nifas"})
    menyusui = ma.fields.Boolean(load_default=False, metadata={"description": "Menyusui"})
    infeksi = ma.fields.Boolean(load_default=None, metadata={"description": "Penyakit menular"})
    terapkan = ma.fields.Boolean(
        load_default=False, metadata={"description": "Tulis rute pada kunjungan"}
    )


class LangkahRute(ma.Schema):
    """Satu perhentian."""

    unit = ma.fields.String(required=True)
    klaster = ma.fields.String(required=True)
    ruangInfeksi = ma.fields.Boolean(required=True)  # noqa: N815 - a word of the SOP API
    alasan = ma.fields.String(required=True)


class Rute(ma.Schema):
    """Saran rute sebuah kunjungan."""

    langkah = ma.fields.List(ma.fields.Nested(LangkahRute), required=True)
    prioritas = ma.fields.String()
    diterapkan = ma.fields.Boolean(required=True)


def routes(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    """Add the route of a visit."""

    @blueprint.route("/<dokumen_id>/rute", methods=["POST"])
    @blueprint.arguments(PermintaanRute)
    @blueprint.response(200, Rute)
    @blueprint.doc(
        operationId=f"rute_{kind.nama}", summary="Ke mana pasien diarahkan, dan mengapa (BR-C3)"
    )
    def route(asked: dict[str, Any], dokumen_id: str) -> Response:
        wanted = asked.pop("terapkan")
        given = Asked(**{**asked, "keluhan": frozenset(asked["keluhan"])})
        found = saran(context, dokumen_id, given, terapkan=wanted)
        return Response(tulis(_plain(found)), content_type="application/json")


def _plain(found: Saran) -> dict[str, Any]:
    steps = [
        {
            "unit": each.unit,
            "klaster": each.klaster,
            "ruangInfeksi": each.ruang_infeksi,
            "alasan": each.alasan,
        }
        for each in found.langkah
    ]
    plain: dict[str, Any] = {"langkah": steps, "diterapkan": found.diterapkan}
    return plain if found.prioritas is None else {**plain, "prioritas": found.prioritas}
