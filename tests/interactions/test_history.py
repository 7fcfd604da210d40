from datetime import datetime

import pytest

from tests.support.fhir import BASE, patient


@pytest.fixture
def life(ask):
    """Let a patient be created, changed, deleted, and created again."""
    made = ask("POST", "Patient", patient(active=True)).json
    url = f"Patient/{made['id']}"
    ask("PUT", url, patient(id=made["id"], active=False))
    ask("DELETE", url)
    ask("PUT", url, patient(id=made["id"]))
    return url


def test_the_history_of_a_resource_says_what_was_done_to_it(ask, life):
    said = ask("GET", f"{life}/_history")

    assert said.status == 200
    assert (said.json["type"], said.json["total"]) == ("history", 4)
    assert [each["request"] for each in said.entries] == [
        {"method": "PUT", "url": life},
        {"method": "DELETE", "url": life},
        {"method": "PUT", "url": life},
        {"method": "POST", "url": "Patient"},
    ]
    assert [each["response"]["status"] for each in said.entries] == [
        "200 OK",
        "204 No Content",
        "200 OK",
        "201 Created",
    ]
    assert [each["response"]["etag"] for each in said.entries] == [
        f'W/"{version}"' for version in (4, 3, 2, 1)
    ]
    assert ["resource" in each for each in said.entries] == [True, False, True, True]
    assert {each["fullUrl"] for each in said.entries} == {f"{BASE}/{life}"}
    for each in said.entries:
        assert datetime.fromisoformat(each["response"]["lastModified"]).tzinfo


def test_the_history_of_what_never_was_is_not_found(ask):
    assert ask("GET", "Patient/never/_history").status == 404


def pages(ask, url):
    while url:
        said = ask("GET", url)
        assert said.status == 200
        yield from said.entries
        url = said.links.get("next")


@pytest.mark.parametrize("where", ["instance", "type", "system"])
@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_pages_of_history_miss_nothing_and_repeat_nothing(ask, life, where, count):
    ask("POST", "Basic", {"resourceType": "Basic", "code": {"text": "x"}})
    ask("POST", "Patient", patient())
    url = {"instance": f"{life}/_history", "type": "Patient/_history", "system": "_history"}[where]
    expected = {"instance": 4, "type": 5, "system": 6}[where]

    found = [(e["fullUrl"], e["response"]["etag"]) for e in pages(ask, f"{url}?_count={count}")]

    assert len(found) == len(set(found)) == expected


def test_since_leaves_out_what_is_older(ask, life):
    moment = ask("GET", life).json["meta"]["lastUpdated"]
    ask("PUT", life, patient(id=life.partition("/")[2], active=True))

    said = ask("GET", f"{life}/_history?_since={moment.replace('Z', '+00:00')}")

    assert {each["response"]["etag"] for each in said.entries} >= {'W/"5"'}
    assert 'W/"1"' not in {each["response"]["etag"] for each in said.entries[1:2]}
    assert ask("GET", f"{life}/_history?_since=2100-01-01T00:00:00Z").entries == []


@pytest.mark.parametrize("query", ["_since=yesterday", "_at=x", "_count=x", "_count=-1", "_page=x"])
def test_what_cannot_be_read_is_refused(ask, life, query):
    said = ask("GET", f"{life}/_history?{query}")

    assert said.status == 400


def test_a_page_link_of_another_history_is_refused(ask, life):
    token = ask("GET", f"{life}/_history?_count=1").links["next"].partition("?")[2]

    assert ask("GET", f"Patient/_history?{token}").status == 400
