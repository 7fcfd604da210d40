"""The target against the simulator: what it makes of answers, and of none."""

import pytest

from fhir_server.delivery.target import Accepted, Later, Refused, Unauthorized, Wait
from tests.bridges.satusehat.acting import (
    FACILITY,
    MIDWIFE,
    MOTHER,
    Bridge,
    clinic,
    diagnosis,
    episode,
    person,
    room,
    visit,
)

VISIT = "Encounter/kunjungan"
EPISODE = "EpisodeOfCare/episode-pnc"


def test_a_visit_goes_in_order_and_is_finished_when_its_diagnosis_is_there(satusehat):
    finished = visit(status="finished", period={
        "start": "2024-05-17T02:10:00+07:00", "end": "2024-05-17T06:00:00+07:00",
    })  # fmt: skip
    bridge = clinic(satusehat, finished, diagnosis())

    assert bridge.rendered(VISIT).again
    bridge.arrived(VISIT, "Condition/diagnosis", VISIT)

    (stored,) = satusehat.stored("Encounter")
    assert stored["status"] == "finished"
    assert stored["diagnosis"][0]["condition"]["reference"].startswith("Condition/")
    assert stored["period"]["start"] == "2024-05-16T19:10:00+00:00"
    assert [each[0] for each in satusehat.order()] == ["Location", "Encounter", "Condition"]


def test_what_is_not_there_yet_is_waited_for(satusehat):
    people = (person("Practitioner", "rina", MIDWIFE), person("Patient", "dewi", MOTHER))
    bridge = Bridge(satusehat, room(), *people, visit())

    waits = bridge.rendered(VISIT)

    assert isinstance(waits, Wait)
    assert set(waits.on) == {"Location/poli-kia", "Practitioner/rina", "Patient/dewi"}


@pytest.mark.parametrize(("people", "rule"), [(0, "not-found"), (1, None), (2, "ambiguous")])
def test_a_person_is_taken_only_when_exactly_one_matches(satusehat, people, rule):
    ids = satusehat.people("Patient", *[{"nik": MOTHER, "name": "Dewi"}] * people)
    bridge = Bridge(satusehat, person("Patient", "dewi", MOTHER))

    answer = bridge.send("Patient/dewi")

    if rule is None:
        assert answer == Accepted(ids[0], adopted=True)
    else:
        assert isinstance(answer, Refused)
        assert (answer.rule, MOTHER in answer.reason) == (rule, False)
        assert "NIK" in answer.remedy or "IHS" in answer.remedy


def test_a_nik_is_no_part_of_what_the_engine_keeps_as_a_path(satusehat):
    bridge = Bridge(satusehat, person("Patient", "dewi", MOTHER))

    assert MOTHER not in bridge.parcel("Patient/dewi").path


@pytest.mark.parametrize("kind", ["drop", "500", "502", "503", "504"])
def test_what_landed_unheard_is_found_and_adopted(satusehat, kind):
    bridge = clinic(satusehat, visit())
    satusehat.ways(duplicates=False)
    satusehat.faults({"kind": kind, "after": True, "times": 1, "method": "POST"})

    lost = bridge.send(VISIT)
    found = bridge.find(VISIT)

    assert isinstance(lost, Later)
    assert lost.unknown
    assert isinstance(found, Accepted)
    assert found.adopted
    assert satusehat.counts()["created"]["Encounter"] == 1


def test_a_time_out_after_landing_is_found_and_adopted(satusehat):
    bridge = clinic(satusehat, visit(), satusehat_timeout=0.5)
    satusehat.faults({"kind": "hang", "after": True, "times": 1, "method": "POST", "seconds": 3.0})

    lost = bridge.send(VISIT)

    assert isinstance(lost, Later)
    assert lost.unknown
    assert bridge.find(VISIT).adopted


def test_nothing_is_found_of_what_did_not_land(satusehat):
    bridge = clinic(satusehat, visit())
    satusehat.faults({"kind": "drop", "times": 1, "method": "POST"})

    assert bridge.send(VISIT).unknown
    assert bridge.find(VISIT) is None
    assert not bridge.send(VISIT).adopted


