"""``/webhooks/…``: what Meta and the landing page send is stored and answered; a worker reads it.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request

from fhir_server.bridges.whatsapp import forms
from fhir_server.bridges.whatsapp.signature import BR_W1, HEADER, is_known, is_signed
from fhir_server.bridges.whatsapp.working import FORM, SOURCE
from fhir_server.errors import Forbidden, Invalid, Issue, NotFound, Unauthenticated

if TYPE_CHECKING:
    from fhir_server.context import Context

WHATSAPP: Final = "/webhooks/whatsapp"
FORMULIR: Final = "/webhooks/formulir"
LARGEST_FORM: Final = 64 * 1024
LARGEST: Final = 8 * 1024 * 1024
"""Meta sends at most 3 MB; a document of the database holds 16."""


def register(app: Flask, context: Context) -> None:
    """Serve the webhook of the WhatsApp Business Cloud API, and the form of the landing page."""

    def whatsapp() -> Response:
        settings = context.settings
        if not (settings.whatsapp_secret and settings.whatsapp_verify_token):
            raise NotFound("This server has no webhook for WhatsApp (FHIR_WHATSAPP_SECRET).")
        return _accepted(context) if request.method == "POST" else _shaken(context)

    def formulir() -> Response:
        if not context.settings.formulir_secret:
            raise NotFound("This server takes no forms (FHIR_FORMULIR_SECRET).")
        return _form(context)

    app.add_url_rule(WHATSAPP, "whatsapp", whatsapp, methods=["GET", "POST"])
    app.add_url_rule(FORMULIR, "formulir", formulir, methods=["POST"])


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
    context.store.deliveries.keep(SOURCE, _signed(context.settings.whatsapp_secret, LARGEST))
    return Response(status=200)


def _form(context: Context) -> Response:
    """Keep a form that the landing page has signed; what is wrong with it is said at once."""
    body = _signed(context.settings.formulir_secret, LARGEST_FORM)
    try:
        forms.read(body)
    except forms.Unreadable as error:
        raise Invalid([Issue("value", str(error))]) from None
    context.store.deliveries.keep(FORM, body)
    return Response(status=202)


def _signed(secret: str, largest: int) -> bytes:
    """Give the bytes of the request if they are signed with the secret."""
    request.max_content_length = largest
    body = request.get_data(cache=False)
    if not is_signed(secret, body, request.headers.get(HEADER, "")):
        raise Unauthenticated(
            f"{BR_W1}: {HEADER} is not the signature of this body by the secret of the app.",
            indonesian=f"{BR_W1}: tanda tangan {HEADER} tidak cocok dengan isi kiriman.",
        )
    return body
