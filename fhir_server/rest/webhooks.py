"""``/webhooks/whatsapp``: Meta's messages are stored and answered; a worker reads them later.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request

from fhir_server.bridges.whatsapp.signature import BR_W1, HEADER, is_known, is_signed
from fhir_server.bridges.whatsapp.working import SOURCE
from fhir_server.errors import Forbidden, NotFound, Unauthenticated

if TYPE_CHECKING:
    from fhir_server.context import Context

WHATSAPP: Final = "/webhooks/whatsapp"
LARGEST: Final = 8 * 1024 * 1024
"""Meta sends at most 3 MB; a document of the database holds 16."""


def register(app: Flask, context: Context) -> None:
    """Serve the webhook of the WhatsApp Business Cloud API."""

    def whatsapp() -> Response:
        settings = context.settings
        if not (settings.whatsapp_secret and settings.whatsapp_verify_token):
            raise NotFound("This server has no webhook for WhatsApp (FHIR_WHATSAPP_SECRET).")
        return _accepted(context) if request.method == "POST" else _shaken(context)

    app.add_url_rule(WHATSAPP, "whatsapp", whatsapp, methods=["GET", "POST"])


def _shaken(context: Context) -> Response:
    """Answer Meta's question whether this address is meant."""
    asked = request.args
    known = is_known(context.settings.whatsapp_verify_token, asked.get("hub.verify_token", ""))
    if asked.get("hub.mode") != "subscribe" or not known:
        raise Forbidden(
            "hub.mode must be subscribe, hub.verify_token what FHIR_WHATSAPP_VERIFY_TOKEN says.",
            indonesian="Token verifikasi bukan yang diatur pada server ini.",
        )
    return Response(asked.get("hub.challenge", ""), content_type="text/plain; charset=utf-8")


def _accepted(context: Context) -> Response:
    """Keep what Meta has signed (BR-W1); once it is answered it is safe on disk."""
    request.max_content_length = LARGEST
    body = request.get_data(cache=False)
    if not is_signed(context.settings.whatsapp_secret, body, request.headers.get(HEADER, "")):
        raise Unauthenticated(
            f"{BR_W1}: {HEADER} is not the signature of this body by the secret of the app.",
            indonesian=f"{BR_W1}: tanda tangan {HEADER} tidak cocok dengan isi kiriman.",
        )
    context.store.deliveries.keep(SOURCE, body)
    return Response(status=200)
