"""What the queue has beyond its documents: who is next, who is called, who is passed over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import Response

from fhir_server import exchange
from fhir_server.operations.antrean_berikutnya import berikutnya, panggil
from fhir_server.rest.sop_schemas import filters_of, schema_of
from fhir_server.sop.dokumen import tulis

if TYPE_CHECKING:
    from flask_smorest import Blueprint

    from fhir_server.context import Context
    from fhir_server.exchange import Presented
    from fhir_server.sop import Entitas


def routes(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    """Add the order of a queue (BR-B20) and what a counter does with it."""
    _following(blueprint, kind, context)
    _calling(blueprint, kind, context)
    _passing_over(blueprint, kind, context)


def _queue(kind: Entitas) -> dict[str, Any]:
    asked_of = filters_of(kind.dokumen, ["unit", "faskes"], secret=False)
    asked_of["unit"].required = True
    asked_of["unit"].error_messages["required"] = "wajib diisi. Seharusnya: mis. kia."
    asked_of["tanggal"] = ma.fields.Date(
        load_default=None,
        metadata={"description": "Tanggal layanan; kosong: hari ini"},
        error_messages={"invalid": "bukan tanggal. Seharusnya: mis. 2024-04-02."},
    )
    return asked_of


def _following(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    schema, asked_of = schema_of(kind.dokumen), _queue(kind)

    @blueprint.route("/berikutnya", methods=["GET"])
    @blueprint.arguments(type("SaringanBerikutnya", (ma.Schema,), asked_of), location="query")
    @blueprint.response(
        200,
        type(
            "Berikutnya",
            (ma.Schema,),
            {
                "dokumen": ma.fields.List(ma.fields.Nested(type(schema))),
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
        body = {"dokumen": [schema.dump(each.document) for each in documents]}
        return Response(tulis(body), content_type="application/json")


def _calling(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    schema, asked_of = schema_of(kind.dokumen), _queue(kind)

    @blueprint.route("/panggil", methods=["POST"])
    @blueprint.arguments(type("Panggilan", (ma.Schema,), asked_of))
    @blueprint.response(200, schema)
    @blueprint.doc(
        operationId="antrean_panggil",
        summary="Memanggil yang berikutnya (BR-B20); dua loket memanggil dua pasien",
    )
    def call(asked: dict[str, Any]) -> Response:
        stored = panggil(context, asked["unit"], asked["tanggal"], asked.get("faskes"))
        (found,) = exchange.shown(context, kind.nama, [stored])
        return _answer(schema, found)


def _passing_over(blueprint: Blueprint, kind: Entitas, context: Context) -> None:
    schema = schema_of(kind.dokumen)

    @blueprint.route("/<id>/lewati", methods=["POST"])
    @blueprint.response(200, schema)
    @blueprint.doc(
        operationId="antrean_lewati",
        summary="Melewati yang dipanggil tetapi tidak hadir; ia dapat menunggu lagi",
    )
    def pass_over(id: str) -> Response:
        stands = exchange.present(context, kind.nama, id)
        document = schema.load(schema.dump(stands.document))
        absent = replace(document, status="tidak-hadir")
        changed = exchange.revise(context, kind.nama, id, absent, etag=stands.etag)
        return _answer(schema, changed)


def _answer(schema: Any, found: Presented) -> Response:
    body = tulis(schema.dump(found.document))
    return Response(body, content_type="application/json", headers={"ETag": found.etag})
