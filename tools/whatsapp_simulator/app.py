"""The Graph API's messages and media, and how the simulator is steered."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from tools.whatsapp_simulator.errors import Refusal
from tools.whatsapp_simulator.world import Fault, Ways, World

if TYPE_CHECKING:
    from tools.whatsapp_simulator.telling import Teller

Document = dict[str, Any]
HANG_SECONDS = 3600


def create_app(world: World, teller: Teller, token: str) -> Flask:
    """Build the simulator."""
    app = Flask("whatsapp_simulator")
    app.register_error_handler(Refusal, lambda error: (jsonify(error.body()), error.status))
    _serve_messages(app, world, teller, token)
    _serve_media(app, world, token)
    _serve_steering(app, world, teller)
    return app


def _allowed(token: str) -> None:
    if request.headers.get("Authorization") != f"Bearer {token}":
        raise Refusal(190)


def _serve_messages(app: Flask, world: World, teller: Teller, token: str) -> None:
    @app.post("/<version>/<line>/messages")
    def messages(version: str, line: str) -> Response:
        _allowed(token)
        if line != teller.line or not version.startswith("v"):
            raise Refusal(100, "unknown phone number id")
        fault = world.fault()
        if fault is not None and fault.isdigit():
            raise Refusal(int(fault))
        landed = world.land(request.get_json(force=True, silent=True) or {})
        threading.Thread(target=_told, args=(world, teller, landed), daemon=True).start()
        if fault is not None:
            return _broken(fault)
        contacts = [{"input": landed["to"], "wa_id": landed["to"]}]
        taken = [{"id": landed["id"], "message_status": "accepted"}]
        return jsonify(messaging_product="whatsapp", contacts=contacts, messages=taken)


def _serve_media(app: Flask, world: World, token: str) -> None:
    @app.get("/<version>/<media_id>")
    def media(version: str, media_id: str) -> Response:
        _allowed(token)
        if media_id not in world.media or not version.startswith("v"):
            raise Refusal(100, "unknown media id")
        kind, content = world.media[media_id]
        return jsonify(
            messaging_product="whatsapp",
            url=f"{request.host_url}files/{media_id}/content",
            mime_type=kind,
            sha256=hashlib.sha256(content).hexdigest(),
            file_size=str(len(content)),
            id=media_id,
        )

    @app.get("/files/<media_id>/content")
    def content(media_id: str) -> Response:
        _allowed(token)
        if media_id not in world.media:
            raise Refusal(100, "unknown media id")
        kind, found = world.media[media_id]
        return Response(found, content_type=kind)


def _serve_steering(app: Flask, world: World, teller: Teller) -> None:
    @app.put("/_simulator/ways")
    def ways() -> Response:
        world.ways = Ways(**{**asdict(world.ways), **request.get_json()})
        return jsonify(asdict(world.ways))

    @app.put("/_simulator/faults")
    def faults() -> Response:
        world.faults = [Fault(**each) for each in request.get_json()]
        return jsonify(len(world.faults))

    @app.put("/_simulator/webhook")
    def webhook() -> Response:
        teller.webhook = request.get_json()["url"]
        return jsonify(teller.webhook)

    @app.put("/_simulator/media/<media_id>")
    def keep(media_id: str) -> Response:
        given = request.get_json()
        world.media[media_id] = (given["type"], base64.b64decode(given["data"]))
        return jsonify(media_id)

    @app.get("/_simulator/messages")
    def landed() -> Response:
        return jsonify(messages=world.landed, requests=world.requests)

    @app.post("/_simulator/write")
    def write() -> Response:
        given = request.get_json()
        message = {"id": world.wamid(), "timestamp": str(int(time.time())), **given["message"]}
        world.wrote[message["from"]] = time.time()
        return jsonify(status=teller.message(message, given.get("name", "Warga")), id=message["id"])

    @app.post("/_simulator/tell")
    def tell() -> Response:
        """Tell now what was withheld: of the messages to a number, or of all."""
        given = request.get_json()
        found = [each for each in world.landed if given.get("to") in {None, each["to"]}]
        for each in found:
            teller.statuses(each, given.get("statuses", world.ways.statuses), given.get("code"))
        return jsonify(len(found))


def _told(world: World, teller: Teller, landed: Document) -> None:
    if world.ways.withhold:
        return
    if landed["to"] in world.ways.absent:
        teller.statuses(landed, ["failed"], 131026)
    else:
        teller.statuses(landed, world.ways.statuses)


def _broken(fault: str) -> Response:
    """Let an answer be lost after the message has landed."""
    if fault == "hang":
        time.sleep(HANG_SECONDS)
    if fault == "html":
        return Response("<html>502 Bad Gateway</html>", 502, content_type="text/html")
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)
