"""SATUSEHAT Rujukan (the pilot): a referral by Tasks, against the simulator as a process."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests_mock
from click.testing import CliRunner

from fhir_server import targets
from fhir_server.bridges.satusehat.connection import Address, Connection
from fhir_server.bridges.satusehat.payload import NotWanted, Unmappable
from fhir_server.bridges.satusehat.record import NotRead
from fhir_server.bridges.satusehat.referral_inbox import answer, incoming
from fhir_server.cli import main
from fhir_server.delivery.engine import Engine
from tests.bridges.satusehat.acting import diagnosis, visit
from tests.bridges.satusehat.clinic import opened, settings_for
from tests.bridges.satusehat.world import OURS, clinic
from tests.delivery.dying import died
from tests.support.processes import PATIENCE_SECONDS

SNOMED = "http://snomed.info/sct"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
FORMS = "https://fhir.kemkes.go.id/Questionnaire"
AREAS = "http://sys-ids.kemkes.go.id/administrative-area"
NUMBER = "http://sys-ids.kemkes.go.id/referral-number-satusehat"
HOSPITAL, OTHER = "10009001", "10009002"
EMERGENCY, INPATIENT = "385868005", "737481003"
SETTINGS = {
    "satusehat_rujukan": True,
    "satusehat_rujukan_area": "33,3316",
    "satusehat_pause": 0.01,
    "satusehat_longest_pause": 0.05,
}


def hospital(name, number, **more):
    return {
        "resourceType": "Organization",
        "id": name,
        "name": f"RSUD {name}<br><b>({number})</b>",
        "identifier": [{"system": "http://sys-ids.kemkes.go.id/organization", "value": number}],
    } | more


def request(target="rs-a", way=EMERGENCY, **more):
    return {
        "resourceType": "ServiceRequest",
        "id": "rujukan",
        "identifier": [{"system": "https://puskesmas.example/fhir/sid/no-rujukan/p", "value": "1"}],
        "status": "active",
        "intent": "order",
        "priority": "stat",
        "category": [{"coding": [{"system": SNOMED, "code": "3457005"}]}],
        "code": {"coding": [{"system": SNOMED, "code": way}], "text": "Preeklampsia berat"},
        "subject": {"reference": "Patient/dewi"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "authoredOn": "2024-05-17T05:10:00+07:00",
        "requester": {"reference": "Practitioner/rina"},
        "performer": [{"reference": f"Organization/{target}"}],
        "reasonReference": [{"reference": "Condition/diagnosis"}],
        "orderDetail": [{"text": "Obstetri dan ginekologi"}],
    } | more


def form(number, item, **more):
    return {
        "resourceType": "QuestionnaireResponse",
        "id": number.lower(),
        "questionnaire": f"{FORMS}/{number}",
        "status": "completed",
        "basedOn": [{"reference": "ServiceRequest/rujukan"}],
        "item": item,
    } | more


def criteria(link="000005"):
    inside = [{"linkId": link, "answer": [{"valueBoolean": True}]}]
    return form("Q100", [{"linkId": "0", "text": "GAWAT DARURAT", "item": inside}])


def work(name, target, moment):
    return {
        "resourceType": "Task",
        "id": name,
        "status": "requested",
        "intent": "order",
        "focus": {"reference": "ServiceRequest/rujukan"},
        "owner": {"reference": f"Organization/{target}"},
        "authoredOn": moment,
    }


def case():
    """A visit with its diagnosis, two hospitals that SATUSEHAT knows."""
    found = diagnosis()
    found["code"]["coding"][0]["code"] = "O14.1"
    return [
        hospital("rs-a", HOSPITAL),
        hospital("rs-b", OTHER),
        visit(),
        {**found, "id": "diagnosis"},
    ]


@pytest.fixture
def hospitals(satusehat):
    """Two hospitals with an account of their own, as connections."""
    made = {}
    for number in (HOSPITAL, OTHER):
        given = {"id": number, "name": f"RS {number}", "client": number, "secret": number}
        satusehat.ask("POST", "facilities", given)
        base = satusehat.url
        where = Address(
            f"{base}/oauth2/v1", f"{base}/fhir-r4/v1", number, number, timeout=30.0, pause=0.1
        )
        made[number] = Connection(where)
    return made


@pytest.fixture
def puskesmas(settings, mongodb_uri, satusehat, hospitals):
    assert set(hospitals) == {HOSPITAL, OTHER}
    server = opened(settings, mongodb_uri, satusehat, **SETTINGS)
    yield server
    server.close()


def until(server, reached, reference="ServiceRequest/rujukan"):
    """Deliver until a referral is so far."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    server.deliver()
    while not reached(server.state(reference)):
        state = server.state(reference)
        assert time.monotonic() < deadline, (state.state, state.rule, state.reason)
        time.sleep(0.01)
        server.deliver()
    return server.state(reference)


