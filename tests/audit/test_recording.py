"""Every access through either door is recorded, as IHE BALP has it."""

from __future__ import annotations

import base64

import pytest

from fhir_server import worker
from fhir_server.auth.principals import Principal
from fhir_server.store import traces

PATTERNS = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."


@pytest.fixture
def siti(clinic):
    return clinic.pasien(14, nama="Siti Rahmawati")["id"]


def result(patient):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "uji"},
        "subject": {"reference": f"Patient/{patient}"},
    }


def events(clinic, query):
    """Give the AuditEvents that a search finds, oldest first."""
    found = clinic.fhir(f"AuditEvent?{query}&_count=500").get("entry", ())
    return [each["resource"] for each in found]


def entity(event, kind):
    return next((e for e in event["entity"] if e["type"]["code"] == kind), {})


def roles(event):
    return [each["type"]["coding"][0]["code"] for each in event["agent"]]


def fetched(clinic, context, url):
    """Export, and fetch every file of what came out."""
    asked = clinic.client.get(url, headers={"Prefer": "respond-async"})
    while worker.run_jobs(context):
        pass
    manifest = clinic.client.get(asked.headers["Content-Location"]).json
    for each in (*manifest["output"], *manifest["deleted"]):
        assert clinic.client.get(each["url"]).get_data()


def test_who_fetches_an_export_has_seen_every_patient_in_it(clinic, context, siti):
    other = clinic.pasien(15, nama="Wati")["id"]
    clinic.client.post("/fhir/Observation", json=result(siti))

    fetched(clinic, context, "/fhir/Patient/$export?_type=Patient,Observation&_elements=id")

    said = clinic.fhir(f"Patient/{siti}/$siapa-melihat")["parameter"][0]["part"][0]
    assert said["valueString"] == "petugas puskesmas mengunduh salinan data Anda (2 kali)"
    said = clinic.fhir(f"Patient/{other}/$siapa-melihat")["parameter"][0]["part"][0]
    assert said["valueString"] == "petugas puskesmas mengunduh salinan data Anda"
    seen = events(clinic, f"patient=Patient/{siti}&_sort=date")
    files = [e for e in seen if "ndjson" in entity(e, "2").get("what", {}).get("display", "")]
    names = sorted(entity(e, "2")["what"]["display"].rpartition("/")[2] for e in files)
    assert names == ["Observation.ndjson", "Patient.ndjson"]
    assert {e["action"] for e in files} == {"R"}
    assert files[0]["meta"]["profile"] == [f"{PATTERNS}PatientRead"]


def test_an_export_that_tells_of_a_deletion_shows_whose(clinic, context, siti):
    assert clinic.client.delete(f"/fhir/Patient/{siti}").status_code == 204

    fetched(clinic, context, "/fhir/Patient/$export?_type=Patient&_since=2020-01-01T00:00:00Z")

    found = events(clinic, f"patient=Patient/{siti}&_sort=-date")
    assert entity(found[0], "2")["what"]["display"].endswith("/deleted-Patient.ndjson")


def test_an_access_to_thousands_is_an_event_of_each(clinic, context):
    ids = [f"p{n}" for n in range(2500)]
    trail = context.store.trail
    access = trail.access(Principal("dinkes"), "192.0.2.1", "x")
    traces.touched(*ids)

    trail.record(access, ("GET", "/fhir/_jobs/x/Patient.ndjson", ""), 200, b"")

    assert [len(events(clinic, f"patient=Patient/{each}")) for each in (ids[0], ids[-1])] == [1, 1]
    assert trail.verify().faults == []


def test_each_interaction_keeps_its_pattern(clinic, siti):
    send = clinic.client.open
    made = send("/fhir/Observation", method="POST", json=result(siti)).json
    one = f"/fhir/Observation/{made['id']}"
    send(one, method="GET")
    send(f"{one}/_history/1", method="GET")
    send(one, method="PUT", json={**made, "status": "amended"})
    send(one, method="PATCH", json=[{"op": "replace", "path": "/status", "value": "final"}])
    send(f"/fhir/Observation?patient={siti}", method="GET")
    send(one, method="DELETE")

    found = events(clinic, f"patient=Patient/{siti}&entity-type=2&_sort=date")[
        2:
    ]  # Siti, her Provenance

    said = [(e["action"], e["subtype"][0]["code"], e["meta"]["profile"][0]) for e in found[:7]]
    assert said == [
        ("C", "create", f"{PATTERNS}PatientCreate"),
        ("R", "read", f"{PATTERNS}PatientRead"),
        ("R", "vread", f"{PATTERNS}PatientRead"),
        ("U", "update", f"{PATTERNS}PatientUpdate"),
        ("U", "patch", f"{PATTERNS}PatientUpdate"),
        ("E", "search-type", f"{PATTERNS}PatientQuery"),
        ("D", "delete", f"{PATTERNS}PatientDelete"),
    ]
    assert [entity(e, "1")["what"]["reference"] for e in found[:7]] == [f"Patient/{siti}"] * 7
    versions = [entity(found[place], "2")["what"]["reference"] for place in (0, 3, 4, 6)]
    assert versions == [f"Observation/{made['id']}/_history/{v}" for v in (1, 2, 3, 4)]
    asked = base64.b64decode(entity(found[5], "2")["query"]).decode()
    assert asked == f"Observation?patient={siti}"
    assert [roles(found[place])[:2] for place in (0, 1, 5, 6)] == [
        ["110153", "110152"],
        ["110152", "110153"],
        ["110153", "110152"],
        ["110150", "custodian"],
    ]


