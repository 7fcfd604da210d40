"""A patient's record read back from SATUSEHAT, with consent, into a running server's store."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from fhir_server import targets, worker
from fhir_server.bridges.satusehat import inbound
from fhir_server.bridges.satusehat.record import NotRead
from fhir_server.cli import main
from fhir_server.config import CANONICAL
from fhir_server.errors import FhirError
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from tests.bridges.satusehat.acting import FACILITY, MOTHER, diagnosis, visit
from tests.bridges.satusehat.clinic import opened
from tests.support.satusehat import ORGANIZATION

HOSPITAL = "10000099"
VISIT, TENSION, REFERRAL = (
    "0e5c7c2f-0000-4000-8000-00000000000a",
    "0e5c7c2f-0000-4000-8000-00000000000b",
    "0e5c7c2f-0000-4000-8000-00000000000c",
)
SNOMED = "http://snomed.info/sct"
ORIGIN = {"system": f"{CANONICAL}/CodeSystem/asal-data", "code": "bridge"}


@pytest.fixture
def clinic(settings, mongodb_uri, satusehat):
    server = opened(settings, mongodb_uri, satusehat)
    server.satusehat = satusehat
    server.put(consent())
    yield server
    server.close()


def consent(id="setuju", moment="2024-05-01T08:00:00+07:00", status="active", to=FACILITY, **span):
    return {
        "resourceType": "Consent",
        "id": id,
        "status": status,
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [
            {
                "coding": [
                    {"system": "http://loinc.org", "code": "59284-0"},
                    {"system": f"{CANONICAL}/CodeSystem/jenis-persetujuan", "code": "berbagi-data"},
                ]
            }
        ],
        "patient": {"reference": "Patient/dewi"},
        "dateTime": moment,
        "organization": [{"reference": f"Organization/{FACILITY}"}],
        "policyRule": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": "OPTOUT" if status == "rejected" else "OPTIN",
                }
            ]
        },
        "provision": {
            "type": "deny" if status == "rejected" else "permit",
            "period": {"start": "2024-05-01", **span},
            "actor": [
                {
                    "role": {"coding": [{"code": "IRCP"}]},
                    "reference": {"reference": f"Organization/{to}"},
                }
            ],
        },
    }


def number(simulator):
    """Give the mother's number there."""
    (patient,) = simulator.stored("Patient")
    return patient["id"]


def elsewhere(patient, value=168, **more):
    """A visit to a hospital with a blood pressure, and a referral from there to us."""
    of = {"subject": {"reference": f"Patient/{patient}", "display": "D*** L***"}}
    at = {"encounter": {"reference": f"Encounter/{VISIT}"}}
    return [
        {
            "resourceType": "Encounter",
            "id": VISIT,
            "identifier": [
                {"system": f"http://sys-ids.kemkes.go.id/encounter/{HOSPITAL}", "value": "RS-1"}
            ],
            "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "AMB",
            },
            **of,
            "period": {"start": "2024-06-01T02:00:00+00:00"},
            "location": [{"location": {"reference": "Location/kamar-rs"}}],
            "serviceProvider": {"reference": f"Organization/{HOSPITAL}"},
        },
        {
            "resourceType": "Observation",
            "id": TENSION,
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
            **of,
            **at,
            "effectiveDateTime": "2024-06-01T02:10:00+00:00",
            "component": [pressure("8480-6", value), pressure("8462-4", 112)],
        },
        {
            "resourceType": "ServiceRequest",
            "id": REFERRAL,
            "status": "active",
            "intent": "original-order",
            "category": [{"coding": [{"system": SNOMED, "code": "3457005"}]}],
            "code": {"coding": [{"system": SNOMED, "code": "185389009"}]},
            **of,
            **at,
            "requester": {"reference": "Practitioner/N10000099"},
            "performer": [{"reference": f"Organization/{ORGANIZATION}"}],
            **more,
        },
    ]


def pressure(code, value):
    return {
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": {"value": value, "unit": "mmHg"},
    }