def asked(satusehat, code="referral-approval-request"):
    tasks = satusehat.stored("Task")
    return [e for e in tasks if e["code"]["coding"][0]["code"] == code]


def waits_for_answer(state):
    return "not answered yet" in state.reason


def is_accepted(state):
    return state.state in {"accepted", "adopted"} and not state.due


def local(server):
    return server.client.get("/fhir/ServiceRequest/rujukan").json


def number_of(resource):
    found = [e["value"] for e in resource["identifier"] if e["system"] == NUMBER]
    return found[0] if found else None


def test_a_referral_goes_by_tasks_until_it_has_its_number(puskesmas, satusehat, hospitals):
    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)
    assert satusehat.stored("ServiceRequest") == []
    (before,) = incoming(hospitals[HOSPITAL], HOSPITAL)
    assert (before.answer, before.reason) == ("", "")

    answer(hospitals[HOSPITAL], before.task, accept=True)
    state = until(puskesmas, is_accepted)

    (there,) = satusehat.stored("ServiceRequest")
    assert state.remote == there["id"]
    assert number_of(local(puskesmas)) == number_of(there) is not None
    (plan,) = satusehat.stored("CarePlan")
    assert there["basedOn"] == [{"reference": f"CarePlan/{plan['id']}"}]
    assert there["performer"][0]["reference"] == f"Organization/{HOSPITAL}"
    assert plan["category"][0]["coding"][0]["code"] == "TK000068"
    kinds = [e["code"]["coding"][0]["code"] for e in satusehat.stored("Task")]
    assert sorted(kinds) == [
        "referral-approval-request",
        "referral-pre-request",
        "request-referral-candidate",
    ]
    (after,) = incoming(hospitals[HOSPITAL], HOSPITAL)
    assert (after.answer, after.reason) == ("accepted", "Preeklampsia berat")
    assert satusehat.counts()["twice"] == {}


def test_what_the_criteria_ask_is_told_until_a_person_answers(puskesmas, satusehat):
    puskesmas.put(*case(), request())

    state = until(puskesmas, lambda state: state.state == "waiting" and "Q100" in state.reason)

    assert "000003 Adanya penurunan kesadaran (boolean)" in state.reason
    assert asked(satusehat, "request-referral-candidate") == []
    puskesmas.put(criteria())
    puskesmas.context.store.dispatches.retry("satusehat", states=["waiting"])
    until(puskesmas, waits_for_answer)


