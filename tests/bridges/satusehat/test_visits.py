"""Visits and episodes: what is sent when, and what is refused before SATUSEHAT does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.bridges.satusehat.payload import NotWanted, Payload, Unmappable, Waiting
from tests.bridges.satusehat.world import OURS, ROOM, VISIT, clinic

SYSTEM = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/"
DIAGNOSIS = {
    "resourceType": "Condition",
    "id": "dx",
    "category": [
        {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                    "code": "encounter-diagnosis",
                }
            ]
        }
    ],
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "J00"}]},
    "subject": {"reference": "Patient/ibu"},
    "encounter": {"reference": "Encounter/kunjungan"},
    "recordedDate": "2024-04-02T08:00:00+07:00",
}
FINISHED = VISIT | {
    "status": "finished",
    "statusHistory": [
        {
            "status": "arrived",
            "period": {"start": "2024-04-02T07:45:00+07:00", "end": "2024-04-02T08:00:00+07:00"},
        },
        {
            "status": "in-progress",
            "period": {"start": "2024-04-02T08:00:00+07:00", "end": "2024-04-02T08:30:00+07:00"},
        },
        {
            "status": "onleave",
            "period": {"start": "2024-04-02T08:30:00+07:00", "end": "2024-04-02T09:00:00+07:00"},
        },
        {"status": "finished", "period": {"start": "2024-04-02T09:00:00+07:00"}},
    ],
    "period": {"start": "2024-04-02T07:45:00+07:00", "end": "2024-04-02T09:00:00+07:00"},
}
EPISODE = {
    "resourceType": "EpisodeOfCare",
    "id": "anc",
    "identifier": [{"system": "http://sys-ids.kemkes.go.id/episode-of-care/p", "value": "ANC-1"}],
    "status": "active",
    "type": [{"coding": [{"system": f"{SYSTEM[:-1]}-type", "code": "ANC"}]}],
    "patient": {"reference": "Patient/ibu"},
    "period": {"start": "2024-01-15"},
}


def test_a_finished_visit_goes_in_progress_first_and_is_finished_after_its_diagnosis():
    world = clinic(FINISHED, DIAGNOSIS, without=("Encounter/kunjungan",))

    first = world.send("Encounter/kunjungan")
    then = world.render("Encounter/kunjungan")
    world.send("Condition/dx")
    last = world.render("Encounter/kunjungan")

    assert (first.again, first.requests[0].method) == (True, "POST")
    assert first.requests[0].body["status"] == "in-progress"
    assert "end" not in first.requests[0].body["period"]
    assert then == Waiting(("Condition/dx",))
    (request,) = last.requests
    assert (last.again, request.method, request.remote) == (False, "PUT", request.body["id"])
    assert [e["status"] for e in request.body["statusHistory"]] == [
        "arrived",
        "in-progress",
        "finished",
    ]
    assert request.body["diagnosis"][0]["rank"] == 1
    assert request.body["period"]["end"] == "2024-04-02T02:00:00+00:00"


def test_states_within_a_visit_are_one_and_every_state_of_a_finished_visit_ends():
    world = clinic(
        FINISHED | {"diagnosis": [{"condition": {"reference": "Condition/dx"}}]}, DIAGNOSIS
    )
    world.send("Condition/dx")

    course = world.body("Encounter/kunjungan")["statusHistory"]

    assert [e["period"].get("end") for e in course] == [
        "2024-04-02T01:00:00+00:00",
        "2024-04-02T02:00:00+00:00",
        "2024-04-02T02:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("without", "path"),
    [
        ({"participant": []}, "Encounter.participant"),
        ({"location": []}, "Encounter.location"),
        ({"status": "finished"}, "Encounter.diagnosis"),
    ],
)
def test_what_satusehat_would_refuse_is_said_before_with_a_remedy(without, path):
    result = clinic(VISIT | without).render("Encounter/kunjungan")

    assert isinstance(result, Unmappable)
    assert result.path == path
    assert result.remedy


def test_a_visit_that_names_no_room_takes_the_room_of_the_setting():
    world = clinic(VISIT | {"location": []}, choices=replace(OURS, location="ruang"))

    body = world.body("Encounter/kunjungan")

    assert body["location"][0]["location"] == {"reference": "Location/room-1"}


def test_a_visit_elsewhere_and_its_results_are_not_ours_to_send():
    hospital = {"resourceType": "Organization", "id": "rs", "name": "RS"}
    world = clinic(
        hospital, VISIT | {"serviceProvider": {"reference": "Organization/rs"}}, DIAGNOSIS
    )

    assert isinstance(world.render("Encounter/kunjungan"), NotWanted)
    assert isinstance(world.render("Condition/dx"), NotWanted)


def test_a_visit_to_a_unit_of_ours_is_ours():
    unit = {
        "resourceType": "Organization",
        "id": "klaster-2",
        "partOf": {"reference": "Organization/pkm-dharma-rini"},
    }
    world = clinic(unit, VISIT | {"serviceProvider": {"reference": "Organization/klaster-2"}})

    assert world.body("Encounter/kunjungan")["serviceProvider"] == {
        "reference": "Organization/10000004"
    }


def test_a_cancelled_visit_is_told_only_if_it_was_sent():
    cancelled = VISIT | {"status": "cancelled"}

    never = clinic(cancelled, without=("Encounter/kunjungan",)).render("Encounter/kunjungan")
    sent = clinic(cancelled).render("Encounter/kunjungan")

    assert isinstance(never, NotWanted)
    assert sent.requests[0].method == "PUT"
    assert sent.requests[0].body["status"] == "cancelled"


@pytest.mark.parametrize("chosen", ["VR", "AMB"])
def test_teleconsultations_go_in_the_class_of_the_setting_and_not_without(chosen):
    virtual = VISIT | {"class": {"code": "VR"}}

    assert isinstance(clinic(virtual).render("Encounter/kunjungan"), NotWanted)
    world = clinic(virtual, choices=replace(OURS, virtual_class=chosen))
    assert world.body("Encounter/kunjungan")["class"]["code"] == chosen


@pytest.mark.parametrize(
    ("chosen", "systems"),
    [
        ("terminology", [f"{SYSTEM}ANC"]),
        ("episode", ["http://sys-ids.kemkes.go.id/episode-of-care/10000004"]),
        ("both", [f"{SYSTEM}ANC", "http://sys-ids.kemkes.go.id/episode-of-care/10000004"]),
        ("none", []),
    ],
)
def test_the_k_code_goes_under_the_systems_of_the_setting(chosen, systems):
    coded = VISIT | {"identifier": [{"system": f"{SYSTEM}ANC", "value": "K1M"}]}
    world = clinic(coded, choices=replace(OURS, anc_visit=chosen))

    first, *codes = world.body("Encounter/kunjungan")["identifier"]

    assert first["system"] == "http://sys-ids.kemkes.go.id/encounter/10000004"
    assert codes == [{"system": each, "value": "K1M"} for each in systems]


@pytest.mark.parametrize(("of", "code"), [("puerperium", "KF4"), ("neonate", "KN3")])
def test_kf_and_kn_codes_go_under_their_own_system(of, code):
    coded = VISIT | {"identifier": [{"system": f"{SYSTEM}{of}", "value": code}]}

    identifiers = clinic(coded).body("Encounter/kunjungan")["identifier"]

    assert identifiers[1:] == [{"system": f"{SYSTEM}{of}", "value": code}]


def test_a_code_that_is_not_on_the_list_is_refused_here():
    coded = VISIT | {"identifier": [{"system": f"{SYSTEM}puerperium", "value": "KF9"}]}

    result = clinic(coded).render("Encounter/kunjungan")

    assert isinstance(result, Unmappable)
    assert "KF1, KF2" in result.remedy


def test_an_episode_is_opened_once_with_full_instants():
    world = clinic(EPISODE)

    body = world.body("EpisodeOfCare/anc")

    assert body["identifier"] == [
        {"system": "http://sys-ids.kemkes.go.id/episode-of-care/10000004", "value": "ANC-1"}
    ]
    assert body["period"] == {"start": "2024-01-15T00:00:00+00:00"}
    assert isinstance(world.render("EpisodeOfCare/anc"), NotWanted)


def test_an_episode_is_closed_by_a_patch_that_names_the_patient():
    closed = EPISODE | {
        "status": "finished",
        "statusHistory": [
            {"status": "active", "period": {"start": "2024-01-15", "end": "2024-10-01"}}
        ],
        "period": {"start": "2024-01-15", "end": "2024-10-01"},
    }
    world = clinic(closed)
    world.remote["EpisodeOfCare/anc"] = "episode-1"

    (request,) = world.render("EpisodeOfCare/anc").requests

    assert (request.method, request.remote) == ("PATCH", "episode-1")
    assert [each["path"] for each in request.body] == [
        "/patient",
        "/status",
        "/period/end",
        "/statusHistory",
    ]
    assert request.body[0]["value"] == {"reference": "Patient/P02000000001"}


def test_an_episode_finds_the_one_that_stands_there_already():
    (request,) = clinic(EPISODE).send("EpisodeOfCare/anc").requests

    assert request.search == (("patient", "P02000000001"), ("type", "ANC"), ("status", "active"))


def test_a_result_without_a_visit_belongs_to_the_visit_of_its_day():
    loose = {k: v for k, v in DIAGNOSIS.items() if k != "encounter"}
    another_day = loose | {"id": "lain", "recordedDate": "2024-04-03T08:00:00+07:00"}
    world = clinic(loose, another_day)

    result = world.render("Condition/dx")

    assert isinstance(result, Payload)
    assert result.requests[0].body["encounter"] == {"reference": "Encounter/visit-1"}
    assert isinstance(world.render("Condition/lain"), Unmappable)


def test_a_visit_that_names_nobody_was_attended_by_who_examined_first():
    def examined(own_id, role, hour):
        return {
            "resourceType": "Observation",
            "id": own_id,
            "encounter": {"reference": "Encounter/kunjungan"},
            "effectiveDateTime": f"2024-04-02T{hour}:00:00+07:00",
            "performer": [{"reference": role}],
        }

    doctor = {"resourceType": "Practitioner", "id": "dokter", "identifier": []}
    role = {
        "resourceType": "PractitionerRole",
        "id": "dokter-umum",
        "practitioner": {"reference": "Practitioner/dokter"},
    }
    later = examined("b", "PractitionerRole/bidan-kia", "09")
    unknown = examined("a", "PractitionerRole/dokter-umum", "08")
    world = clinic(VISIT | {"participant": []}, later, unknown, doctor, role)

    body = world.body("Encounter/kunjungan")

    assert [e["individual"]["reference"] for e in body["participant"]] == ["Practitioner/N10000001"]


def test_who_waits_and_is_attended_by_nobody_is_sent_later():
    world = clinic(VISIT | {"participant": [], "status": "arrived"})

    assert isinstance(world.render("Encounter/kunjungan"), NotWanted)


def test_units_and_rooms_of_others_are_not_registered_as_ours():
    other = {
        "resourceType": "Organization",
        "id": "pkm-lain",
        "name": "Puskesmas Lain",
        "partOf": {"reference": "Organization/dinkes"},
    }
    room = ROOM | {"id": "sana", "managingOrganization": {"reference": "Organization/pkm-lain"}}
    unit = other | {"id": "unit", "partOf": {"reference": "Organization/pkm-dharma-rini"}}
    world = clinic(other, room, unit)

    assert isinstance(world.render("Organization/pkm-lain"), NotWanted)
    assert isinstance(world.render("Location/sana"), NotWanted)
    body = world.body("Organization/unit")
    assert body["partOf"] == {"reference": "Organization/10000004"}
