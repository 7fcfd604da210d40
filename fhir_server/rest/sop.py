"""The SOP API: every entity of ``sop/`` as documents in Indonesian words.

Nothing is registered by hand: routes, schemas and OpenAPI come from the entities that are found.
"""

from __future__ import annotations

import importlib.util
import json
import pkgutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, cast

import marshmallow as ma
from flask import Flask, Response, g, request
from flask_smorest import Api, Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.local import LocalProxy

from fhir_server import exchange, rest
from fhir_server.errors import BadRequest, FhirError, Invalid, Issue, UnsupportedMediaType
from fhir_server.mappings import load_mappings
from fhir_server.rest import outcomes, surat
from fhir_server.rest.sop_schemas import DocumentSchema, Jejak, filters_of, schema_of
from fhir_server.sop import entitas
from fhir_server.sop.dokumen import tulis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.context import Context
    from fhir_server.exchange import Page, Presented
    from fhir_server.sop import Entitas

BASE = "/sop/v1"
KEY = "Idempotency-Key"
LONGEST_KEY = 200
INDONESIAN = "id"
VIEW = "tampilan_"


class Parser(FlaskParser):
    """Reads bodies and queries; what is wrong becomes an OperationOutcome in Indonesian."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": ma.RAISE}  # noqa: RUF012

    def _raw_load_json(self, req: Any) -> Any:
        if not req.is_json:
            says = "Content-Type: bukan JSON. Seharusnya: application/json."
            raise UnsupportedMediaType(says, indonesian=says)
        try:
            return json.loads(req.get_data(cache=True), parse_float=Decimal)
        except UnicodeDecodeError:
            says = "Isi permintaan bukan UTF-8."
            raise BadRequest(says, indonesian=says) from None
        except json.JSONDecodeError as error:
            says = f"Isi permintaan bukan JSON: baris {error.lineno}, kolom {error.colno}."
            raise BadRequest(says, indonesian=says) from None
        except (RecursionError, ValueError):
            says = "Isi permintaan: bilangan terlalu panjang, atau terlalu banyak lapisan."
            raise BadRequest(says, indonesian=says) from None

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Refuse with one issue per field."""
        raise Invalid(_issues(error.messages))


def _issues(messages: Any, path: str = "") -> Iterator[Issue]:
    if isinstance(messages, dict):
        for name, below in messages.items():
            place = f"[{name}]" if isinstance(name, int) else f".{name}"
            outer = path or ("" if name in {"json", "query", "_schema"} else str(name))
            yield from _issues(below, f"{path}{place}" if path else outer)
    else:
        for says in messages:
            words = f"{path}: {says}" if path else str(says)
            yield Issue("value", words, path or None, indonesian=words)


class Entity(Blueprint):
    """The routes of one entity."""

    ARGUMENTS_PARSER = Parser()


class Openly(Api):
    """The OpenAPI description; errors are the application's, and OperationOutcomes."""

    class Outcome(ma.Schema):
        """What went wrong, where, and what would be right."""

        resourceType = ma.fields.String(metadata={"example": "OperationOutcome"})  # noqa: N815
        issue = ma.fields.List(ma.fields.Dict())

    ERROR_SCHEMA = Outcome

    def _register_error_handlers(self) -> None:
        """Leave failures to ``rest/outcomes``."""


def register(app: Flask) -> None:
    """Add the SOP API to the application; each request has its own context, of who asks."""
    _api(app, cast("Context", LocalProxy(lambda: g.context)))


def spec() -> dict[str, Any]:
    """Describe the SOP API in OpenAPI; needs no database."""
    described: dict[str, Any] = _api(Flask("fhir_server"), None).spec.to_dict()
    return described