def let_there_be(simulator, *resources):
    simulator.ask(
        "POST", "resources", [{"resource": each, "owner": HOSPITAL} for each in resources]
    )


def read(server, **how):
    return inbound.read(server.context, server.target, "dewi", **how)


def counted(done):
    return {kind: dict(fates) for kind, fates in done.counts.items()}


def local(kind, id):
    return f"/fhir/{kind}/satusehat-{id}"


def test_what_others_did_is_stored_as_of_another_origin_and_never_sent_out_again(clinic):
    there = number(clinic.satusehat)
    let_there_be(clinic.satusehat, *elsewhere(there))
    base = clinic.target.connection.base

    done = read(clinic)

    assert counted(done) == {
        "Encounter": {"new": 1},
        "Observation": {"new": 1},
        "ServiceRequest": {"new": 1},
    }
    tension = clinic.client.get(local("Observation", TENSION)).json
    assert tension["meta"]["source"] == f"{base}/Observation/{TENSION}"
    assert tension["meta"]["tag"] == [ORIGIN]
    assert tension["subject"] == {"reference": "Patient/dewi"}
    assert tension["encounter"] == {"reference": f"Encounter/satusehat-{VISIT}"}
    place = clinic.client.get(local("Encounter", VISIT)).json
    assert place["location"][0]["location"] == {"reference": f"{base}/Location/kamar-rs"}
    clinic.deliver()
    assert not [name for name in clinic.states() if "satusehat-" in name]
    assert clinic.satusehat.counts()["created"].get("Observation") is None
    # 168 mmHg, found at the hospital months ago, calls nobody here
    assert clinic.client.get("/fhir/Task?patient=Patient/dewi").json["total"] == 0


def test_reading_again_changes_only_what_changed_there(clinic):
    there = number(clinic.satusehat)
    let_there_be(clinic.satusehat, *elsewhere(there))
    read(clinic)
    let_there_be(clinic.satusehat, elsewhere(there, value=150)[1])

    done = read(clinic)

    assert counted(done) == {
        "Encounter": {"same": 1},
        "Observation": {"changed": 1},
        "ServiceRequest": {"same": 1},
    }
    tension = clinic.client.get(local("Observation", TENSION)).json
    systolic = tension["component"][0]["valueQuantity"]["value"]
    assert (tension["meta"]["versionId"], systolic) == ("2", 150)
    assert clinic.client.get(local("Encounter", VISIT)).json["meta"]["versionId"] == "1"


def test_a_referral_to_us_is_found_as_incoming_and_our_visit_names_it_there(clinic):
    let_there_be(clinic.satusehat, *elsewhere(number(clinic.satusehat)))

    done = read(clinic)

    name = f"ServiceRequest/satusehat-{REFERRAL}"
    assert done.referrals == [name]
    incoming = f"performer=Organization/{FACILITY}&category={SNOMED}|3457005&status=active"
    (entry,) = clinic.client.get(f"/fhir/ServiceRequest?{incoming}").json["entry"]
    assert entry["resource"]["id"] == f"satusehat-{REFERRAL}"
    clinic.put(visit(basedOn=[{"reference": name}]))
    clinic.deliver()
    (ours,) = [e for e in clinic.satusehat.stored("Encounter") if e["id"] != VISIT]
    assert ours["basedOn"] == [{"reference": f"ServiceRequest/{REFERRAL}"}]


def test_a_referral_that_only_a_visit_names_is_fetched_by_its_id(clinic):
    there = number(clinic.satusehat)
    stay, _, referral = elsewhere(there, encounter={"reference": "Encounter/closed-to-us"})
    let_there_be(
        clinic.satusehat,
        {**stay, "basedOn": [{"reference": f"ServiceRequest/{REFERRAL}"}]},
        referral,
    )

    done = read(clinic)

    assert done.referrals == [f"ServiceRequest/satusehat-{REFERRAL}"]
    stored = clinic.client.get(local("Encounter", VISIT)).json
    assert stored["basedOn"] == [{"reference": f"ServiceRequest/satusehat-{REFERRAL}"}]


