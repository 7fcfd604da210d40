"""Webhooks as the Cloud API shapes them; numbers and people are invented."""

from __future__ import annotations

import hashlib
import hmac
import json

LINE = {"display_phone_number": "62 800-0000-000", "phone_number_id": "PN-1"}
OWN = "628000000000"
PEER = "628000000003"
SENT = 1626051600
SECRET = "rahasia-uji"  # noqa: S105 - the tests' own
TOKEN = "token-uji"  # noqa: S105 - the tests' own
SETTINGS = {"FHIR_WHATSAPP_SECRET": SECRET, "FHIR_WHATSAPP_VERIFY_TOKEN": TOKEN}


def message(number="wamid.W-01", *, sender=PEER, at=SENT, kind="text", quoted=None, **content):
    """One message; its content is that of its type, "halo" by default."""
    given = content or ({"body": "halo"} if kind == "text" else {})
    found = {"from": sender, "id": number, "timestamp": str(at), "type": kind, kind: given}
    return found | ({"context": {"from": OWN, "id": quoted}} if quoted else {})


def status(word, number="wamid.OUT-1", *, at=SENT, **more):
    return {"id": number, "status": word, "timestamp": str(at), "recipient_id": PEER, **more}


def change(messages=(), statuses=(), *, field="messages", name="Bu Uji", line=LINE):
    people = [{"profile": {"name": name}, "wa_id": each["from"]} for each in messages]
    value = {"messaging_product": "whatsapp", "metadata": line}
    value |= {"contacts": people, "messages": list(messages)} if messages else {}
    value |= {"statuses": list(statuses)} if statuses else {}
    return {"field": field, "value": value}


def posted(*changes):
    """The body of one POST, with the changes in entries of their own."""
    entries = [{"id": "WABA-1", "changes": [each]} for each in changes]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


def signed(body, secret=SECRET):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
