"""SOP Chat steps 1 and 2: what messages bring about, whoever writes them and by whichever road."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from fhir_server.mappings.codes import code_system, structure
from tests.support.fhir import bundle, entry
from tests.support.profiles import faults

BIDAN = {"reference": "PractitionerRole/bidan"}
IBU = {"reference": "Patient/endang"}


def coded(system, code):
    return {"coding": [{"system": code_system(system), "code": code}]}


def contact(resource_id="kontak", day="2024-08-05", **elements):
    return {
        "resourceType": "CommunicationRequest",
        "id": resource_id,
        "status": "active",
        "category": [coded("kategori-komunikasi", "pemantauan")],
        "subject": IBU,
        "occurrenceDateTime": day,
        "recipient": [IBU],
        "sender": BIDAN,
        **elements,
    }


def message(sent="2024-08-05T09:05:00+07:00", **elements):
    return {
        "resourceType": "Communication",
        "status": "completed",
        "subject": IBU,
        "sent": sent,
        "sender": BIDAN,
        "recipient": [IBU],
        "payload": [{"contentString": "Ada keluhan minggu ini?"}],
        **elements,
    }


def from_patient(sent, **elements):
    said = {"sender": IBU, "recipient": [BIDAN], "partOf": [{"reference": "Communication/utas"}]}
    return message(sent, **{**said, "payload": [{"contentString": "Kaki bengkak"}], **elements})


def put(ask, resource):
    stored = ask("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    assert stored.status in {200, 201}, stored.json
    return stored.json


def state(ask, task="kontak-kasus"):
    return ask("GET", f"Task/{task}").json["businessStatus"]["coding"][0]["code"]


def thread(layanan="pemantauan"):
    return {
        "resourceType": "Communication",
        "id": "utas",
        "status": "completed",
        "category": [coded("kategori-komunikasi", "utas"), coded("layanan-konsultasi", layanan)],
        "subject": IBU,
    }


@pytest.fixture
def planned(ask):
    put(ask, contact())
    return ask


def test_the_first_message_of_the_due_day_keeps_the_contact(planned):
    sent = planned("POST", "Communication", message()).json

    assert planned("GET", "CommunicationRequest/kontak").json["status"] == "completed"
    case = planned("GET", "Task/kontak-kasus").json
    assert case["basedOn"] == [{"reference": "CommunicationRequest/kontak"}]
    assert case["focus"] == {"reference": f"Communication/{sent['id']}"}
    assert state(planned) == "dihubungi"
    consultation = planned("GET", "Encounter/kontak-kasus-konsultasi").json
    assert consultation["class"]["code"] == "VR"


def test_what_follows_meets_its_profiles(planned):
    sent = planned("POST", "Communication", message()).json

    for name, profile in (
        ("Task/kontak-kasus", "KasusPemantauan"),
        ("Encounter/kontak-kasus-konsultasi", "KonsultasiPemantauan"),
        (f"Provenance/{sent['id']}-asal", "AsalPesan"),
    ):
        stored = planned("GET", name).json
        assert stored["meta"]["profile"] == [structure(profile)]
        assert faults(stored, structure(profile)) == []


def test_br_a6_the_message_gets_its_encounter_and_its_provenance(planned):
    sent = planned("POST", "Communication", message()).json

    stored = planned("GET", f"Communication/{sent['id']}").json
    assert stored["encounter"] == {"reference": "Encounter/kontak-kasus-konsultasi"}
    assert stored["basedOn"] == [{"reference": "CommunicationRequest/kontak"}]
    proof = planned("GET", f"Provenance/{sent['id']}-asal").json
    assert proof["target"] == [{"reference": f"Communication/{sent['id']}"}]
    assert proof["agent"][0]["who"] == BIDAN
    assert proof["occurredDateTime"] == "2024-08-05T09:05:00+07:00"


def test_an_encounter_that_the_message_names_stays(planned):
    named = {"reference": "Encounter/mine"}

    sent = planned("POST", "Communication", message(encounter=named)).json

    assert planned("GET", f"Communication/{sent['id']}").json["encounter"] == named


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("2024-08-04T23:59:59+07:00", "active"),
        ("2024-08-04T17:00:00Z", "completed"),  # midnight in WIB
        ("2024-08-05T23:59:59+07:00", "completed"),
        ("2024-08-06T00:00:00+07:00", "active"),
        ("2024-08-05T17:00:00Z", "active"),
    ],
)
def test_the_due_day_is_a_day_in_wib(planned, sent, status):
    planned("POST", "Communication", message(sent))

    assert planned("GET", "CommunicationRequest/kontak").json["status"] == status


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "preparation"},
        {"status": "not-done"},
        {"category": [coded("kategori-komunikasi", "advis-dokter")]},
        {"category": [coded("kategori-komunikasi", "sistem")]},
        {"recipient": [{"reference": "PractitionerRole/dokter"}]},
        {"subject": {"reference": "Patient/lain"}, "recipient": [{"reference": "Patient/lain"}]},
    ],
)
def test_what_does_not_reach_the_patient_keeps_no_contact(planned, elements):
    planned("POST", "Communication", message(**elements))

    assert planned("GET", "CommunicationRequest/kontak").json["status"] == "active"
    assert planned.count("Task") == 0


def test_a_late_message_that_names_the_contact_completes_it_as_late(planned):
    named = [{"reference": "CommunicationRequest/kontak"}]

    planned("POST", "Communication", message("2024-08-07T09:00:00+07:00", basedOn=named))

    stored = planned("GET", "CommunicationRequest/kontak").json
    assert stored["status"] == "completed"
    assert stored["statusReason"] == coded("status-kontak", "terlambat")


def test_contact_and_message_in_one_transaction(ask):
    sent = message(basedOn=[{"reference": "CommunicationRequest/kontak"}])
    both = bundle(
        "transaction",
        entry("PUT", "CommunicationRequest/kontak", contact()),
        entry("POST", "Communication", sent),
    )

    assert ask("POST", "", both).status == 200
    second = bundle("transaction", entry("POST", "Communication", message()))
    assert ask("POST", "", second).status == 200
    assert ask("GET", "CommunicationRequest/kontak").json["status"] == "completed"


def test_of_many_at_once_each_is_stored_and_one_case_is_opened(planned):
    start = Barrier(6)

    def write(number):
        start.wait()
        return planned("POST", "Communication", message(f"2024-08-05T09:0{number}:00+07:00")).status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write, range(6))) == {201}
    assert planned.count("Communication") == 6
    assert planned.count("Task") == 1
    assert planned.count("Provenance") == 1


def test_the_answer_moves_the_case_though_it_quotes_nothing(planned):
    put(planned, thread())
    planned("POST", "Communication", message())

    said = planned("POST", "Communication", from_patient("2024-08-05T09:40:00+07:00")).json

    assert state(planned) == "menjawab"
    assert planned.count("Task") == 1
    stored = planned("GET", f"Communication/{said['id']}").json
    assert stored["encounter"] == {"reference": "Encounter/kontak-kasus-konsultasi"}


def test_an_emergency_moves_the_case_to_darurat(planned):
    put(planned, thread())
    planned("POST", "Communication", message())

    urgent = [coded("kategori-komunikasi", "darurat")]
    planned("POST", "Communication", from_patient("2024-08-05T09:40:00+07:00", category=urgent))

    assert state(planned) == "darurat"


def test_a_complaint_of_her_own_opens_a_case(ask):
    put(ask, thread())

    said = ask("POST", "Communication", from_patient("2024-08-07T20:00:00+07:00")).json

    case = ask("GET", f"Task/{said['id']}-kasus").json
    assert case["requester"] == IBU
    assert case["reasonCode"] == {"text": "Kaki bengkak"}
    assert case["owner"] == BIDAN
    assert state(ask, f"{said['id']}-kasus") == "menjawab"


def test_a_second_complaint_joins_the_case_that_is_open(ask):
    put(ask, thread())
    ask("POST", "Communication", from_patient("2024-08-07T20:00:00+07:00"))

    ask("POST", "Communication", from_patient("2024-08-07T20:01:00+07:00"))

    assert ask.count("Task") == 1


def test_of_many_complaints_at_once_one_opens_a_case(ask):
    put(ask, thread())
    start = Barrier(6)

    def write(number):
        start.wait()
        said = from_patient(f"2024-08-07T20:0{number}:00+07:00")
        return ask("POST", "Communication", said).status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write, range(6))) == {201}
    assert ask.count("Task") == 1


@pytest.mark.parametrize("layanan", ["lakon", "umum"])
def test_other_threads_open_no_case_of_the_monitoring(ask, layanan):
    put(ask, thread(layanan))

    ask("POST", "Communication", from_patient("2024-08-07T20:00:00+07:00"))

    assert ask.count("Task") == 0


def test_a_reply_opens_no_case(ask):
    put(ask, thread())
    reply = [{"reference": "Communication/utas"}]

    ask("POST", "Communication", from_patient("2024-08-07T20:00:00+07:00", inResponseTo=reply))

    assert ask.count("Task") == 0


def test_an_illegal_move_of_a_case_names_what_is_allowed(planned):
    planned("POST", "Communication", message())
    case = planned("GET", "Task/kontak-kasus").json

    moved = {**case, "businessStatus": coded("status-pemantauan", "diberi-advis")}
    refused = planned("PUT", "Task/kontak-kasus", moved)

    assert refused.status == 409
    assert "menjawab, tidak-menjawab, darurat" in refused.issues[0].indonesian