def test_a_duplicate_is_adopted(satusehat):
    bridge = clinic(satusehat, visit())
    bridge.arrived(VISIT)
    id = bridge.view.ids.pop((VISIT, ""))

    assert bridge.send(VISIT) == Accepted(id, adopted=True)


def test_s12_an_episode_that_landed_unheard_is_not_opened_twice(satusehat):
    bridge = clinic(satusehat, episode("PNC"))
    satusehat.faults({"kind": "drop", "after": True, "times": 1, "method": "POST"})

    lost, again = bridge.send(EPISODE), bridge.send(EPISODE)

    assert lost.unknown
    assert again.adopted
    (stored,) = satusehat.stored("EpisodeOfCare")
    assert stored["period"]["start"] == "2024-05-16T21:36:00+00:00"


def test_an_active_episode_of_another_facility_is_adopted(satusehat):
    bridge = clinic(satusehat, episode("ANC"))
    theirs = {
        "resourceType": "EpisodeOfCare",
        "id": "theirs",
        "status": "active",
        "type": episode("ANC")["type"],
        "patient": {"reference": f"Patient/{bridge.view.ids['Patient/dewi', '']}"},
    }
    satusehat.ask("POST", "resources", [{"resource": theirs, "owner": "20000001"}])

    answer = bridge.send("EpisodeOfCare/episode-anc")

    assert (answer.remote, answer.adopted) == ("theirs", True)


def test_an_episode_is_closed_by_a_patch_that_is_not_done_twice(satusehat):
    bridge = clinic(satusehat, episode("PNC"))
    bridge.arrived(EPISODE)
    closed = episode("PNC", "finished", period={
        "start": "2024-05-17T04:36:00+07:00", "end": "2024-06-28T09:00:00+07:00",
    })  # fmt: skip
    bridge.view.documents[EPISODE] = closed
    satusehat.faults({"kind": "drop", "after": True, "times": 1, "method": "PATCH"})

    lost = bridge.send(EPISODE)

    assert bridge.parcel(EPISODE).method == "PATCH"
    assert lost.unknown
    assert bridge.find(EPISODE).adopted
    (stored,) = satusehat.stored("EpisodeOfCare")
    assert stored["status"] == "finished"
    assert stored["period"]["end"] == "2024-06-28T02:00:00+00:00"


def test_an_expired_token_is_renewed_once_and_unnoticed(satusehat):
    bridge = clinic(satusehat, visit())
    before = satusehat.counts()["logins"]
    satusehat.ask("POST", "tokens/expire")

    bridge.arrived(VISIT)

    assert satusehat.counts()["logins"] == before + 1


def test_a_wrong_secret_lets_the_target_rest(satusehat):
    bridge = Bridge(satusehat, room(), satusehat_client_secret="lain")  # noqa: S106

    answer = bridge.send("Location/poli-kia")

    assert isinstance(answer, Unauthorized)
    assert "FHIR_SATUSEHAT_CLIENT_SECRET" in answer.remedy


@pytest.mark.parametrize("kind", ["429", "quota"])
def test_a_throttled_request_is_no_failure_and_did_not_land(satusehat, kind):
    bridge = clinic(satusehat, visit())
    satusehat.faults({"kind": kind, "times": 1})

    answer = bridge.send(VISIT)

    assert isinstance(answer, Later)
    assert (answer.unknown, answer.counts) == (False, False)


def test_a_patient_who_said_no_is_a_refusal_with_a_remedy(satusehat):
    no = "9902014511980003"
    satusehat.people("Patient", {"nik": no, "name": "Sari", "consent": False})
    other = visit("lain", subject={"reference": "Patient/sari"})
    bridge = clinic(satusehat, person("Patient", "sari", no), other)
    bridge.arrived("Patient/sari")

    answer = bridge.send("Encounter/lain")

    assert isinstance(answer, Refused)
    assert answer.rule == "consent"
    assert "persetujuan" in answer.remedy