def _api(app: Flask, context: Context | None) -> Api:
    app.config.update(API_TITLE="SOP", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    api = Openly(app)
    mappings = load_mappings()
    for kind in entitas().values():
        if kind.nama in mappings:
            api.register_blueprint(_blueprint(kind, context))
    for name in _views():
        api.register_blueprint(_view(name, context))
    return api


def _views() -> list[str]:
    """Find what is shown beyond documents: the modules ``tampilan_<name>`` of this room."""
    found = pkgutil.iter_modules(rest.__path__)
    return sorted(each.name for each in found if each.name.startswith(VIEW))


def _view(name: str, context: Any) -> Entity:
    module = importlib.import_module(f"{rest.__name__}.{name}")
    shown = name.removeprefix(VIEW)
    address = f"{BASE}/{shown.replace('_', '-')}"
    blueprint = Entity(shown, __name__, url_prefix=address, description=module.SAYS)
    blueprint.register_error_handler(FhirError, _refuse)
    module.routes(blueprint, context)
    return blueprint


def _blueprint(kind: Entitas, context: Any) -> Entity:
    blueprint = Entity(
        kind.nama, __name__, url_prefix=f"{BASE}/{kind.alamat}", description=kind.dokumen.__doc__
    )
    blueprint.register_error_handler(FhirError, _refuse)
    if not load_mappings()[kind.nama].read_only:
        _write(blueprint, kind, context)
    for routes in (_read, _list, _trace, surat.routes, _own_routes(kind)):
        routes(blueprint, kind, context)
    return blueprint


def _own_routes(kind: Entitas) -> Callable[[Entity, Entitas, Any], None]:
    """Find what an entity offers beyond its documents: ``routes`` of ``rest/sop_<name>``."""
    name = f"fhir_server.rest.sop_{kind.nama}"
    if importlib.util.find_spec(name) is None:
        return lambda *_: None
    routes: Callable[[Entity, Entitas, Any], None] = importlib.import_module(name).routes
    return routes


def _refuse(error: FhirError) -> Response:
    answer = outcomes.failure(error, INDONESIAN, outcomes.request_id(request))
    return Response(
        answer.body, answer.status, dict(answer.headers), content_type="application/fhir+json"
    )


def _write(blueprint: Entity, kind: Entitas, context: Context) -> None:
    schema = schema_of(kind.dokumen)

    @blueprint.route("", methods=["POST"])
    @blueprint.arguments(schema)
    @blueprint.response(201, schema)
    @blueprint.doc(
        operationId=f"buat_{kind.nama}",
        summary=f"Menyimpan {kind.alamat} baru",
        parameters=[_header(KEY, "Kunci yang sama dengan dokumen yang sama: jawaban yang sama")],
    )
    def create(document: Any) -> Response:
        source = request.get_data(as_text=True)
        made = exchange.publish(context, kind.nama, document, key=_key(), source=source)
        return _answer(made, schema, 201, Location=f"{BASE}/{kind.alamat}/{made.id}")

    @blueprint.route("/<id>", methods=["PUT"])
    @blueprint.arguments(schema)
    @blueprint.response(200, schema)
    @blueprint.doc(
        operationId=f"ubah_{kind.nama}",
        summary=f"Mengubah {kind.alamat}",
        parameters=[_header("If-Match", "ETag yang dibaca; atau isi bidang versi")],
    )
    def update(document: Any, id: str) -> Response:
        made = exchange.revise(
            context,
            kind.nama,
            id,
            document,
            etag=request.headers.get("If-Match"),
            version=_version(),
            source=request.get_data(as_text=True),
        )
        return _answer(made, schema, 200)


def _read(blueprint: Entity, kind: Entitas, context: Context) -> None:
    schema = schema_of(kind.dokumen)

    @blueprint.route("/<id>", methods=["GET"])
    @blueprint.response(200, schema)
    @blueprint.doc(operationId=f"baca_{kind.nama}", summary=f"Membaca satu {kind.alamat}")
    def read(id: str) -> Response:
        return _answer(exchange.present(context, kind.nama, id), schema, 200)


def _list(blueprint: Entity, kind: Entitas, context: Context) -> None:
    schema = schema_of(kind.dokumen)
    page = type(
        f"Daftar{kind.dokumen.__name__}",
        (ma.Schema,),
        {
            "dokumen": ma.fields.List(ma.fields.Nested(type(schema))),
            "berikutnya": ma.fields.String(metadata={"description": "Alamat halaman berikut"}),
        },
    )

    @blueprint.route("", methods=["GET"])
    @blueprint.arguments(_asked(kind, secret=False), location="query")
    @blueprint.response(200, page)
    @blueprint.doc(operationId=f"daftar_{kind.nama}", summary=f"Daftar {kind.alamat}")
    def listing(asked: dict[str, Any]) -> Response:
        return _page(_listing(context, kind, asked), kind, schema)

    @blueprint.route("/_cari", methods=["POST"])
    @blueprint.arguments(_asked(kind, secret=True))
    @blueprint.response(200, page)
    @blueprint.doc(
        operationId=f"cari_{kind.nama}",
        summary=f"Mencari {kind.alamat}; NIK dan nama hanya di sini, tidak pernah di alamat",
    )
    def find(asked: dict[str, Any]) -> Response:
        return _page(_listing(context, kind, asked), kind, schema)


def _trace(blueprint: Entity, kind: Entitas, context: Context) -> None:
    @blueprint.route("/<id>/jejak", methods=["GET"])
    @blueprint.response(200, Jejak(many=True))
    @blueprint.doc(
        operationId=f"jejak_{kind.nama}", summary="Dari bidang mana setiap elemen FHIR berasal"
    )
    def traced(id: str) -> Response:
        rows = [
            {
                "sumberDaya": name,
                "elemen": each.path,
                "bidang": list(each.fields),
                "tetap": each.constant and not each.fields,
            }
            for name, each in exchange.traced(context, kind.nama, id)
        ]
        return _json(rows, 200)


def _asked(kind: Entitas, *, secret: bool) -> type[ma.Schema]:
    names = load_mappings()[kind.nama].filters
    suffix = "Pencarian" if secret else "Saringan"
    more = {
        "jumlah": ma.fields.Integer(
            validate=ma.validate.Range(min=1), metadata={"description": "Dokumen sehalaman"}
        ),
        "setelah": ma.fields.String(metadata={"description": "Dari berikutnya, apa adanya"}),
    }
    found = {**filters_of(kind.dokumen, names, secret=secret), **more}
    says = f"bukan saringan di sini. Seharusnya: {', '.join(found)}"
    if not secret:
        says += f"; yang mengenali orang hanya lewat POST {BASE}/{kind.alamat}/_cari"
    messages = {"error_messages": {"unknown": f"{says}."}}
    return type(f"{suffix}{kind.dokumen.__name__}", (ma.Schema,), {**found, **messages})


def _listing(context: Context, kind: Entitas, asked: dict[str, Any]) -> Page:
    count, after = asked.pop("jumlah", None), asked.pop("setelah", None)
    return exchange.listing(context, kind.nama, asked, count=count, after=after)


def _page(page: Page, kind: Entitas, schema: DocumentSchema) -> Response:
    body: dict[str, Any] = {"dokumen": [schema.dump(each.document) for each in page.documents]}
    if page.after is not None:
        body["berikutnya"] = f"{BASE}/{kind.alamat}?setelah={page.after}"
    return _json(body, 200)


def _answer(made: Presented, schema: DocumentSchema, status: int, **headers: str) -> Response:
    body = schema.dump(made.document)
    if made.warnings:
        body["peringatan"] = [each.kalimat for each in made.warnings]
    response = _json(body, status)
    response.headers["ETag"] = made.etag
    response.headers.update(headers)
    if made.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _json(body: Any, status: int) -> Response:
    return Response(tulis(body), status, content_type="application/json")


def _key() -> str | None:
    key = request.headers.get(KEY)
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        says = f"{KEY}: {len(key)} tanda. Seharusnya: 1 s.d. {LONGEST_KEY} tanda."
        raise BadRequest(says, indonesian=says)
    return key


def _version() -> int | None:
    version = json.loads(request.get_data()).get("versi")
    return version if isinstance(version, int) else None


def _header(name: str, says: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "schema": {"type": "string"}, "description": says}
