"""What the queue has beyond its documents: who is next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import Response

from fhir_server import exchange
from fhir_server.operations.antrean_berikutnya import berikutnya
from fhir_server.rest.sop_schemas import filters_of, schema_of
from fhir_server.sop.dokumen import tulis

if TYPE_CHECKING:
    from flask_smorest import Blueprint

    from fhir_server.context import Context
    from fhir_server.sop import Entitas


def routes(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    """Add the order of a queue (BR-B20)."""
    schema = schema_of(kind.dokumen)
    asked_of = filters_of(kind.dokumen, ["unit", "faskes"], secret=False)
    asked_of["unit"].required = True
    asked_of["unit"].error_messages["required"] = "wajib diisi. Seharusnya: mis. kia."
    asked_of["tanggal"] = ma.fields.Date(
        load_default=None,
        metadata={"description": "Tanggal layanan; kosong: hari ini"},
        error_messages={"invalid": "bukan tanggal. Seharusnya: mis. 2024-04-02."},
    )

    @blueprint.route("/berikutnya", methods=["GET"])
    @blueprint.arguments(type("SaringanBerikutnya", (ma.Schema,), asked_of), location="query")
    @blueprint.response(
        200,
        type(
            "Berikutnya",
            (ma.Schema,),
            {
                "dokumen": ma.fields.List(ma.fields.Nested(schema)),
            },
        ),
    )
    @blueprint.doc(
        operationId="antrean_berikutnya",
        summary="Yang menunggu, menurut urutan panggilan (BR-B20)",
    )
    def following(asked: dict[str, Any]) -> Response:
        waiting = berikutnya(context, asked["unit"], asked["tanggal"], asked.get("faskes"))
        documents = exchange.shown(context, kind.nama, waiting)
        body = {"dokumen": [schema().dump(each.document) for each in documents]}
        return Response(tulis(body), content_type="application/json")
