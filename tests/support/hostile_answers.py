"""What other systems may answer us: whatever they like, and it must mean something all the same."""

from __future__ import annotations

import json
from typing import Any

import requests
from hypothesis import strategies as st

from fhir_server.auth import fetching
from fhir_server.auth.keys import Published
from fhir_server.bridges.plain.answers import judged
from fhir_server.bridges.satusehat import finding
from fhir_server.bridges.satusehat.meaning import Said, meaning
from fhir_server.bridges.whatsapp import graph
from fhir_server.delivery.target import Parcel
from fhir_server.delivery.transport import Reply
from tests.support.hostile import Parser, bodies, texts, values

_PARCEL = Parcel("PUT", "Patient/x", {"resourceType": "Patient"})
_parts = st.sampled_from(["code", "diagnostics", "details", "expression", "location", "severity"])
_issue = st.dictionaries(_parts, values | st.just({"text": "(Rule Number: 20002)"}), max_size=4)
_outcomes = st.builds(
    lambda issues: {"resourceType": "OperationOutcome", "issue": issues},
    st.lists(_issue | values, max_size=3) | values,
)
_entry = st.builds(lambda inner: {"resource": inner}, values | st.just({"resourceType": "Patient"}))
_bundles = st.builds(
    lambda entries: {"resourceType": "Bundle", "entry": entries},
    st.lists(_entry | values, max_size=3) | values,
)
_names = st.sampled_from(["fault", "ErrorCode", "Error", "id", "error", "messages", "url", "keys"])
_inner = st.sampled_from([{"code": 190}, [{"id": 1}], [{"kty": "RSA"}], {"detail": 1}])
_loose = st.dictionaries(_names, values | _inner, max_size=3)
answers = st.one_of(
    st.one_of(_outcomes, _bundles, _loose).map(
        lambda found: json.dumps(found).encode("utf-8", "surrogatepass")
    ),
    bodies,
)
_statuses = st.sampled_from([200, 201, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503, 999])
_dates = ["Fri, 31 Dec 9999 23:59:60 GMT", "Mon, 01 Jan 0000 00:00:00 +2400"]
_waits = st.sampled_from(["", "5", "-1", "9" * 400, "\u00b2", "soon", *_dates])
_held = st.one_of(
    texts, st.sampled_from(["Patient/1", "https://there.example/Patient/$/_history/"])
)
replies = st.tuples(_statuses, st.tuples(_waits, _held), answers)


def _judge(given: Any) -> None:
    status, (wait, place), body = given
    reply = Reply(status, {"Retry-After": wait, "Location": place}, body)
    judged(reply, _PARCEL)


class _Told:
    """A connection to SATUSEHAT that has one answer for everything."""

    def __init__(self, said: Said) -> None:
        self.said = said

    def ask(self, *_asked: Any, **_more: Any) -> Said:
        return self.said


def _satusehat(given: Any) -> None:
    status, (wait, number), body = given
    headers = {"Retry-After": wait, "x-request-id": number}
    said = Said(status, body.decode("utf-8", "replace"), headers)
    meaning(said)
    found = finding.hits(_Told(said), "Patient", [])  # type: ignore[arg-type]
    assert all(isinstance(each.get("id"), str) for each in found.resources)


def _graph(given: Any) -> None:
    status, (wait, _), body = given
    answer = requests.Response()
    answer.status_code, answer._content = status, body
    answer.headers["Retry-After"] = wait
    graph._number(graph._json(answer))
    graph._refusal(answer)


def _keys(body: bytes) -> None:
    Published("", lambda url, _hosts: fetching._read(body, url)).keys("https://there.example/jwks")


ANSWERS = {
    "reply": Parser(replies, _judge),
    "satusehat": Parser(replies, _satusehat),
    "graph": Parser(replies, _graph),
    "keys": Parser(answers, _keys, (fetching.Unfetched,)),
}