def test_a_facility_that_refuses_is_followed_by_another(puskesmas, satusehat, hospitals):
    puskesmas.put(*case(), criteria(), request(), work("a", "rs-a", "2024-05-17T05:10:00+07:00"))
    until(puskesmas, waits_for_answer)
    (first,) = incoming(hospitals[HOSPITAL], HOSPITAL)
    answer(hospitals[HOSPITAL], first.task, accept=False)
    refused = until(puskesmas, lambda state: state.state == "refused")
    assert refused.rule == "rejected"

    puskesmas.put(request("rs-b"), work("b", "rs-b", "2024-05-17T05:30:00+07:00"))
    until(puskesmas, waits_for_answer)
    (second,) = incoming(hospitals[OTHER], OTHER)
    answer(hospitals[OTHER], second.task, accept=True)
    until(puskesmas, is_accepted)

    (there,) = satusehat.stored("ServiceRequest")
    assert there["performer"][0]["reference"] == f"Organization/{OTHER}"
    assert len(asked(satusehat, "request-referral-candidate")) == 1


def test_a_facility_that_is_silent_is_told_of(puskesmas, satusehat, hospitals):
    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)
    context = puskesmas.context
    later = lambda: context.clock() + timedelta(minutes=16)  # noqa: E731
    puskesmas.context = replace(context, clock=later)

    state = until(puskesmas, lambda state: state.state == "refused")

    assert state.rule == "no-answer"
    (task,) = incoming(hospitals[HOSPITAL], HOSPITAL)
    answer(hospitals[HOSPITAL], task.task, accept=True)
    puskesmas.context = context
    context.store.dispatches.retry("satusehat")
    until(puskesmas, is_accepted)
    assert len(satusehat.stored("ServiceRequest")) == 1


def test_a_referral_that_is_cancelled_here_is_taken_back_there(puskesmas, satusehat, hospitals):
    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)

    puskesmas.put(request(status="revoked"))
    until(puskesmas, is_accepted)

    (task,) = incoming(hospitals[HOSPITAL], HOSPITAL)
    assert task.answer == "cancelled"
    assert satusehat.stored("ServiceRequest") == []
    with pytest.raises(NotRead):
        answer(hospitals[HOSPITAL], task.task, accept=True)


def test_a_referral_with_its_number_is_revoked_there_too(puskesmas, satusehat, hospitals):
    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)
    answer(hospitals[HOSPITAL], incoming(hospitals[HOSPITAL], HOSPITAL)[0].task, accept=True)
    until(puskesmas, is_accepted)

    puskesmas.put(local(puskesmas) | {"status": "revoked"})
    until(puskesmas, lambda state: is_accepted(state) and state.sent == state.seen)

    (there,) = satusehat.stored("ServiceRequest")
    assert (there["status"], number_of(there) is not None) == ("revoked", True)
    assert incoming(hospitals[HOSPITAL], HOSPITAL)[0].answer == "cancelled"


@pytest.mark.parametrize("kind", ["Task", "v1", "ServiceRequest"])
def test_what_landed_unheard_is_asked_once(puskesmas, satusehat, hospitals, kind):
    satusehat.faults({"kind": "502", "method": "POST", "type": kind, "after": True})

    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)
    answer(hospitals[HOSPITAL], incoming(hospitals[HOSPITAL], HOSPITAL)[0].task, accept=True)
    until(puskesmas, is_accepted)

    assert len(satusehat.stored("Task")) == 3
    assert [len(satusehat.stored(e)) for e in ("CarePlan", "ServiceRequest")] == [1, 1]
    assert satusehat.counts()["faults"]


def test_workers_that_are_killed_ask_once(puskesmas, satusehat, settings, mongodb_uri):
    puskesmas.put(*case(), criteria())
    puskesmas.deliver_all()
    own = settings_for(settings, satusehat, **SETTINGS)
    dying = replace(own, mongodb_uri=mongodb_uri, delivery_lease_seconds=1)
    puskesmas.put(request())

    for _ in range(2):
        assert died(dying, "delivery-sent") == -signal.SIGKILL
    living = Engine(replace(puskesmas.context, settings=dying), puskesmas.target, threading.Event())
    puskesmas.deliver = living.drain
    until(puskesmas, waits_for_answer)

    assert len(satusehat.stored("Task")) == 3
    assert len(satusehat.stored("CarePlan")) == 1


