"""Asks one question of the server for a principal, and of a server that has nothing else.

The second server, the twin, holds just what the oracle lets the principal see. Whatever the first
says, the twin has to say as well: the same hits in the same order, the same totals.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

from fhir_server.access.guard import entered
from fhir_server.auth.principals import OPERATOR
from fhir_server.errors import FhirError
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from fhir_server.resources.wire import dump, text
from fhir_server.search.index import index
from fhir_server.store.ops import Put
from tests.access.leaks.doors import Door, Said, joined, plain

DENIED = {403, 404, 410}
SOP = "/sop/"
HOST = "https://puskesmas.example/fhir"
STAMP = re.compile(
    r'"(versionId|lastUpdated|timestamp|created|lastModified|etag|authored|date)":"[^"]*",?'
    r'|"valueDateTime":"[^"]*\.\d{3}000\+00:00",?'
)
"""What the server and its twin do not say alike; a moment of $waktu-rujukan is one of its clock."""
LEFT_OUT = {"AuditEvent", "Provenance"}


class Server:
    """A context, and the door to it."""

    def __init__(self, context):
        self.context = context
        self.door = Door(context)

    def ask(self, principal, question):
        """Answer a question, and all pages that follow; what begins with / goes over HTTP."""
        if question.url.startswith("/"):
            return self.door.ask(principal, question)
        return ask(self.context, principal, question)


def ask(context, principal, question):
    """Answer a question, and all pages that follow, without HTTP."""
    inside = entered(context, principal)
    pages, url, method = [], question.url, question.method
    while url is not None:
        path, _, query = url.partition("?")
        body = question.body if method != "GET" else b""
        request = Request(method, path, HOST, query, question.headers, body)
        try:
            said = answer(inside, request)
            raw = b"".join(said.parts) if said.parts is not None else said.body
            status = said.status
        except FhirError as error:
            status = error.status
            raw = dump({"issue": [each.diagnostics for each in error.issues]})
        document = json.loads(raw) if raw else {}
        pages.append(Said(status, document, raw.decode()))
        url, method = _next(document), "GET"
    return joined(pages)


def _next(document):
    for each in document.get("link", ()):
        if each.get("relation") == "next":
            return each["url"].removeprefix(f"{HOST}/").removeprefix(HOST)
    return None


def normal(said, question):
    """Give what of an answer must be the same in both worlds."""
    if said.status in DENIED:
        return "denied"
    if said.status >= 400:
        return f"refused {said.status}"
    if question.url.startswith(SOP) or not said.document:
        return plain(said)
    return _of_document(said, question.ordered)


def _of_document(said, ordered):
    document = said.document
    if document.get("resourceType") != "Bundle":
        return _plain(document)
    if document.get("type") in {"batch-response", "transaction-response"}:
        return [_of_entry(each) for each in document.get("entry", ())]
    return _of_bundle(document, ordered)


def _of_bundle(document, ordered):
    hits = [
        (each.get("search", {}).get("mode", ""), _plain(each.get("resource", {})))
        for each in document.get("entry", ())
        if each.get("resource", {}).get("resourceType") not in LEFT_OUT
    ]
    matches = [each for each in hits if each[0] != "include"]
    others = sorted((each for each in hits if each[0] == "include"), key=str)
    return [matches if ordered else sorted(matches, key=str), others, document.get("total")]


def _of_entry(entry):
    status = int(entry["response"]["status"][:3])
    if status in DENIED:
        return "denied"
    if status >= 400:
        return f"refused {status}"
    return _of_document(Said(status, entry.get("resource", {}), ""), ordered=False)


def _plain(document):
    return STAMP.sub("", json.dumps(document, sort_keys=True, separators=(",", ":"))).replace(
        ",}", "}"
    )


def stored(context, documents, authors=None):
    """Store documents as they are: neither rules nor rights judge them."""
    ops = [
        Put(
            each["resourceType"],
            each["id"],
            text(dump(each), each["id"]),
            index(each, context.parameters),
            "PUT",
            authors=(authors or {}).get(f"{each['resourceType']}/{each['id']}", ()),
        )
        for each in documents
    ]
    context.store.transact(ops)


def opened(context, everybody, now):
    """Open records in an emergency to those who are said to have asked for it."""
    for who in everybody:
        for patient in who.opened:
            context.store.emergencies.open(who.asks.subject, patient, now + timedelta(days=9))


class Twin:
    """A server that holds only what one principal sees."""

    def __init__(self, context, database):
        self._context = replace(context, principal=OPERATOR)
        self._server = Server(self._context)
        self._database = database

    def hold(self, documents):
        """Hold these documents instead of those before, each as version 1."""
        for name in self._database.list_collection_names():
            if name[0].isupper():
                self._database[name].delete_many({})
        stored(self._context, documents)

    def ask(self, question):
        """Answer as if nothing else were there."""
        return self._server.ask(OPERATOR, question)