def test_a_broken_rule_is_named_with_what_to_do(satusehat):
    bridge = clinic(satusehat, visit())
    parcel = bridge.parcel(VISIT)
    parcel.body["class"]["code"] = "xxx"

    answer = bridge.target.send(parcel, bridge.view)

    assert isinstance(answer, Refused)
    assert answer.rule == "10001"
    assert "AMB" in answer.remedy


def test_without_our_number_there_is_no_target():
    from fhir_server.bridges.satusehat.target import make  # noqa: PLC0415
    from fhir_server.config import Settings  # noqa: PLC0415

    assert make(Settings()) is None
    with pytest.raises(ValueError, match="FHIR_SATUSEHAT_CLIENT_SECRET"):
        make(Settings(satusehat_organization="1"))
    with pytest.raises(ValueError, match="FHIR_SATUSEHAT_ENVIRONMENT"):
        make(Settings(satusehat_organization="1", satusehat_environment="mana"))


def test_the_secret_is_in_no_text_of_the_target(satusehat):
    bridge = Bridge(satusehat, room(), satusehat_client_secret="sangat-rahasia")  # noqa: S106

    said = repr(bridge.send("Location/poli-kia")) + repr(vars(bridge.target))

    assert "sangat-rahasia" not in said
    assert FACILITY in said


def test_a_newborn_is_registered_once_by_its_mothers_nik(satusehat):
    baby = {
        "resourceType": "Patient",
        "id": "bayi",
        "identifier": [{"system": "https://fhir.kemkes.go.id/id/nik-ibu", "value": MOTHER}],
        "name": [{"text": "Bayi Ny. Dewi Lestari"}],
        "gender": "female",
        "birthDate": "2024-05-17",
        "multipleBirthInteger": 0,
    }
    bridge = clinic(satusehat, baby)
    satusehat.ways(old_newborns=True)
    satusehat.faults({"kind": "504", "after": True, "times": 1, "method": "POST"})

    lost, found = bridge.send("Patient/bayi"), bridge.find("Patient/bayi")

    assert lost.unknown
    assert found.adopted
    assert satusehat.counts()["created"]["Patient"] == 1


def test_of_twins_a_person_says_which_is_which(satusehat):
    twins = [
        {
            "resourceType": "Patient",
            "id": f"bayi-{order}",
            "identifier": [{"system": "https://fhir.kemkes.go.id/id/nik-ibu", "value": MOTHER}],
            "name": [{"text": f"Bayi {order} Ny. Dewi Lestari"}],
            "gender": "female",
            "birthDate": "2024-05-17",
            "multipleBirthInteger": order,
        }
        for order in (1, 2)
    ]
    bridge = clinic(satusehat, *twins)
    satusehat.ways(old_newborns=True)
    bridge.arrived("Patient/bayi-1")

    answer = bridge.find("Patient/bayi-2")

    assert isinstance(answer, Refused)
    assert answer.rule == "ambiguous"


def test_what_landed_in_an_older_version_is_brought_up_to_date(satusehat):
    bridge = clinic(satusehat, visit())
    bridge.arrived(VISIT)
    del bridge.view.ids[VISIT, ""]
    bridge.view.documents[VISIT] = visit(priority={"text": "segera"})

    assert not bridge.find(VISIT).same
    bridge.arrived(VISIT)

    (stored,) = satusehat.stored("Encounter")
    assert stored["priority"] == {"text": "segera"}


def test_a_standalone_drug_goes_before_its_prescription(satusehat):
    order = {
        "resourceType": "MedicationRequest",
        "id": "resep",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://sys-ids.kemkes.go.id/kfa", "code": "92000653"}]
        },
        "subject": {"reference": "Patient/dewi"},
        "encounter": {"reference": VISIT},
        "requester": {"reference": "Practitioner/rina"},
        "authoredOn": "2024-05-17T05:00:00+07:00",
        "dosageInstruction": [{"text": "1 x 1"}],
    }
    bridge = clinic(satusehat, visit(), order, satusehat_medication="standalone")
    bridge.arrived(VISIT, "MedicationRequest/resep", "MedicationRequest/resep")

    (drug,), (stored,) = satusehat.stored("Medication"), satusehat.stored("MedicationRequest")

    assert stored["medicationReference"] == {"reference": f"Medication/{drug['id']}"}