REFUSED = [
    ({"identifier": []}, "Task.identifier"),
    ({"input": [{"valueCoding": {"system": ICD_10, "code": "O14"}}]}, "O14"),
    ({"for": {"reference": "Patient/x", "display": "<b>x</b>"}}, "HTML"),
    ({"extension": [{"url": "x/providerAtribute"}]}, "providerAtribute"),
    ({"note": [{"text": ""}]}, "empty"),
]


@pytest.mark.parametrize(("more", "said"), REFUSED)
def test_the_simulator_refuses_what_the_pilot_refuses(satusehat, hospitals, more, said):
    own = f"Organization/{HOSPITAL}"
    kind = {"system": "http://terminology.kemkes.go.id", "code": "referral-pre-request"}
    task = {
        "resourceType": "Task",
        "identifier": [{"system": f"http://sys-ids.kemkes.go.id/task/{HOSPITAL}", "value": "1"}],
        "status": "requested",
        "intent": "instance-order",
        "code": {"coding": [kind]},
        "requester": {"reference": own},
        "owner": {"reference": own},
        "encounter": {"reference": "Encounter/x"},
        "input": [{"valueCoding": {"system": ICD_10, "code": "O14.1"}}],
    }
    satusehat.ways(references=False)
    asking = hospitals[HOSPITAL]

    refused = asking.ask("POST", "Task", task | more)

    assert (refused.status, said in refused.text) == (400, True)
    assert asking.ask("POST", "Task", task).status == 201
    again = asking.ask("POST", "Task", task)
    assert (again.status, "20002" in again.text) == (400, True)


def test_a_plan_has_one_request_and_no_number_before_it_is_accepted(puskesmas, satusehat):
    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)
    connection = puskesmas.target.connection
    (plan,) = satusehat.stored("CarePlan")
    body = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "original-order",
        "code": {"text": "Rujukan"},
        "subject": plan["subject"],
        "encounter": plan["encounter"],
        "requester": {"reference": f"Organization/{HOSPITAL}"},
        "performer": [{"reference": f"Organization/{HOSPITAL}"}],
        "basedOn": [{"reference": f"CarePlan/{plan['id']}"}],
    }

    first, second = (connection.ask("POST", "ServiceRequest", body) for _ in range(2))

    assert (first.status, "referral-number" in first.text) == (201, False)
    assert (second.status, "has a ServiceRequest already" in second.text) == (400, True)


def test_a_target_that_is_no_candidate_is_named_with_those_that_are(puskesmas):
    elsewhere = hospital("rs-c", "10009999")
    puskesmas.put(*case(), elsewhere, criteria(), request("rs-c"))

    state = until(puskesmas, lambda state: state.state == "refused")

    assert state.rule == "candidates"
    assert HOSPITAL in state.reason
    puskesmas.put(request("rs-a"))
    until(puskesmas, waits_for_answer)


def test_without_candidates_a_person_is_told_to_answer_better(puskesmas):
    puskesmas.put(*case(), criteria("999999"), request())

    state = until(puskesmas, lambda state: state.state == "refused")

    assert (state.rule, "Q100" in state.remedy) == ("candidates", True)
    puskesmas.put({**criteria(), "authored": "2024-05-17T06:00:00+07:00"})
    puskesmas.context.store.dispatches.retry("satusehat")
    until(puskesmas, waits_for_answer)


IN_WORLD = {
    "subject": {"reference": "Patient/ibu"},
    "requester": {"reference": "PractitionerRole/bidan-kia"},
    "authoredOn": "2024-04-02T08:50:00+07:00",
    "reasonReference": [],
    "reasonCode": [{"coding": [{"system": ICD_10, "code": "O14.1", "display": "<b>PEB</b>"}]}],
}
PILOT = replace(OURS, rujukan=True, rujukan_area="33,3316")