@pytest.mark.parametrize("forgotten", [False, True])
def test_our_own_visits_are_recognised_and_not_doubled(clinic, forgotten):
    clinic.put(diagnosis(), visit())
    clinic.deliver()
    if forgotten:  # it landed, and nobody here has heard of it
        clinic.context.store.dispatches._all.delete_many({"ref": "Encounter/kunjungan"})

    done = read(clinic)

    assert counted(done) == {"Encounter": {"ours": 1}}
    assert clinic.client.get("/fhir/Encounter").json["total"] == 1


@pytest.mark.parametrize(
    "said",
    [
        [consent(to="rs-lain")],
        [consent(end="2024-05-31")],
        [consent(status="inactive")],
        [consent(), consent("tolak", "2024-06-01T08:00:00+07:00", "rejected")],
    ],
    ids=["of somebody else", "over", "withdrawn", "refused since"],
)
def test_without_the_patients_consent_nothing_is_asked(clinic, said):
    let_there_be(clinic.satusehat, *elsewhere(number(clinic.satusehat)))
    clinic.client.delete("/fhir/Consent/setuju")
    clinic.put(*said)

    with pytest.raises(NotRead, match=r"berbagi-data.*faskes/pkm-melati"):
        read(clinic)

    assert clinic.satusehat.counts()["requests"] == {}


def test_pages_are_followed_to_the_last_and_more_than_the_limit_is_not_read_in_part(
    settings, mongodb_uri, satusehat
):
    server = opened(settings, mongodb_uri, satusehat, satusehat_read_limit=12)
    server.put(consent())
    stay, tension, _ = elsewhere(number(satusehat))
    more = [{**tension, "id": f"tensi-{n}"} for n in range(7)]
    let_there_be(satusehat, stay, *more)
    satusehat.ways(page=3)

    done = read(server)
    let_there_be(satusehat, *[{**tension, "id": f"lain-{n}"} for n in range(7)])
    with pytest.raises(NotRead, match="FHIR_SATUSEHAT_READ_LIMIT"):
        read(server)
    stored = server.client.get("/fhir/Observation?patient=dewi").json["total"]
    server.close()

    assert counted(done) == {"Encounter": {"new": 1}, "Observation": {"new": 7}}
    assert stored == 7


def test_what_is_of_somebody_else_is_dropped_and_a_closed_type_is_said(clinic):
    there = number(clinic.satusehat)
    stay, tension, _ = elsewhere(there)
    let_there_be(clinic.satusehat, stay, {**tension, "subject": {"reference": "Patient/P9"}})
    clinic.satusehat.faults({"kind": "no-product", "rate": 1.0, "type": "Immunization"})

    done = read(clinic)

    assert counted(done) == {"Encounter": {"new": 1}}
    assert done.strangers == 1
    assert list(done.withheld) == ["Immunization"]


def test_an_outage_stores_nothing_and_consent_refused_there_is_explained(clinic, satusehat):
    let_there_be(satusehat, *elsewhere(number(satusehat)))
    satusehat.faults({"kind": "503", "rate": 1.0, "type": "Procedure"})
    with pytest.raises(NotRead, match="belum ada yang disimpan"):
        read(clinic)
    assert clinic.client.get("/fhir/Encounter").json["total"] == 0
    satusehat.faults()
    closed = {"id": number(satusehat), "nik": MOTHER, "name": "Dewi", "consent": False}
    satusehat.people("Patient", closed)

    with pytest.raises(NotRead, match="persetujuan"):
        read(clinic)


def test_that_somebody_looked_is_recorded_even_if_nothing_was_there(clinic):
    read(clinic, show=True)

    clinic.context.store.trail.flush()
    asked = "patient=Patient/dewi&subtype=operation"
    (entry,) = clinic.client.get(f"/fhir/AuditEvent?{asked}").json["entry"]
    assert entry["resource"]["entity"][0]["what"] == {"display": "read back from SATUSEHAT"}


