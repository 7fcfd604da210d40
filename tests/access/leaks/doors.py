"""Asks over HTTP: the whole application, with a gate that knows who asks without a token."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from fhir_server.access.guard import entered
from fhir_server.app import create_app
from fhir_server.auth.principals import OPERATOR
from fhir_server.rest.gate import Gate

HOST = "http://localhost"
NOW = re.compile(r'"(dibuat|diubah|berikutnya|versi)":("[^"]*"|\d+),?')
"""What of a SOP document says when it was stored, and not what."""


class Held(Gate):
    """A gate through which one principal comes, whoever asks."""

    who = OPERATOR

    def entered(self, environ):
        """Give the context of the one who asks."""
        del environ
        return entered(self.context, self.who)


@dataclass(frozen=True)
class Said:
    """One answer: its status, and its JSON."""

    status: int
    document: dict
    text: str
    headers: dict = field(default_factory=dict)


class Door:
    """The application of one context."""

    def __init__(self, context):
        self._app = create_app(context)
        self._app.gate = Held(context)
        self._client = self._app.test_client()

    def ask(self, principal, question):
        """Answer a question, and all pages that follow, as one."""
        self._app.gate.who = principal
        pages = [self._one(question.method, question.url, question)]
        while (more := _next(pages[-1].document)) is not None:
            pages.append(self._one("GET", more, question))
        return joined(pages)

    def _one(self, method, url, question):
        said = self._client.open(
            url,
            method=method,
            data=question.body if method != "GET" else b"",
            headers=dict(question.headers),
        )
        text = said.get_data(as_text=True)
        document = json.loads(text) if text.startswith("{") else {}
        return Said(said.status_code, document, text, dict(said.headers))


def joined(pages):
    """Make one answer of the pages of a Bundle, or of a list of SOP documents."""
    first = pages[0]
    if len(pages) == 1:
        return first
    name = "dokumen" if "dokumen" in first.document else "entry"
    every = [each for page in pages for each in page.document.get(name, ())]
    whole = {**first.document, name: every}
    return Said(max(page.status for page in pages), whole, "".join(page.text for page in pages))


def _next(document):
    if isinstance(document.get("berikutnya"), str):
        return document["berikutnya"]
    for each in document.get("link", ()):
        if each.get("relation") == "next":
            return each["url"].removeprefix(HOST)
    return None


def plain(said):
    """Give what of an answer of the SOP API must be the same in both worlds."""
    if not said.document:
        return said.text
    rows = [_written(each) for each in said.document.get("dokumen", [said.document])]
    return sorted(rows)


def _written(document):
    said = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return NOW.sub("", said).replace(",}", "}")