def rendered(referral, *others, choices=PILOT, **there):
    world = clinic(hospital("rs-a", HOSPITAL), referral, *others, choices=choices)
    world.remote |= {f"ServiceRequest/rujukan#{step}": id for step, id in there.items()}
    own = world.known

    def referring(kind, parameter, reference):
        if (kind, parameter) == ("QuestionnaireResponse", "based-on"):
            return [e for e in world.own.values() if e["resourceType"] == kind]
        return [] if kind == "Task" else own.referring(kind, parameter, reference)

    return world.render_with("ServiceRequest/rujukan", replace(own, referring=referring))


@pytest.mark.parametrize("code", ["O14", "O", ""])
def test_a_diagnosis_has_four_characters(code):
    coding = [{"coding": [{"system": ICD_10, "code": code}]}]

    result = rendered(request(**(IN_WORLD | {"reasonCode": coding})))

    assert isinstance(result, Unmappable)
    assert "O14.1" in result.remedy


def test_no_display_has_html_and_nothing_is_empty():
    result = rendered(request(**IN_WORLD), criteria(), praminta="t1", **{"calon-tujuan": "t2"})

    (bundle,) = result.requests
    said = str(bundle.body)
    assert "<" not in said
    assert "RSUD rs-a (10009001)" in said
    assert "providerAtribute" not in said


@pytest.mark.parametrize(
    ("area", "codes"), [("33,3316", ["33", "3316"]), ("35,3504", ["35", "3504"])]
)
def test_the_region_of_the_setting_goes_as_coding(area, codes):
    choices = replace(PILOT, rujukan_area=area)

    _, search = rendered(request(**IN_WORLD), criteria(), choices=choices).requests

    (region,) = [e for e in search.body["contained"] if e["questionnaire"].endswith("Q101")]
    answers = [each["answer"][0] for each in region["item"][0]["item"]]
    assert [each["valueCoding"]["code"] for each in answers] == codes
    assert {each["valueCoding"]["system"] for each in answers} == {AREAS}


@pytest.mark.parametrize("area", ["", "33.16", "Jawa Tengah"])
def test_without_a_region_nobody_is_searched(area):
    result = rendered(request(**IN_WORLD), criteria(), choices=replace(PILOT, rujukan_area=area))

    assert isinstance(result, Unmappable)


def test_a_region_that_is_text_is_refused_before_it_finds_nobody():
    text = form("Q101", [{"linkId": "1.1", "answer": [{"valueString": "Jawa Tengah"}]}])

    assert isinstance(rendered(request(**IN_WORLD), criteria(), text), Unmappable)


@pytest.mark.parametrize("code", ["737481003", "305351004"])
def test_the_code_of_inpatient_care_is_the_settings(code):
    choices = replace(PILOT, rujukan_inpatient=code)

    _, search = rendered(request(way=INPATIENT, **IN_WORLD), criteria(), choices=choices).requests

    coded = [e["valueCoding"] for e in search.body["input"] if "valueCoding" in e]
    assert [e["code"] for e in coded if e["system"] == SNOMED] == [code]


def test_the_minutes_of_an_answer_are_the_settings():
    choices = replace(PILOT, rujukan_minutes=20)

    (reading,) = rendered(request(**IN_WORLD), choices=choices, **{"minta-tujuan": "t"}).requests

    assert dict(reading.search)["minutes"] == "20"


@pytest.mark.parametrize(
    ("choices", "way"), [(OURS, EMERGENCY), (PILOT, "11429006")], ids=["off", "outpatient"]
)
def test_other_referrals_go_as_before(choices, way):
    (only,) = rendered(request(way=way, **IN_WORLD), choices=choices).requests

    assert (only.type, only.step) == ("ServiceRequest", "")


def test_a_referral_that_was_cancelled_before_is_never_asked():
    assert isinstance(rendered(request(**IN_WORLD, status="revoked")), NotWanted)