def test_the_command_counts_reads_and_says_why_not(clinic, settings, mongodb_uri):
    let_there_be(clinic.satusehat, *elsewhere(number(clinic.satusehat)))
    environment = clinic.satusehat.environment(
        FHIR_SATUSEHAT_FACILITY=FACILITY,
        FHIR_MONGODB_URI=mongodb_uri,
        FHIR_MONGODB_DATABASE=settings.mongodb_database,
        FHIR_LOG_LEVEL="error",
    )

    def command(*arguments):
        targets.load.cache_clear()
        return CliRunner().invoke(main, ["bridge", "read", *arguments], env=environment).output

    assert "Observation: 1 new" in command("dewi", "--show")
    assert clinic.client.get("/fhir/Observation").json["total"] == 0
    shown = command("Patient/dewi")
    assert f"ServiceRequest/satusehat-{REFERRAL} is a referral to us" in shown
    assert "3 resources were stored." in shown
    assert MOTHER not in shown
    assert "Periksa id pasien." in command("Patient/nobody")
    targets.load.cache_clear()


def test_a_server_without_facility_asks_nobody(clinic):
    target = clinic.target
    before = target.choices
    target.choices = replace(before, facility="")
    try:
        with pytest.raises(NotRead, match="FHIR_SATUSEHAT_FACILITY"):
            read(clinic)
    finally:
        target.choices = before


def asked(clinic, **parameters):
    """Ask for a reading, let the worker do it, and give how it ended."""
    given = [{"name": name, "valueBoolean": value} for name, value in parameters.items()]
    body = {"resourceType": "Parameters", "parameter": given}
    kicked = clinic.client.post("/fhir/Patient/dewi/$baca-satusehat", json=body if given else None)
    assert kicked.status_code == 202, kicked.text
    place = urlsplit(kicked.headers["Content-Location"]).path
    assert clinic.client.get(place).status_code == 202
    while worker.run_jobs(clinic.context):
        continue
    return clinic.client.get(place)


def numbers(said):
    """Give the counts of an answer by type, and what was stored."""
    found = {}
    for each in said.json["parameter"]:
        if each["name"] == "read":
            kind, *parts = each["part"]
            found[kind["valueCode"]] = {part["name"]: part["valueInteger"] for part in parts}
        elif "valueInteger" in each:
            found[each["name"]] = each["valueInteger"]
    return found


@pytest.mark.parametrize("show", [False, True])
def test_the_worker_reads_what_a_request_asked_for(clinic, show):
    let_there_be(clinic.satusehat, *elsewhere(number(clinic.satusehat)))

    said = asked(clinic, show=show)

    assert said.status_code == 200, said.text
    kinds = ("Encounter", "Observation", "ServiceRequest")
    counts = {kind: {"new": 1} for kind in kinds}
    assert numbers(said) == {**counts, "strangers": 0, "stored": 0 if show else 3}
    found = clinic.client.get(local("Observation", TENSION)).status_code
    assert found == (404 if show else 200)


def test_a_reading_without_consent_ends_with_what_to_do(clinic):
    clinic.client.delete("/fhir/Consent/setuju")

    said = asked(clinic)

    assert said.status_code == 409
    assert "berbagi-data" in said.json["issue"][0]["diagnostics"]
    assert clinic.satusehat.counts()["requests"] == {}


def called(clinic, patient="dewi", **changes):
    """Call the operation as somebody else, or elsewhere; give the status."""
    path = f"Patient/{patient}/$baca-satusehat"
    try:
        changed = replace(clinic.context, **changes)
        return answer(changed, Request("POST", path, "http://x/fhir", "", {}, b"")).status
    except FhirError as error:
        return error.status


def test_only_the_puskesmas_may_ask_and_only_for_whom_it_knows(clinic):
    hospital = replace(clinic.context.principal, reach="referrals")
    reader = replace(clinic.context.principal, scopes=frozenset({"system/*.rs"}))
    away = replace(clinic.context.settings, satusehat_organization="")

    assert called(clinic, principal=hospital) == 403
    assert called(clinic, principal=reader) == 403
    assert called(clinic, "nobody") == 404
    assert called(clinic, settings=away) == 400
    assert called(clinic) == 202
