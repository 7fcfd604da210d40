"""What a conversation has beyond its documents: the import of a chat that WhatsApp exported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import Response

from fhir_server.bridges.whatsapp.export import UnreadableExport, parse
from fhir_server.bridges.whatsapp.importing import bring_in
from fhir_server.bridges.whatsapp.participants import UnreadableMap, read
from fhir_server.errors import Invalid, Issue

if TYPE_CHECKING:
    from flask_smorest import Blueprint

    from fhir_server.bridges.whatsapp.report import Report
    from fhir_server.context import Context
    from fhir_server.sop import Entitas


class EksporWhatsApp(ma.Schema):
    """Percakapan yang diekspor WhatsApp, dan siapa saja pesertanya."""

    naskah = ma.fields.String(
        required=True,
        metadata={"description": "Isi berkas .txt hasil ekspor, apa adanya"},
        error_messages={"required": "wajib diisi."},
    )
    peta = ma.fields.Dict(
        required=True,
        metadata={
            "description": "utas, layanan, pasien, zona, kategori dan peserta",
            "example": {
                "utas": "utas-endang",
                "layanan": "pemantauan",
                "pasien": "endang",
                "peserta": {"Bu Endang": "pasien/endang"},
            },
        },
        error_messages={"required": "wajib diisi."},
    )


class LaporanImpor(ma.Schema):
    """Berapa pesan yang dibaca, yang baru, dan yang tidak masuk."""

    thread = ma.fields.String()
    messages = ma.fields.Integer()
    new = ma.fields.Integer()
    already = ma.fields.Integer()
    skipped = ma.fields.Integer()
    system = ma.fields.Integer()
    unmapped = ma.fields.Dict()
    refused = ma.fields.List(ma.fields.String())
    warnings = ma.fields.List(ma.fields.String())


def routes(blueprint: Blueprint, _kind: Entitas, context: Context) -> None:
    """Add the import of an exported chat (BR-W2, BR-W3)."""

    @blueprint.route("/impor", methods=["POST"])
    @blueprint.arguments(EksporWhatsApp)
    @blueprint.response(200, LaporanImpor)
    @blueprint.doc(
        operationId="impor_percakapan",
        summary="Memasukkan percakapan yang diekspor WhatsApp; yang sudah ada tidak digandakan",
    )
    def bring(given: dict[str, Any]) -> Response:
        report = _imported(context, given["naskah"], given["peta"])
        return Response(json.dumps(report.as_json()), content_type="application/json")


def _imported(context: Context, text: str, people: dict[str, Any]) -> Report:
    try:
        chat = parse(text)
    except UnreadableExport as error:
        raise _refused("naskah", error) from None
    try:
        who = read(json.dumps(people), context.settings.timezone)
        return bring_in(context, chat, who)
    except UnreadableMap as error:
        raise _refused("peta", error) from None


def _refused(field: str, error: ValueError) -> Invalid:
    says = f"{field}: {error}"
    return Invalid([Issue("value", says, field, indonesian=says)])
