from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fhir import BASE, bundle, entry, json_patch, patient

ROSE = "urn:uuid:3e1f0c9a-6c3c-4a52-9a4b-0b1a7f4f8c11"
VISIT = "urn:uuid:58f6a7c4-0f7c-4a0e-8f5f-6a1c2f2d9d02"
NIK = {"system": "urn:nik", "value": "1"}


def visit(reference, **elements):
    return {
        "resourceType": "Encounter",
        "status": "planned",
        "class": {"code": "AMB"},
        "subject": {"reference": reference},
        **elements,
    }


def statuses(said):
    return [each["response"]["status"][:3] for each in said.entries]


def location(said, place):
    return said.entries[place]["response"]["location"].partition("/_history")[0]


def test_entries_refer_to_one_another_by_full_url(ask, transact):
    said = transact(
        entry("POST", "Encounter", visit(ROSE), VISIT), entry("POST", "Patient", patient(), ROSE)
    )

    assert said.status == 200
    assert said.json["type"] == "transaction-response"
    assert statuses(said) == ["201", "201"]
    stored = ask("GET", location(said, 0))
    assert stored.json["subject"]["reference"] == location(said, 1)
    assert said.entries[0]["response"]["etag"] == 'W/"1"'
    assert said.entries[0]["response"]["lastModified"] == stored.json["meta"]["lastUpdated"]
    assert said.entries[0]["fullUrl"] == f"{BASE}/{location(said, 0)}"


def test_a_rewritten_reference_can_be_searched(ask, transact):
    said = transact(
        entry("POST", "Encounter", visit(ROSE), VISIT), entry("POST", "Patient", patient(), ROSE)
    )

    found = ask("GET", f"Encounter?patient={location(said, 1)}")

    assert [each["fullUrl"] for each in found.entries] == [f"{BASE}/{location(said, 0)}"]


@pytest.mark.parametrize(
    ("prefer", "whole"), [(None, False), ("return=minimal", False), ("return=representation", True)]
)
def test_the_resources_come_back_to_who_prefers_them(transact, prefer, whole):
    said = transact(entry("POST", "Patient", patient()), **({"prefer": prefer} if prefer else {}))

    assert ("resource" in said.entries[0]) is whole


def test_answers_stand_in_the_order_of_the_entries(ask, transact):
    ask("PUT", "Patient/old", patient(id="old"))

    said = transact(
        entry("GET", "Patient/new"),
        entry("PUT", "Patient/new", patient(id="new")),
        entry("GET", "Patient?_summary=count"),
        entry("DELETE", "Patient/old"),
        entry("POST", "Patient", patient()),
    )

    assert statuses(said) == ["200", "201", "200", "204", "201"]
    assert said.entries[3]["response"]["etag"] == 'W/"2"'
    assert said.entries[0]["resource"]["id"] == "new"
    assert said.entries[2]["resource"]["total"] == 2


