"""The simulator accepts what SATUSEHAT accepted, and refuses what it refused by the same rule."""

import json
import re
import uuid
from functools import cache

import pytest

from tests.conformance.shared import SHARED
from tools.satusehat_simulator import outcomes
from tools.satusehat_simulator.app import FHIR, create_app
from tools.satusehat_simulator.tokens import Tokens
from tools.satusehat_simulator.world import World, identifiers, references

SAMPLES = SHARED / "satusehat-samples"
ORGANIZATION = "10000004"
KNOWN_IDS = {
    "Org_id": ORGANIZATION,
    "Patient_Id": "P99000000001",
    "Practitioner_Id": "N10000001",
}
TARGET = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+")
OWN = re.compile(r"http://sys-ids\.kemkes\.go\.id/[a-z-]+/(\d+)")
ELSEWHERE = {"anc/084_servicerequest-create-for-local-intranet-mwl.request.json"}
"""A request to a modality worklist in the facility, which is none to SATUSEHAT."""


@cache
def index():
    path = SAMPLES / "index.json"
    return json.loads(path.read_text("utf-8"))["files"] if path.exists() else []


def requests_of(method):
    return [
        each["file"]
        for each in index()
        if each["kind"] == "request"
        and each.get("method") == method
        and each["file"] not in ELSEWHERE
    ]


def filled(text):
    """Put an id in the place of every {{variable}}; one that is left open is closed."""

    def chosen(found):
        name = found[1].strip("{}")
        return KNOWN_IDS.get(name, str(uuid.uuid5(uuid.NAMESPACE_OID, name)))

    return json.loads(re.sub(r"\{\{+([^{}]+)\}\}+", chosen, text))


class Platform:
    """The simulator in this process, with what a sample refers to already there."""

    def __init__(self):
        self.world = World()
        self.tokens = Tokens({})
        self.client = create_app(self.world, self.tokens).test_client()

    def knows(self, document):
        for name in references(document):
            if TARGET.fullmatch(name):
                self.has(*name.split("/"))

    def has(self, kind, id, owner="", **elements):
        if self.world.get(kind, id) is None:
            self.world.put({"resourceType": kind, "id": id, **elements}, owner)

    def send(self, method, path, body, organization=ORGANIZATION, **headers):
        self.tokens.given["t"] = (organization, float("inf"))
        headers = {"Authorization": "Bearer t", **headers}
        return self.client.open(
            f"{FHIR}{path}", method=method, data=json.dumps(body), headers=headers
        )


def sample(file):
    path = SAMPLES / file
    if not path.exists():
        pytest.skip(f"{path} is not there; FHIR_SHARED names the folder of satusehat-samples/")
    return filled(path.read_text("utf-8"))


def whose(document):
    """Name the organization that the identifiers of a sample speak of."""
    found = OWN.search(json.dumps(identifiers(document)))
    return found[1] if found else ORGANIZATION


def every(method):
    """Take every sample of a method; without the samples, one test says why it is skipped."""
    return pytest.mark.parametrize("file", requests_of(method) or [f"no {method} sample"])


@every("POST")
def test_what_satusehat_took_is_taken(file):
    document = sample(file)
    platform = Platform()
    platform.knows(document)
    path = "" if document["resourceType"] == "Bundle" else f"/{document['resourceType']}"

    answer = platform.send("POST", path, document, whose(document))

    assert answer.status_code == (201 if path else 200), answer.text
    if not path:
        told = [each["response"]["resourceType"] for each in answer.json["entry"]]
        assert told == [each["resource"]["resourceType"] for each in document["entry"]]


@every("PUT")
def test_what_satusehat_took_as_a_change_is_taken(file):
    document = sample(file)
    kind, owner = document["resourceType"], whose(document)
    platform = Platform()
    platform.world.ways.episode_put = True  # the collection is older than the 403
    platform.knows(document)
    platform.has(kind, document["id"], owner)

    answer = platform.send("PUT", f"/{kind}/{document['id']}", document, owner)

    assert answer.status_code == 200, answer.text


