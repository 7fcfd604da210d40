"""A sample as a resource of ours: what comes in by FHIR and no SOP document says."""

from __future__ import annotations

from dataclasses import replace

from fhir_server.bridges.satusehat.payload import Known, Payload, bundle, within
from fhir_server.bridges.satusehat.render import render
from tests.bridges.satusehat.stories import CHOICES

VISITS = {"anc": ("ANC", "K1A"), "pnc": ("puerperium", "KF1")}
NOBODY = {"system": "https://fhir.kemkes.go.id/id/nik", "value": "9902015203960091"}
UNLINKED = ("Organization", "Location", "EpisodeOfCare", "Encounter", "Medication", "Specimen")


def sent(module, sample, **choices):
    """Render a sample as if it were ours; everything it refers to is there and known."""
    own = _ours(sample)
    key = f"{own['resourceType']}/{own['id']}"
    is_known = own["resourceType"] == "Encounter" and "id" in sample

    def remote(asked):
        found = asked.partition("/")[2]
        return found if asked.partition("#")[0] != key or is_known else None

    known = Known(remote, _local(module), choices=replace(CHOICES, **choices))
    result = render(own, known)
    assert isinstance(result, Payload), result
    (request,) = result.requests
    return request.body


def together(module, entries):
    """Render the entries of a sample Bundle, as ours, into one transaction."""
    kinds = {e["fullUrl"].rpartition(":")[2]: e["resource"]["resourceType"] for e in entries}
    own = {
        f"{e['resource']['resourceType']}/{e['fullUrl'].rpartition(':')[2]}": _ours(
            _linked(e["resource"], kinds) | {"id": e["fullUrl"].rpartition(":")[2]}
        )
        for e in entries
    }
    there = _local(module)
    known = Known(
        lambda key: None if key in own else key.partition("/")[2],
        lambda name: own.get(name) or there(name),
        choices=CHOICES,
    )
    inside = within(known, set(own))
    payloads = [render(each, inside) for each in own.values()]
    assert all(isinstance(each, Payload) for each in payloads), payloads
    return bundle(payloads)


def _linked(value, kinds):
    """Write references between entries as references of ours."""
    if isinstance(value, list):
        return [_linked(each, kinds) for each in value]
    if not isinstance(value, dict):
        return value
    found = {k: _linked(v, kinds) for k, v in value.items()}
    reference = found.get("reference")
    if isinstance(reference, str):
        own_id = reference.rpartition(":")[2].rpartition("/")[2]
        if own_id in kinds:
            found["reference"] = f"{kinds[own_id]}/{own_id}"
    return found


def _ours(sample):
    """Give the sample an id, and the visit and patient that a few samples leave out."""
    own = {**sample, "id": sample.get("id", "sample")}
    if own["resourceType"] not in UNLINKED:
        if "patient" not in own:
            own.setdefault("subject", {"reference": "Patient/x"})
        if "context" not in own:
            own.setdefault("encounter", {"reference": "Encounter/x"})
    return own


def _local(module):
    def local(name):
        kind, _, own_id = name.partition("/")
        return {"resourceType": kind, "id": own_id} | _known_of(kind, module)

    return local


def _known_of(kind, module):
    if kind == "Encounter":
        programme, code = VISITS.get(module, ("", ""))
        system = f"http://terminology.kemkes.go.id/CodeSystem/episodeofcare/{programme}"
        return {
            "status": "in-progress",
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/x"},
            "participant": [{"individual": {"reference": "Practitioner/x"}}],
            "identifier": [{"system": system, "value": code}] if programme else [],
        }
    if kind in {"Patient", "Practitioner"}:
        return {"identifier": [NOBODY]}
    if kind == "Organization":
        return {"partOf": {"reference": "Organization/pkm-uji"}}
    if kind == "Condition":
        return {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "Z00.0"}]}}
    return {}
