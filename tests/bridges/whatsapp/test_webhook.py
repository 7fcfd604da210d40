"""The door of the webhook: Meta's handshake, BR-W1, and that what is accepted is stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.app import create_app
from fhir_server.bridges.whatsapp.working import SOURCE
from tests.bridges.whatsapp.payloads import SECRET, TOKEN, change, message, posted, signed

PATH = "/webhooks/whatsapp"
BODY = posted(change([message()]))


@pytest.fixture
def settings(settings):
    return replace(settings, whatsapp_secret=SECRET, whatsapp_verify_token=TOKEN)


@pytest.fixture
def client(context):
    return create_app(context).test_client()


def waiting(context):
    return context.store.deliveries.count(SOURCE, "waiting")


def test_meta_shakes_hands(client):
    asked = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "123<b>"}

    answer = client.get(PATH, query_string=asked)

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "123<b>", "text/plain")


@pytest.mark.parametrize(
    "asked",
    [
        {"hub.mode": "subscribe", "hub.verify_token": "salah", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "\ud800é", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.verify_token": TOKEN, "hub.challenge": "1"},
    ],
)
def test_nobody_else_does(client, asked):
    words = {name: value.encode("utf-8", "replace").decode() for name, value in asked.items()}

    assert client.get(PATH, query_string=words).status_code == 403


def test_br_w1_a_signed_webhook_is_kept_and_answered(client, context):
    answer = client.post(PATH, data=BODY, headers=signed(BODY))

    assert (answer.status_code, answer.data) == (200, b"")
    assert waiting(context) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": signed(BODY)["X-Hub-Signature-256"].removeprefix("sha256=")},
        {"X-Hub-Signature-256": signed(BODY, "rahasia lain")["X-Hub-Signature-256"]},
        {"X-Hub-Signature-256": "sha256=\xe9"},
        {"X-Hub-Signature": signed(BODY)["X-Hub-Signature-256"]},
    ],
)
def test_br_w1_without_a_good_signature_nothing_is_stored(client, context, headers):
    answer = client.post(PATH, data=BODY, headers=headers)

    assert answer.status_code == 401
    assert "BR-W1" in answer.text
    assert waiting(context) == 0


def test_br_w1_the_signature_is_of_the_bytes_not_of_their_meaning(client, context):
    spaced = BODY.replace(b'": "', b'":"')

    assert client.post(PATH, data=spaced, headers=signed(BODY)).status_code == 401
    assert client.post(PATH, data=spaced, headers=signed(spaced)).status_code == 200
    assert waiting(context) == 1


def test_the_same_webhook_again_waits_once(client, context):
    for _ in range(3):
        assert client.post(PATH, data=BODY, headers=signed(BODY)).status_code == 200

    assert waiting(context) == 1


def test_what_is_larger_than_meta_sends_is_refused(client, context):
    body = b" " * (8 * 1024 * 1024 + 1)

    assert client.post(PATH, data=body, headers=signed(body)).status_code == 413
    assert waiting(context) == 0


@pytest.mark.parametrize("missing", ["whatsapp_secret", "whatsapp_verify_token"])
def test_without_secret_or_token_there_is_no_webhook(context, missing):
    bare = replace(context, settings=replace(context.settings, **{missing: ""}))
    client = create_app(bare).test_client()

    assert client.get(PATH).status_code == 404
    assert client.post(PATH, data=BODY, headers=signed(BODY, "")).status_code == 404
    assert waiting(context) == 0


def test_settings_do_not_show_what_is_secret(settings):
    assert SECRET not in repr(settings)
    assert TOKEN not in repr(settings)
