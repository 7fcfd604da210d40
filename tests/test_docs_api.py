"""The pages of docs/api say what happens: every ``http`` block is sent, every answer compared.

A page is read from top to bottom. A block that begins with a method is a request, one that begins
with ``HTTP/1.1`` what must come back: the status, the headers that are named, and of the body at
least what is shown (``"…"`` stands for anything). ``{{id}}``, ``{{location}}``, ``{{next}}``,
``{{resume}}`` and ``{{cursor}}`` are the id of the last resource, the last Location or
Content-Location, the last next and resume links, and the cursor in the latter.
"""

import json
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from tests.support.server import running

PAGES = sorted((Path(__file__).parents[1] / "docs" / "api").glob("*.md"))
BLOCK = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECONDS = 120
SHARED = {
    "transaction": "batch",
    "search-type": "search",
    "search-system": "search-several",
    "history-instance": "history",
    "history-type": "history",
    "history-system": "history",
}
"""Interactions that one page tells of together."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("docs"), {"FHIR_EXPUNGE": "1"}) as server:
        yield server


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_does_what_the_page_says(server, page):
    blocks = BLOCK.findall(page.read_text("utf-8"))
    talk = Talk(server.url)

    for request, promised in paired(blocks):
        assert talk.differences(request, promised) == []


def paired(blocks):
    """Give each request with what must come back, if that is said."""
    place = 0
    while place < len(blocks):
        following = blocks[place + 1] if place + 1 < len(blocks) else ""
        promised = following if following.startswith("HTTP/") else None
        yield blocks[place], promised
        place += 1 if promised is None else 2


class Talk:
    """Requests in order, each of which may name what came of those before."""

    def __init__(self, url):
        self.url = url
        self.known = {}

    def differences(self, block, promised):
        """Send a request; list what its answer has not that was promised."""
        head, headers, body = parted(self.filled(block))
        method, path = head.split(" ", 1)
        wanted = int(promised.split()[1]) if promised else None
        url = path if path.startswith("http") else f"{self.url}{path}"
        deadline = time.monotonic() + SECONDS
        while True:
            said = requests.request(
                method, url, headers=headers, data=body.encode(), timeout=SECONDS
            )
            if wanted != 200 or said.status_code != 202 or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.learn(said)
        return [f"{head}: {each}\n{said.text}" for each in missing(said, promised)]

    def filled(self, block):
        for name, value in self.known.items():
            block = block.replace("{{%s}}" % name, value)  # noqa: UP031 - braces
        assert "{{" not in block, f"nothing was said yet for this: {block}"
        return block

    def learn(self, said):
        for header in ("Location", "Content-Location"):
            if header in said.headers:
                self.known["location"] = said.headers[header].partition("/_history/")[0]
        body = read(said.text)
        if isinstance(body, dict):
            if "id" in body and body.get("resourceType") != "OperationOutcome":
                self.known["id"] = body["id"]
            for link in body.get("link", ()):
                if link["relation"] in {"next", "resume"}:
                    self.known[link["relation"]] = link["url"]
                    self.known["cursor"] = link["url"].rpartition("since=")[2].partition("&")[0]


def missing(said, promised):
    """List what an answer has not: the status, a header, what the body must contain."""
    if promised is None:
        return [] if said.status_code < 400 else [f"{said.status_code} is no success"]
    status, headers, body = parted(promised)
    expected = read(body)
    if expected is not None:
        found = [] if contains(expected, read(said.text)) else [body]
    else:
        found = [each for each in map(str.strip, body.splitlines()) if each not in said.text]
    if said.status_code != int(status.split()[1]):
        found.append(f"{said.status_code} instead of {status}")
    named = headers.items()
    return [*found, *(n for n, value in named if not matches(value, said.headers.get(n)))]


def parted(block):
    """Split a block into its first line, its headers and its body."""
    top, _, body = block.partition("\n\n")
    head, *rows = top.strip().splitlines()
    headers = dict(row.split(": ", 1) for row in rows)
    return head, headers, body.strip()


def read(text):
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None


def matches(wanted, given):
    if "…" not in str(wanted):
        return wanted == given
    pattern = ".*".join(map(re.escape, str(wanted).split("…")))
    return isinstance(given, str) and re.fullmatch(pattern, given, re.DOTALL) is not None


def contains(wanted, given):
    """Tell whether an answer has all that is shown, arrays in the order shown."""
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(
            name in given and contains(value, given[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        rest = iter(given if isinstance(given, list) else ())
        return all(any(contains(value, each) for each in rest) for value in wanted)
    return wanted == "…" or matches(wanted, given)


def test_every_interaction_and_operation_has_a_page(server):
    """The CapabilityStatement names them; the index leads to each page."""
    stated = requests.get(f"{server.url}/fhir/metadata", timeout=SECONDS).json()["rest"][0]
    types = stated["resource"]
    interactions = {each["code"] for kind in types for each in kind["interaction"]}
    interactions |= {each["code"] for each in stated["interaction"]} | {"capabilities"}
    operations = {op["name"] for kind in (stated, *types) for op in kind.get("operation", ())}
    pages = {page.stem for page in PAGES} | SHARED.keys()
    index = (PAGES[0].parent / "index.md").read_text("utf-8")

    wanted = interactions | operations
    assert wanted - pages == set()
    assert {name for name in wanted if f"({SHARED.get(name, name)}.md)" not in index} == set()
