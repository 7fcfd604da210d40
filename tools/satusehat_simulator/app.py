"""The simulator over HTTP: the login, the FHIR base, and the door for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, json, request

from tools.satusehat_simulator import bundles, newborns, searches, writes
from tools.satusehat_simulator.admin import blueprint
from tools.satusehat_simulator.faults import Faults
from tools.satusehat_simulator.outcomes import (
    NO_PRODUCT,
    Answer,
    Issue,
    Refused,
    absent,
    outcome,
    unparseable,
)
from tools.satusehat_simulator.people import told
from tools.satusehat_simulator.rules.identity import KINDS

if TYPE_CHECKING:
    from tools.satusehat_simulator.tokens import Tokens
    from tools.satusehat_simulator.world import World

FHIR = "/fhir-r4/v1"
TYPES = {*KINDS, "Practitioner", "RelatedPerson", "ImagingStudy", "Claim"}
PATCH_TYPE = "application/json-patch+json"


def create_app(world: World, tokens: Tokens, faults: Faults | None = None) -> Flask:
    """Put the simulator together."""
    app = Flask(__name__)
    faults = faults or Faults()
    app.register_blueprint(blueprint(world, tokens, faults))
    _login(app, tokens)
    _fhir(app, world)

    @app.before_request
    def before() -> Response | None:
        if request.path.startswith("/_simulator"):
            return None
        struck = faults.strike(after=False)
        if struck is not None:
            return _respond(struck)
        if request.path.startswith(FHIR):
            _count(world)
            g.organization = tokens.organization(request.headers.get("Authorization", ""))
        return None

    @app.after_request
    def after(response: Response) -> Response:
        landed = request.path.startswith(FHIR) and response.status_code < 300
        struck = faults.strike(after=True) if landed else None
        return response if struck is None else _respond(struck)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _respond(error.answer)

    @app.errorhandler(ValueError)
    def misused(error: ValueError) -> Response:
        return _respond(outcome(400, Issue("value", str(error))))

    return app


def _count(world: World) -> None:
    parts = request.path.removeprefix(FHIR).strip("/").split("/")
    with world.lock:
        world.requests[f"{request.method} {parts[0] or 'Bundle'}"] += 1


def _respond(answer: Answer) -> Response:
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    return Response(text, answer.status, content_type=answer.content_type)


def _login(app: Flask, tokens: Tokens) -> None:
    @app.post("/oauth2/v1/accesstoken")
    def accesstoken() -> Response:
        if request.args.get("grant_type") != "client_credentials":
            return _respond(outcome(400, Issue("value", "grant_type is client_credentials")))
        form = request.form
        return _respond(
            Answer(200, tokens.login(form.get("client_id", ""), form.get("client_secret", "")))
        )


def _fhir(app: Flask, world: World) -> None:
    @app.post(FHIR)
    @app.post(f"{FHIR}/")
    def transaction() -> Response:
        return _respond(bundles.transact(world, g.organization, _body()))

    @app.get(f"{FHIR}/<kind>")
    def search(kind: str) -> Response:
        _known(kind)
        return _respond(
            searches.search(world, kind, request.args.to_dict(), request.url, g.organization)
        )

    @app.post(f"{FHIR}/<kind>")
    def create(kind: str) -> Response:
        _known(kind)
        resource = _typed(kind)
        if kind == "Patient":
            return _respond(newborns.create(world, resource))
        return _respond(writes.create(world, g.organization, resource))

    @app.get(f"{FHIR}/<kind>/<id>")
    def read(kind: str, id: str) -> Response:
        _known(kind)
        found = world.get(kind, id)
        return _respond(absent(f"{kind}/{id}") if found is None else Answer(200, told(found)))

    @app.put(f"{FHIR}/<kind>/<id>")
    def update(kind: str, id: str) -> Response:
        _known(kind)
        return _respond(writes.update(world, g.organization, kind, id, _typed(kind)))

    @app.patch(f"{FHIR}/<kind>/<id>")
    def patch(kind: str, id: str) -> Response:
        _known(kind)
        if request.mimetype != PATCH_TYPE:
            return _respond(outcome(400, Issue("structure", "invalid_headers")))
        operations = request.get_json(force=True)
        return _respond(writes.patch(world, g.organization, kind, id, operations))


def _known(kind: str) -> None:
    if kind not in TYPES:
        raise Refused(NO_PRODUCT)


def _body() -> Any:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Refused(outcome(400, unparseable("resourceType", "")))
    return body


def _typed(kind: str) -> Any:
    body = _body()
    if body.get("resourceType") != kind:
        raise Refused(outcome(400, unparseable("resourceType", kind[0].lower() + kind[1:])))
    return body