def test_the_answers_do_not_go_by_themselves():
    world = clinic(criteria() | {"subject": {"reference": "Patient/ibu"}}, choices=PILOT)

    assert isinstance(world.render("QuestionnaireResponse/q100"), NotWanted)


BASE = "https://satusehat.example"


def connection_of(mocked):
    mocked.register_uri("POST", f"{BASE}/oauth2/v1/accesstoken", json={"access_token": "t"})
    where = Address(f"{BASE}/oauth2/v1", f"{BASE}/fhir-r4/v1", "us", "us", timeout=5.0, pause=0.1)
    connection = Connection(where)
    connection._adapter = lambda: mocked
    return connection


@pytest.fixture
def mocked():
    return requests_mock.Adapter()


def test_an_answer_is_a_patch_and_the_same_one_is_given_once(mocked):
    address = f"{BASE}/fhir-r4/v1/Task/t1"
    open_task = {"resourceType": "Task", "id": "t1", "status": "requested"}
    done = open_task | {"status": "completed", "output": [{"valueCoding": {"code": "accepted"}}]}
    mocked.register_uri("GET", address, [{"json": open_task}, {"json": done}, {"json": done}])
    patch = mocked.register_uri("PATCH", address, json=done)
    connection = connection_of(mocked)

    answer(connection, "t1", accept=True)
    answer(connection, "t1", accept=True)
    with pytest.raises(NotRead):
        answer(connection, "t1", accept=False)

    assert patch.call_count == 1
    status, output = patch.last_request.json()
    assert (status["path"], status["value"]) == ("/status", "completed")
    assert output["value"][0]["valueCoding"]["code"] == "accepted"


def test_a_plan_that_is_kept_from_us_leaves_the_question_there(mocked):
    task = {
        "resourceType": "Task",
        "id": "t1",
        "status": "requested",
        "authoredOn": datetime(2026, 8, 21, tzinfo=UTC).isoformat(),
        "requester": {"reference": "Organization/1"},
        "basedOn": [{"reference": "CarePlan/p"}],
    }
    text = {"text": "No consent available for CarePlan/p"}
    kept = {"resourceType": "OperationOutcome", "issue": [{"details": text}]}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": task}, {"resource": kept}]}
    mocked.register_uri("GET", f"{BASE}/fhir-r4/v1/Task", json=bundle)

    (found,) = incoming(connection_of(mocked), "2")

    assert (found.task, found.answer, found.reason) == ("t1", "", "")


def test_the_command_line_lists_and_answers(satusehat, hospitals, puskesmas, settings, mongodb_uri):
    puskesmas.put(*case(), criteria(), request())
    until(puskesmas, waits_for_answer)
    given = satusehat.settings(satusehat_organization=HOSPITAL)
    given |= {"satusehat_client_id": HOSPITAL, "satusehat_client_secret": HOSPITAL}
    environment = {f"FHIR_{name.upper()}": str(value) for name, value in given.items()} | {
        "FHIR_MONGODB_URI": mongodb_uri,
        "FHIR_MONGODB_DATABASE": settings.mongodb_database,
        "FHIR_LOG_LEVEL": "error",
    }

    def bridge(*arguments, pilot="1"):
        targets.load.cache_clear()
        env = environment | {"FHIR_SATUSEHAT_RUJUKAN": pilot}
        return CliRunner().invoke(main, ["bridge", *arguments], env=env).output

    (asked_of_us,) = incoming(hospitals[HOSPITAL], HOSPITAL)
    assert "is off" in bridge("requests", pilot="0")
    assert f"{asked_of_us.task} " in bridge("requests")
    assert "is accepted" in bridge("answer", asked_of_us.task, "--accept")
    assert "accepted Emergency care plan Preeklampsia berat" in bridge("requests")
    assert "is accepted." in bridge("answer", asked_of_us.task, "--reject")
    targets.load.cache_clear()
