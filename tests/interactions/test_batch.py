import pytest

from tests.support.fhir import bundle, entry, patient


def statuses(said):
    return [each["response"]["status"][:3] for each in said.entries]


def test_every_entry_stands_for_itself(ask):
    ask("PUT", "Patient/old", patient(id="old"))

    said = ask(
        "POST",
        "",
        bundle(
            "batch",
            entry("GET", "Patient/new"),
            entry("PUT", "Patient/new", patient(id="new", active=True)),
            entry("POST", "Patient", patient(aktive=True)),
            entry("POST", "Patient", patient(id="x")),
            entry("DELETE", "Patient/old"),
            entry("GET", "Patient?active=true"),
            entry("GET", "Patien/1"),
            entry("GET", "https://elsewhere.example/Patient/1"),
        ),
    )

    assert said.status == 200
    assert said.json["type"] == "batch-response"
    assert statuses(said) == ["200", "201", "422", "201", "204", "200", "404", "400"]
    assert said.entries[0]["resource"]["active"] is True
    assert said.entries[1]["response"]["location"] == "Patient/new/_history/1"
    assert said.entries[1]["response"]["etag"] == 'W/"1"'
    assert said.entries[1]["response"]["lastModified"].endswith("Z")
    assert said.entries[5]["resource"]["type"] == "searchset"
    refused = said.entries[2]["response"]["outcome"]["issue"][0]
    assert refused["expression"] == ["Bundle.entry[2].resource.aktive"]


def test_conditions_hold_for_their_entry(ask):
    ask("PUT", "Patient/p", patient(id="p", identifier=[{"value": "1"}]))

    said = ask(
        "POST",
        "",
        bundle(
            "batch",
            entry("POST", "Patient", patient(), ifNoneExist="identifier=1"),
            entry("PUT", "Patient/p", patient(id="p"), ifMatch='W/"7"'),
            entry("GET", "Patient/p", ifNoneMatch='W/"1"'),
        ),
    )

    assert statuses(said) == ["200", "412", "304"]


@pytest.mark.parametrize(
    "body",
    [
        patient(),
        bundle("collection"),
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "batch", "entry": {}},
        {"resourceType": "Bundle", "type": "batch", "entry": [7]},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": 1}}]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [None]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": 7}]},
        b"",
        b"{",
        b"[]",
    ],
)
def test_what_is_no_batch_is_refused(ask, body):
    said = ask("POST", "", body)

    assert said.status in {400, 422}


def test_an_entry_without_a_request_is_refused(ask):
    said = ask("POST", "", bundle("batch", {"resource": patient()}))

    assert said.status in {200, 422}
    assert ask.count("Patient") == 0


def test_an_empty_batch_is_answered(ask):
    said = ask("POST", "", {"resourceType": "Bundle", "type": "batch"})

    assert said.json == {"resourceType": "Bundle", "type": "batch-response"}


def test_too_many_entries_are_refused(ask, context):
    many = [entry("GET", "Patient/1")] * (context.settings.entry_limit + 1)

    assert ask("POST", "", bundle("batch", *many)).status == 413


def test_a_bug_met_by_one_entry_leaves_the_others(ask, context, monkeypatch):
    def broken(*_):
        raise RuntimeError("Rose, 3171")

    monkeypatch.setattr(context.store, "read", broken)

    said = ask("POST", "", bundle("batch", entry("GET", "Patient/x"), entry("GET", "metadata")))

    assert statuses(said) == ["500", "200"]
    says = said.entries[0]["response"]["outcome"]["issue"][0]
    assert says["severity"] == "fatal"
    assert "Rose" not in says["diagnostics"]


def test_an_outcome_is_in_the_language_of_the_client(ask):
    body = bundle("batch", entry("POST", "Patient", {"resourceType": "Patiens"}))

    said = ask("POST", "", body, accept_language="id-ID,id;q=0.9")

    assert "bukan" in said.entries[0]["response"]["outcome"]["issue"][0]["diagnostics"]
