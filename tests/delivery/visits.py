"""Visits that go to a hospital's server, and what arrived of them there."""

from __future__ import annotations

from collections import defaultdict

import orjson
import requests

from fhir_server.interactions.write import commit, prepare

KINDS = ("Patient", "Encounter", "Observation")
SOURCE = "https://puskesmas.example/fhir"
FILE = """
[[target]]
name = "rsud"
kind = "fhir"
url = "%s"
types = ["Patient", "Encounter", "Observation"]
identity = "%s"
source = "https://puskesmas.example/fhir"
connections = %d
"""
CLASS = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
PAGE = 500


def write(context, resource):
    """Store a resource on the road of every write."""
    commit(context, [prepare(context, orjson.dumps(resource), resource["id"])])


def visit(context, name, observations=1):
    """Write a visit, the last things first."""
    patient, encounter = {"reference": f"Patient/{name}"}, {"reference": f"Encounter/{name}"}
    result = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    result |= {"subject": patient, "encounter": encounter}
    for number in range(observations):
        write(context, result | {"id": f"{name}-{number}"})
    begun = {"resourceType": "Encounter", "id": name, "status": "finished", "class": CLASS}
    write(context, begun | {"subject": patient})
    write(context, {"resourceType": "Patient", "id": name, "active": True})


def states(store):
    """Give the state of each delivery."""
    return {each.reference: each.state for each in store.dispatches.page("rsud", limit=100_000)}


def is_done(store, number):
    """Tell whether so many deliveries are there, and all arrived."""
    counts = store.dispatches.counts().get("rsud", {})
    return counts.get("accepted", 0) + counts.get("adopted", 0) == number == sum(counts.values())


def there(hospital):
    """Read everything at the hospital: our name → what became of it, several where it is twice."""
    found = defaultdict(list)
    for kind in KINDS:
        url = f"{hospital}/{kind}?_count={PAGE}"
        while url:
            page = requests.get(url, timeout=120).json()
            for entry in page.get("entry", ()):
                resource = entry["resource"]
                for each in resource.get("identifier", [{"value": f"{kind}/{resource['id']}"}]):
                    found[each["value"]].append(resource)
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
    return found


def expect_once_in_order(found, names, observations=1):
    """Assert that visits are there exactly once, each after what it refers to."""
    for name in names:
        (patient,) = found[f"Patient/{name}"]
        (encounter,) = found[f"Encounter/{name}"]
        assert encounter["subject"]["reference"] == f"Patient/{patient['id']}"
        for number in range(observations):
            (result,) = found[f"Observation/{name}-{number}"]
            assert result["subject"]["reference"] == f"Patient/{patient['id']}"
            assert result["encounter"]["reference"] == f"Encounter/{encounter['id']}"
            assert {each["meta"]["versionId"] for each in (patient, encounter, result)} == {"1"}
            moments = [each["meta"]["lastUpdated"] for each in (patient, encounter, result)]
            assert moments == sorted(moments)
