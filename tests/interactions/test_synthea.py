"""Real bundles: Synthea's, of hundreds of entries, which refer to one another by criteria."""

from collections import Counter

import orjson
import pytest

from tests.conformance.shared import archive


@pytest.fixture(scope="session")
def bundles():
    """The bodies, the two that the others refer to first."""
    files = archive("synthea-r4-14-bundles.tar.xz")
    return [files[name] for name in sorted(files)]


def resources(body):
    return [each["resource"] for each in orjson.loads(body)["entry"]]


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


@pytest.mark.slow
def test_every_bundle_is_taken_whole_and_every_reference_resolved(ask, bundles):
    sent = Counter()
    for body in bundles:
        said = ask("POST", "", body)

        assert said.status == 200, said.issues
        assert {each["response"]["status"] for each in said.entries} == {"201 Created"}
        sent.update(each["resourceType"] for each in resources(body))

    assert {kind: ask.count(kind) for kind in sent} == sent
    for kind in ("Encounter", "Claim", "Provenance"):
        for each in ask("GET", f"{kind}?_count=50").entries:
            found = [r for r in references(each["resource"]) if not r.startswith("#")]
            assert found
            assert not [r for r in found if r.startswith("urn:") or "?" in r]


@pytest.mark.slow
def test_the_shared_resources_are_created_once(ask, bundles):
    shared = bundles[:2] * 2
    for body in shared:
        ask("POST", "", body)

    sent = Counter(each["resourceType"] for body in bundles[:2] for each in resources(body))
    for kind in ("Organization", "Location", "Practitioner"):
        assert ask.count(kind) == sent[kind]
    assert ask.count("PractitionerRole") == 2 * sent["PractitionerRole"]  # without ifNoneExist