def test_what_is_recorded_is_a_valid_resource(clinic, siti):
    clinic.client.get(f"/fhir/Patient/{siti}")
    clinic.client.get(f"/fhir/Patient/{siti}/$everything")
    clinic.client.get("/fhir/Organization?name=x")
    clinic.client.get("/fhir/Patient/nobody")

    for event in events(clinic, "_sort=date"):
        valid = clinic.client.post("/fhir/AuditEvent/$validate", json=event).json
        assert [i for i in valid["issue"] if i["severity"] in {"error", "fatal"}] == []


def test_one_event_for_each_patient_of_a_page(clinic, siti):
    other = clinic.pasien(15)["id"]
    clinic.client.get("/fhir/Patient?_count=10", headers={"X-Request-Id": "halaman-1"})

    found = [e for e in events(clinic, "subtype=search-type") if "halaman-1" in str(e)]

    assert {entity(e, "1")["what"]["reference"] for e in found} == {
        f"Patient/{siti}",
        f"Patient/{other}",
    }


def test_what_is_refused_is_recorded_too(clinic, siti):
    clinic.client.get("/fhir/Patient/nobody")
    clinic.client.put(f"/fhir/Patient/{siti}", json={"resourceType": "Patient", "id": siti, "x": 1})

    missing = events(clinic, "entity=Patient/nobody")
    (broken,) = events(clinic, f"patient=Patient/{siti}&action=U&outcome=4")

    assert [(e["outcome"], e["outcomeDesc"]) for e in missing] == [("4", "HTTP 404")]
    assert "profile" not in broken["meta"]
    assert broken["outcomeDesc"] in {"HTTP 400", "HTTP 422"}


def test_a_304_is_a_look(clinic, siti):
    made = clinic.client.post("/fhir/Observation", json=result(siti)).json
    headers = {"If-None-Match": 'W/"1"', "X-Request-Id": "masih-sama"}
    clinic.client.get(f"/fhir/Observation/{made['id']}", headers=headers)

    found = events(clinic, f"patient=Patient/{siti}&subtype=read")

    assert "masih-sama" in str(found)


def test_a_transaction_is_told_resource_by_resource(clinic, siti):
    other = clinic.pasien(15)["id"]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": result(each), "request": {"method": "POST", "url": "Observation"}}
            for each in (siti, other)
        ],
    }
    answer = clinic.client.post("/fhir", json=bundle)

    assert answer.status_code == 200
    for each in (siti, other):
        (made,) = [
            e
            for e in events(clinic, f"patient=Patient/{each}&subtype=create")
            if "Observ" in str(e)
        ]
        assert made["meta"]["profile"] == [f"{PATTERNS}PatientCreate"]


def test_documents_of_the_sops_are_recorded(clinic, siti):
    clinic.get(f"/sop/v1/pasien/{siti}")
    clinic.get("/sop/v1/pasien", jumlah=5)
    clinic.client.post("/sop/v1/pasien/_cari", json={"nama": "Siti"})

    mine = [e for e in events(clinic, f"patient=Patient/{siti}&_sort=date") if "SOP" in str(e)]

    assert [e["action"] for e in mine] == ["R", "E", "E"]
    assert entity(mine[0], "2")["what"]["display"] == f"/sop/v1/pasien/{siti}"


def test_both_doors_record_alike(context):
    from fhir_server.app import create_app  # noqa: PLC0415 - the parts, only where asked for

    for hot in (True, False):
        client = create_app(context, hot=hot).test_client()
        client.get("/fhir/Patient/nobody", headers={"X-Request-Id": f"pintu-{hot}"})

    found = create_app(context).test_client().get("/fhir/AuditEvent?entity=Patient/nobody").json

    assert [f"pintu-{hot}" in str(found) for hot in (True, False)] == [True, True]
    assert len(found["entry"]) == 2


def test_what_is_open_to_all_is_not_recorded(clinic):
    clinic.client.get("/fhir/metadata")
    clinic.client.get("/health")
    clinic.client.options("/fhir/Patient")

    assert events(clinic, "_count=10") == []


def test_without_the_setting_nothing_is_recorded(settings, mongodb_uri):
    from dataclasses import replace  # noqa: PLC0415

    from fhir_server.app import build_context, create_app  # noqa: PLC0415

    context = build_context(replace(settings, audit=False), mongodb_uri)
    client = create_app(context).test_client()
    client.get("/fhir/Patient/nobody")

    assert "entry" not in client.get("/fhir/AuditEvent").json
    context.store.close()
