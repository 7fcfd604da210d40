"""Every letter of awkward data, laid out on its paper: nothing may run off it."""

from __future__ import annotations

import pytest

from fhir_server.letters import letter_for
from fhir_server.letters.berkas import Berkas
from fhir_server.letters.cetak import html
from fhir_server.letters.narasi import narasi
from fhir_server.mappings import part_id
from tests.letters.layout import laid_out, needs_pango
from tests.letters.test_every_letter import PRINTABLE

UNBROKEN = "Abdurrahmanwahyudiningratsastrowardoyokusumaningtyassuryaningprangprawirodirjo" * 2
FREE = frozenset({"text", "display", "contentString", "valueString", "description"})
ARABIC = "محمد بن عبد الله"
CASES = dict(PRINTABLE)  # the last case of each


def awkward(value, key=""):
    """Give a resource whose free words are one long word."""
    if isinstance(value, dict):
        return {name: awkward(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [awkward(each, key) for each in value]
    if key == "div":
        return f'<div xmlns="http://www.w3.org/1999/xhtml">{UNBROKEN}</div>'
    return f"{value} {UNBROKEN}" if key in FREE and isinstance(value, str) else value


def referred(value):
    """Give what a resource refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from referred(each)


def people(resources):
    """Make everybody who is referred to, with a name that no line can hold."""
    for each in sorted(set(referred(resources))):
        kind, _, identity = each.partition("/")
        known = {"resourceType": kind, "id": identity}
        if kind in {"Patient", "Practitioner"}:
            yield known | {"name": [{"text": UNBROKEN}], "address": [{"text": UNBROKEN}]}
        elif kind == "PractitionerRole":
            yield known | {"practitioner": {"reference": "Practitioner/orang"}}
        elif kind == "Organization":
            yield known | {"name": UNBROKEN, "address": [{"text": UNBROKEN}]}
    yield {
        "resourceType": "Practitioner",
        "id": "orang",
        "name": [{"text": f"{ARABIC} {UNBROKEN}"}],
    }


@needs_pango
@pytest.mark.parametrize("entity", sorted(CASES))
def test_nothing_runs_off_the_paper(entity):
    case = CASES[entity]
    own = [{**e, "id": part_id(case["id"], role)} for role, e in case["fhir"].items()]
    papers = Berkas([*map(awkward, own), *people(own)])

    written = html(letter_for(papers, entity), papers)

    assert UNBROKEN in written
    beyond = [
        each.text
        for edge, boxes in laid_out(written)
        for each in boxes
        if each.position_x + each.width > edge + 1
    ]
    assert beyond == []


@pytest.mark.parametrize(
    ("div", "shown"),
    [
        ("<div>Jalan rusak\n&amp; hujan\n</div>", "Jalan rusak<br>&amp; hujan"),
        ("<div>\n<p>Jalan\nrusak</p>\n</div>", "\n<p>Jalan\nrusak</p>\n"),
    ],
)
def test_lines_that_somebody_typed_stay_lines(div, shown):
    assert narasi(div) == shown