PATCHED = {
    "live-and-docs/anc-episodeofcare-finish.patch.request.json": {
        "resourceType": "EpisodeOfCare",
        "patient": {"reference": "Patient/<ihs>"},
        "status": "active",
        "period": {"start": "2026-03-01T08:00:00+07:00"},
        "type": [
            {
                "coding": [
                    {
                        "system": "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type",
                        "code": "ANC",
                    }
                ]
            }
        ],
        "identifier": [
            {"system": f"http://sys-ids.kemkes.go.id/episode-of-care/{ORGANIZATION}", "value": "1"}
        ],
    },
    "imunisasi/017_location-patch.request.json": {
        "resourceType": "Location",
        "name": "x",
        "status": "active",
        "identifier": [
            {"system": f"http://sys-ids.kemkes.go.id/location/{ORGANIZATION}", "value": "1"}
        ],
    },
    "imunisasi/010_organization-patch.request.json": {
        "resourceType": "Organization",
        "name": "x",
        "identifier": [
            {"system": f"http://sys-ids.kemkes.go.id/organization/{ORGANIZATION}", "value": "1"}
        ],
    },
}


def said(document):
    """Say what the source of a sample has blacked out."""
    text = json.dumps(document).replace("<ihs>", KNOWN_IDS["Patient_Id"])
    text = text.replace("<org>", ORGANIZATION).replace('"..."', '"2026-03-01T08:00:00+07:00"')
    return json.loads(text.replace("<birth instant>", "2026-03-01T08:00:00+07:00"))


@pytest.mark.parametrize("file", PATCHED)
def test_what_satusehat_took_as_a_patch_is_taken(file):
    operations = said(sample(file))
    before = said(PATCHED[file])
    platform = Platform()
    kind = before.pop("resourceType")
    platform.has("Patient", KNOWN_IDS["Patient_Id"])
    platform.has(kind, "1", ORGANIZATION, **before)

    answer = platform.send(
        "PATCH", f"/{kind}/1", operations, **{"Content-Type": "application/json-patch+json"}
    )

    assert answer.status_code == 200, answer.text
    assert answer.json["id"] == "1"


@pytest.mark.parametrize("program", ["anc", "pnc"])
def test_an_episode_is_taken_as_it_was_taken_live(program):
    document = said(sample(f"live-and-docs/{program}-episodeofcare-create.request.json"))
    platform = Platform()
    platform.knows(document)

    answer = platform.send("POST", "/EpisodeOfCare", document)

    assert answer.status_code == 201, answer.text


def visit(**changes):
    """Give an Encounter that is taken, with some elements changed."""
    coding = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
        "code": "ATND",
    }
    whole = {
        "resourceType": "Encounter",
        "identifier": [
            {"system": f"http://sys-ids.kemkes.go.id/encounter/{ORGANIZATION}", "value": "1"}
        ],
        "status": "arrived",
        "statusHistory": [{"status": "arrived", "period": {"start": "2024-01-01T01:00:00+00:00"}}],
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/P99000000001"},
        "participant": [
            {
                "type": [{"coding": [coding]}],
                "individual": {"reference": "Practitioner/N10000001"},
            }
        ],
        "period": {"start": "2024-01-01T01:00:00+00:00"},
        "location": [{"location": {"reference": "Location/c87e0ca7-badc-4c60-9080-277aaaf27a88"}}],
        "serviceProvider": {"reference": f"Organization/{ORGANIZATION}"},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def summary(**changes):
    """Give a Composition that is taken, with some elements changed."""
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "88645-7"}]},
        "subject": {"reference": "Patient/P99000000001"},
        "encounter": {"reference": "Encounter/1"},
        "author": [{"reference": "Practitioner/N10000001"}],
        "date": "2024-01-01T01:00:00+00:00",
        "title": "Resume",
        **changes,
    }


