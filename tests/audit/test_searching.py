"""AuditEvents of the trail are found as any resource is, together with those of clients."""

from __future__ import annotations

import pytest

PEOPLE = 7


@pytest.fixture
def looked(clinic):
    """Look at several patients that are not there, one after the other."""
    for number in range(PEOPLE):
        clinic.client.get(f"/fhir/Patient/p{number}")
    clinic.client.get("/fhir/Patient/p0")
    return clinic


def found(clinic, query):
    return [e["resource"] for e in clinic.fhir(f"AuditEvent?{query}").get("entry", ())]


def pages(clinic, query):
    """Follow the next links to the end."""
    address, ids = f"AuditEvent?{query}", []
    while address:
        page = clinic.fhir(address)
        ids += [each["resource"]["id"] for each in page.get("entry", ())]
        links = {each["relation"]: each["url"] for each in page["link"]}
        address = links["next"].partition("/fhir/")[2] if "next" in links else None
    return ids


@pytest.mark.parametrize("sort", ["", "&_sort=date", "&_sort=-date", "&_sort=-date,outcome"])
def test_pages_show_everything_once(looked, sort):
    wanted = {e["id"] for e in found(looked, "entity-type=1&action=R&outcome=4&_count=100")}
    seen = pages(looked, f"entity-type=1&action=R&outcome=4&_count=3{sort}")

    assert len(wanted) == PEOPLE + 1
    assert len(seen) == len(set(seen))
    assert set(seen) == wanted


def test_by_time_in_both_directions(looked):
    rising = [e["recorded"] for e in found(looked, "action=R&_sort=date&_count=100")]
    falling = [e["recorded"] for e in found(looked, "action=R&_sort=-date&_count=100")]

    assert rising == sorted(rising)
    assert falling[-len(rising) :] == sorted(rising, reverse=True)


def test_by_patient_id_and_request(looked):
    mine = found(looked, "patient=Patient/p0&action=R")
    both = found(looked, "patient=Patient/p0,Patient/p1&action=R")

    assert len(mine) == 2
    assert len(both) == 3
    assert found(looked, f"_id={mine[0]['id']}") == [mine[0]]
    assert looked.fhir(f"AuditEvent/{mine[0]['id']}") == mine[0]


def test_by_date(looked):
    (first, *_) = found(looked, "_sort=date&_count=1")
    day = first["recorded"][:10]

    assert found(looked, f"date=ge{day}&patient=Patient/p0")
    assert found(looked, "date=lt2020-01-01") == []
    assert found(looked, "date=ge2020-01-01&date=lt2021-01-01&patient=Patient/p0") == []


def test_counts(looked):
    page = looked.fhir("AuditEvent?patient=Patient/p0&action=R&_summary=count")
    total = looked.fhir("AuditEvent?patient=Patient/p0&_total=accurate&_count=1&action=R")["total"]

    assert page["total"] == 2
    assert total == 2


def test_a_chain_goes_through_the_trail(clinic):
    siti = clinic.pasien(14, nama="Siti Rahmawati")["id"]
    clinic.client.get(f"/fhir/Patient/{siti}")

    ours = found(clinic, "patient:Patient.name=siti&action=R")

    assert [e["entity"][0]["what"]["reference"] for e in ours] == [f"Patient/{siti}"]


def test_what_clients_have_written_is_found_with_it(looked):
    mine = found(looked, "patient=Patient/p0&_count=1")[0]
    mine.pop("id")
    mine.pop("meta")
    theirs = looked.client.post("/fhir/AuditEvent", json=mine)
    assert theirs.status_code == 201

    ids = {each["id"] for each in found(looked, "patient=Patient/p0&action=R")}

    assert len(ids) == 3
    assert theirs.json["id"] in ids
    assert looked.fhir(f"AuditEvent/{theirs.json['id']}") == theirs.json


def test_nobody_changes_an_event_of_the_trail(looked):
    (event, *_) = found(looked, "patient=Patient/p0&action=R")

    changed = looked.client.put(f"/fhir/AuditEvent/{event['id']}", json={**event, "action": "C"})
    gone = looked.client.delete(f"/fhir/AuditEvent/{event['id']}")

    assert (changed.status_code, gone.status_code) == (403, 403)
    assert looked.fhir(f"AuditEvent/{event['id']}") == event