def test_the_issues_of_all_entries_come_together(ask, transact):
    said = transact(
        entry("POST", "Patient", patient(name=[{"famly": "x"}])),
        entry("POST", "Patient", patient()),
        entry("POST", "Patient", patient(active="yes")),
    )

    assert said.status == 422
    assert {"Bundle.entry[0].resource.name[0].famly", "Bundle.entry[2].resource.active"} <= {
        issue.expression for issue in said.issues
    }
    assert ask.count("Patient") == 0


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (entry("PUT", "Patient/q", patient(id="r")), 400),
        (entry("PUT", "Patient/q", patient(id="q"), ifMatch='W/"3"'), 412),
        (entry("PUT", "Patient/q", patient(id="q"), ifMatch="3"), 400),
        (entry("PUT", "Patient?identifier=many", patient()), 412),
        (entry("PUT", "Patient?identifier=1", patient(id="1")), 409),
        (entry("PUT", "Patient?identifir=1", patient()), 400),
        (entry("DELETE", "Patient?identifier=many"), 412),
        (entry("DELETE", "Patient?"), 400),
        (entry("POST", "Patient", visit("Patient/1")), 400),
        (entry("POST", "Patient"), 400),
        (entry("POST", "Patient/q", patient(id="q")), 405),
        (entry("PATCH", "Patient/1", patient()), 400),
        (entry("PATCH", "Patient/1"), 400),
        (entry("PATCH", "Patient/q", json_patch()), 404),
        (entry("PATCH", "Patient?identifier=q", json_patch()), 404),
        (entry("PATCH", "Patient?identifier=many", json_patch()), 412),
        (entry("PATCH", "Patient/1", json_patch(), ifMatch='W/"2"'), 412),
        (entry("PATCH", "Patient/1", json_patch(("replace", "/gender", "x"))), 422),
        (entry("POST", "Patien", patient()), 404),
        (entry("GET", "Patient/never"), 404),
        (entry("GET", "Patient?gender:oops=x"), 400),
        (entry("POST", "Encounter", visit("Patient?identifier=7")), 412),
        (entry("POST", "Encounter", visit("Patient?identifier=many")), 412),
        (entry("POST", "Encounter", visit("Patient?identifir=1")), 400),
        (entry("POST", "Patient", patient(), ifNoneExist="identifier=many"), 412),
        (entry("POST", "", bundle("batch")), 400),
    ],
)
def test_one_bad_entry_refuses_all(ask, transact, bad, status):
    for number in range(3):
        ask("PUT", f"Patient/{number}", patient(id=str(number), identifier=[{"value": "many"}]))

    said = transact(
        entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "x"}}),
        entry("DELETE", "Patient/0"),
        bad,
    )

    assert said.status == status
    assert said.issues[0].expression.startswith("Bundle.entry[2]")
    assert ask.count("Basic") == 0
    assert ask.count("Patient") == 3
    assert ask("GET", "Patient/0").headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "twice",
    [
        (entry("PUT", "Patient/p", patient(id="p")), entry("DELETE", "Patient/p")),
        (
            entry("POST", "Patient", patient(), ifNoneExist="identifier=1"),
            entry("POST", "Patient", patient(), ifNoneExist="identifier=1"),
        ),
        (
            entry("POST", "Patient", patient(), ifNoneExist="identifier=there"),
            entry("PUT", "Patient/there", patient(id="there")),
        ),
    ],
)
def test_two_entries_about_one_resource_are_refused(ask, transact, twice):
    ask("PUT", "Patient/there", patient(id="there", identifier=[{"value": "there"}]))

    said = transact(*twice)

    assert said.status == 400
    assert "Entries 0 and 1" in said.issues[0].diagnostics
    assert ask.count("Patient") == 1


def test_if_none_exist_takes_what_is_there_and_references_follow(ask, transact):
    ask("PUT", "Patient/rose", patient(id="rose", identifier=[NIK]))

    said = transact(
        entry(
            "POST", "Patient", patient(identifier=[NIK]), ROSE, ifNoneExist="identifier=urn:nik|1"
        ),
        entry("POST", "Encounter", visit(ROSE)),
    )

    assert statuses(said) == ["200", "201"]
    assert location(said, 0) == "Patient/rose"
    assert ask("GET", location(said, 1)).json["subject"]["reference"] == "Patient/rose"
    assert ask.count("Patient") == 1


def test_a_conditional_reference_finds_what_is_stored(ask, transact):
    ask("PUT", "Patient/rose", patient(id="rose", identifier=[NIK]))

    said = transact(entry("POST", "Encounter", visit("Patient?identifier=urn:nik|1")))

    assert ask("GET", location(said, 0)).json["subject"]["reference"] == "Patient/rose"


def test_a_conditional_reference_finds_what_the_transaction_writes(ask, transact):
    said = transact(
        entry("POST", "Encounter", visit("Patient?identifier=urn:nik|1")),
        entry("POST", "Patient", patient(identifier=[NIK])),
        entry("POST", "Patient", patient(identifier=[NIK | {"value": "2"}])),
    )

    assert ask("GET", location(said, 0)).json["subject"]["reference"] == location(said, 1)


def test_a_conditional_reference_does_not_find_what_the_transaction_deletes(ask, transact):
    ask("PUT", "Patient/rose", patient(id="rose", identifier=[NIK]))

    said = transact(
        entry("POST", "Encounter", visit("Patient?identifier=urn:nik|1")),
        entry("DELETE", "Patient/rose"),
    )

    assert said.status == 412


