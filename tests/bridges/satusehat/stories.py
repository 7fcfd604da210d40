"""SOP documents that say what the samples say, and what SATUSEHAT would know of them."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from fhir_server.bridges.satusehat.choices import Choices
from fhir_server.bridges.satusehat.payload import Known, Payload
from fhir_server.bridges.satusehat.render import render
from fhir_server.mappings import load_mappings, part_id
from fhir_server.mappings.trace import written_by
from fhir_server.rest.sop_schemas import schema_of
from fhir_server.sop import entitas
from tests.bridges.satusehat.samples import at

STORIES = Path(__file__).parent / "stories"
CHOICES = Choices(
    organization="{{Org_id}}",
    facility="pkm-uji",
    medication="standalone",
    anc_visit="terminology",
    head_system="http://terminology.kemkes.go.id/CodeSystem/clinical-term",
    composition_type="18842-5",
)
"""The choices that the samples were made with."""
_WRITTEN = {}


@cache
def told(story):
    """Give the documents of a story file, as they lie there."""
    return yaml.safe_load((STORIES / f"{story}.yaml").read_text("utf-8"))


@cache
def resources(story):
    """Give every resource of a story by `Type/id`, written by our own mappings."""
    written = {}
    for each in [*told("dasar"), *told(story)]:
        written |= {name(r): r for r in resources_of(each).values()}
    return written


def resources_of(case):
    """Write one document: role → resource."""
    if case["id"] not in _WRITTEN:
        _WRITTEN[case["id"]] = _written(case)
    return _WRITTEN[case["id"]]


def _written(case):
    mapping = load_mappings()[case["entity"]]
    plain = json.loads(json.dumps(_filled(case["sop"]), default=str), parse_float=Decimal)
    document = schema_of(entitas()[case["entity"]].dokumen).load(plain)
    written = json.loads(json.dumps(written_by(mapping, document, case["id"]), default=float))
    return {role: {**each, "id": part_id(case["id"], role)} for role, each in written.items()}


def name(resource):
    """Give `Type/id`."""
    return f"{resource['resourceType']}/{resource['id']}"


def knowing(story, updated=(), choices=CHOICES):
    """Give what is known once all of a story is there, but for what is being sent.

    `updated` names what is there already: `Type/id` or `Type/id#part`.
    """
    local = resources(story)

    def remote(key):
        return key.replace("/", "-") if key not in fresh or key in updated else None

    def referring(kind, parameter, reference):
        element = {"patient": "subject"}.get(parameter, parameter)
        return [
            each
            for each in local.values()
            if each["resourceType"] == kind
            and (each.get(element) or {}).get("reference") == reference
        ]

    fresh = set()
    return Known(remote, local.get, referring, choices), fresh


def rendered(story, case, role, *, part=""):
    """Render a role of a document: the body of its request, or of that part."""
    resource = resources_of(case)[role]
    key = name(resource)
    known, fresh = knowing(story, {key} if case.get("known") else ())
    fresh |= {key, f"{key}#{part}"}
    result = render(resource, known)
    assert isinstance(result, Payload), result
    found = {request.key: request for request in result.requests}
    if part:
        return found[f"{key}#{part}"]
    assert len(found) == 1, f"{key} goes in parts: {sorted(found)}"
    return found[key]


def _filled(value):
    if isinstance(value, dict):
        return {k: _filled(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    if not (isinstance(value, str) and value.startswith("=")):
        return value
    pointer, _, cut = value[1:].partition("|")
    found = at(pointer)
    found = float(found) if isinstance(found, Decimal) else found
    return found[:10] if cut == "hari" else found