def elsewhere(system):
    return [{"system": system, "value": "1"}]


ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
STRANGER = [
    {
        "type": [{"coding": [{"system": "http://xxx.org", "code": "ATND"}]}],
        "individual": {"reference": "Practitioner/N10000001"},
    }
]
REFUSED = {
    "10001-code-not-found": visit(**{"class": {"system": ACT, "code": "xxx"}}),
    "10002-invalid-coding-system": visit(participant=STRANGER),
    "10117-invalid-identifier-system": visit(identifier=elsewhere("http://xxx.org")),
    "10117-wrong-organization-id": visit(
        identifier=elsewhere("http://sys-ids.kemkes.go.id/encounter/100025753")
    ),
    "10124-reference-mandatory": visit(serviceProvider=None),
    "10132-invalid-datetime-format": summary(date="2022-06-14"),
    "10132-invalid-datetime-value": summary(date="2021-06-02T12:28:03Z"),
    "10134-text-is-empty": summary(title=""),
    "10254-integer-as-string": {
        "resourceType": "Claim",
        "supportingInfo": [{"sequence": "Satu"}],
    },
    "10263-element-not-found": {"resourceType": "Claim", "insurance": [{"sequence": 1}]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_satusehat_refused_is_refused_in_its_words(name):
    document, expected = REFUSED[name], sample(f"live-and-docs/{name}.response-400.json")
    platform = Platform()
    platform.world.ways.earliest = "2022-08-31"
    platform.world.ways.earliest_said = "31st August 2022"
    platform.knows(document)

    answer = platform.send("POST", f"/{document['resourceType']}", document)

    assert answer.status_code == 400
    assert answer.json == expected


def test_the_part_of_a_status_is_refused_in_satusehats_words():
    expected = sample("live-and-docs/10171-patch-location.response-400.json")
    platform = Platform()
    platform.has("Location", "1", ORGANIZATION)
    change = [{"op": "replace", "path": "/operationalStatus/system", "value": "x"}]
    kind = {"Content-Type": "application/json-patch+json"}

    answer = platform.send("PATCH", "/Location/1", change, **kind)

    assert answer.json == expected


def test_a_second_visit_of_the_same_number_is_a_duplicate():
    expected = sample("live-and-docs/found-duplicate-encounter.response-400.json")["issue"][0]
    platform = Platform()
    platform.knows(visit())
    assert platform.send("POST", "/Encounter", visit()).status_code == 201

    answer = platform.send("POST", "/Encounter", visit())

    issue = answer.json["issue"][0]
    assert (answer.status_code, issue["code"]) == (400, expected["code"])
    assert issue["details"]["text"] == "Found duplicate: Encounter (RuleNumber: 20002)"


def test_what_is_not_there_is_absent_in_satusehats_words():
    expected = sample("live-and-docs/404-no-store.response-404.json")
    id = "00000000-0000-4000-8000-000000000000"

    answer = Platform().send("GET", f"/Condition/{id}", None)

    assert answer.status_code == 404
    assert answer.json["issue"] == expected["issue"]


GATEWAY = {
    "imunisasi/003_error-40x.response-401-3.json": outcomes.NO_PRODUCT,
    "imunisasi/003_error-40x.response-401-5.json": outcomes.INVALID_CLIENT,
    "imunisasi/003_error-40x.response-401-6.json": outcomes.INVALID_TOKEN,
    "imunisasi/003_error-40x.response-403-7.txt": outcomes.FORBIDDEN_PAGE,
    "imunisasi/004_error-50x.response-503.txt": outcomes.NO_UPSTREAM,
}


@pytest.mark.parametrize("file", GATEWAY)
def test_gateways_say_what_they_said(file):
    path = SAMPLES / file
    if not path.exists():
        pytest.skip(f"{path} is not there; FHIR_SHARED names the folder of satusehat-samples/")
    text = path.read_text("utf-8")

    assert GATEWAY[file].body == (json.loads(text) if file.endswith(".json") else text)
    assert str(GATEWAY[file].status) in file


def test_another_id_in_the_body_is_refused_as_satusehat_did():
    expected = sample("imunisasi/003_error-40x.response-400.json")["issue"][0]
    platform = Platform()
    platform.has("Encounter", "1", ORGANIZATION)

    answer = platform.send("PUT", "/Encounter/1", visit(id="2"))

    assert (answer.status_code, answer.json["issue"][0]["code"]) == (400, expected["code"])
    assert answer.json["issue"][0]["details"] == expected["details"]


def test_a_resource_without_status_is_refused_as_satusehat_did():
    expected = sample("imunisasi/003_error-40x.response-400-2.json")["issue"][0]

    answer = Platform().send("POST", "/ServiceRequest", {"resourceType": "ServiceRequest"})

    issue = answer.json["issue"][0]
    assert answer.status_code == 400
    assert {each: issue[each] for each in ("code", "details", "diagnostics")} == {
        each: expected[each] for each in ("code", "details", "diagnostics")
    }


def test_a_patient_who_said_no_is_refused_as_satusehat_did():
    expected = sample("imunisasi/003_error-40x.response-400-1.json")["issue"]
    platform = Platform()
    platform.knows(visit())
    platform.world.people["Patient", "P99000000001"] = {"consent": False}

    answer = platform.send("POST", "/Encounter", visit())

    assert (answer.status_code, answer.json["issue"]) == (400, expected)