def test_what_is_deleted_can_be_created_anew_in_one_transaction(ask, transact):
    ask("PUT", "Patient/rose", patient(id="rose", identifier=[NIK]))

    said = transact(
        entry("POST", "Patient", patient(identifier=[NIK]), ifNoneExist="identifier=urn:nik|1"),
        entry("DELETE", "Patient/rose"),
    )

    assert statuses(said) == ["201", "204"]


def test_if_match_lets_the_expected_version_be_replaced(ask, transact):
    ask("PUT", "Patient/p", patient(id="p"))

    said = transact(entry("PUT", "Patient/p", patient(id="p", active=True), ifMatch='W/"1"'))

    assert statuses(said) == ["200"]
    assert said.entries[0]["response"]["etag"] == 'W/"2"'


def test_bytes_survive(ask):
    raw = (
        '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"status":"final",'
        '"resourceType":"Observation","code":{"text":"caf\\u00e9 \\/"},"valueQuantity":{"value":'
        '1.00},"subject":{"reference":"<rose>"}},"request":{"method":"POST","url":"Observation"}},'
        '{"fullUrl":"<rose>","resource":{"resourceType":"Patient","id":"p"},"request":{"method":"PUT","url":'
        '"Patient/p"}}]}'
    ).replace("<rose>", ROSE)

    said = ask("POST", "", raw.encode())

    stored = ask("GET", location(said, 0)).raw
    assert b'"valueQuantity":{"value":1.00},"subject":{"reference":"Patient/p"}}' in stored
    assert stored.index(b'"status"') < stored.index(b'"code"')


def test_a_transaction_is_its_entries_in_order(ask, transact):
    entries = [
        entry("PUT", f"Patient/{n}", patient(id=str(n), gender="male" if n % 2 else "female"))
        for n in range(50)
    ]
    said = transact(*entries)

    assert [location(said, n) for n in range(50)] == [f"Patient/{n}" for n in range(50)]
    assert ask.count("Patient", "gender=male") == 25


def test_clients_with_the_same_if_none_exist_create_one(ask, transact):
    def create(_):
        return transact(
            entry(
                "POST",
                "Patient",
                patient(identifier=[NIK]),
                ROSE,
                ifNoneExist="identifier=urn:nik|1",
            ),
            entry("POST", "Encounter", visit(ROSE)),
        )

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(create, range(8)))

    assert {each.status for each in said} == {200}
    assert ask.count("Patient") == 1
    assert ask.count("Encounter") == 8
    assert len({location(each, 0) for each in said}) == 1


def test_an_empty_transaction_is_answered(transact):
    assert transact().json == {"resourceType": "Bundle", "type": "transaction-response"}


def test_one_full_url_cannot_stand_for_two(ask, transact):
    said = transact(
        entry("POST", "Patient", patient(), ROSE), entry("POST", "Patient", patient(), ROSE)
    )

    assert said.status in {400, 422}
    assert ask.count("Patient") == 0


def test_identities_are_resolved_wherever_a_reference_stands(ask, transact):
    """In contained resources, in extensions, in extensions of primitives, in narratives."""
    link = {"reference": ROSE}
    said = transact(
        entry("POST", "Patient", patient(), ROSE),
        entry(
            "POST",
            "Observation",
            {
                "resourceType": "Observation",
                "status": "final",
                "_status": {"extension": [{"url": "urn:x", "valueReference": link}]},
                "code": {"text": "x"},
                "extension": [
                    {"url": "urn:x", "extension": [{"url": "y", "valueReference": link}]},
                    {"url": "urn:z", "valueUri": ROSE},
                    {"url": "urn:z", "valueString": ROSE},
                ],
                "contained": [
                    {
                        "resourceType": "Specimen",
                        "id": "s",
                        "subject": link,
                        "extension": [{"url": "urn:x", "valueReference": link}],
                    }
                ],
                "specimen": {"reference": "#s"},
            },
        ),
    )

    where = location(said, 0)
    stored = ask("GET", location(said, 1)).json
    assert stored["_status"]["extension"][0]["valueReference"]["reference"] == where
    assert stored["extension"][0]["extension"][0]["valueReference"]["reference"] == where
    assert stored["extension"][1]["valueUri"] == where
    assert stored["extension"][2]["valueString"] == ROSE
    assert stored["contained"][0]["subject"]["reference"] == where
    assert stored["contained"][0]["extension"][0]["valueReference"]["reference"] == where
    assert stored["specimen"]["reference"] == "#s"
