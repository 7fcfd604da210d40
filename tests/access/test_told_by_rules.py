"""What a rule of the SOPs says to who has limits: never who else there is.

Rules judge by everything that is stored, so that a limited view breaks none; their words do not.
"""

from __future__ import annotations

import json

import pytest

from tests.access.leaks.asking import stored
from tests.access.leaks.world import VILLAGES, code, ref
from tests.access.test_roles import (  # noqa: F401
    LABELS,
    _at_once,
    consent,
    context,
    person,
    puskesmas,
)
from tests.mappings.test_mappings import HERE, yaml

DESA = "https://puskesmas.example/fhir/StructureDefinition/desa-laporan"
DAY = {"start": "2026-11-19", "end": "2026-11-19"}


@pytest.fixture
def contacts(context, puskesmas):  # noqa: F811
    """Plan a contact of the monitoring with each patient, for one day."""
    for name in ("siti", "dewi", "rina"):
        puskesmas.put(
            f"CommunicationRequest/kontak-{name}",
            status="active",
            category=[code("kategori-komunikasi", "pemantauan")],
            subject=ref(f"Patient/{name}"),
            occurrenceDateTime=DAY["start"],
        )
    stored(context, puskesmas.of("CommunicationRequest").values())


def report(village):
    """Write a report of a village that lists nobody."""
    return {
        "resourceType": "Composition",
        "extension": [{"url": DESA, "valueCode": village}],
        "status": "final",
        "type": code("jenis-dokumen", "laporan-pemantauan-desa"),
        "date": DAY["start"],
        "author": [ref("PractitionerRole/bidan")],
        "title": "Laporan",
        "event": [{"period": DAY}],
    }


@pytest.mark.usefixtures("contacts")
def test_a_hospital_learns_of_no_patient_by_the_refusal_of_a_village_report(caller):
    hospital = caller("rs-a", organization="Organization/rs-a", reach="referrals")

    said = hospital("POST", "Composition", report(VILLAGES[1]))

    assert said.status_code in {409, 422}
    assert "dewi" not in said.text
    assert "…" in said.json["issue"][0]["diagnostics"]


@pytest.mark.usefixtures("contacts")
def test_a_midwife_is_told_whom_of_her_village_the_report_misses(person):  # noqa: F811
    bidan = person("bidan")

    hers, others = (bidan("POST", "Composition", report(each)) for each in VILLAGES[:2])

    assert "period, kept or missed: siti" in hers.text
    assert others.status_code in {409, 422}
    assert "dewi" not in others.text


EPISODES = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type"


def episode(**more):
    return {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "type": [{"coding": [{"system": EPISODES, "code": "PNC"}]}],
        "patient": ref("Patient/siti"),
        "managingOrganization": ref("Organization/pkm"),
        "period": {"start": "2026-11-01"},
        **more,
    }


def test_satu_episode_names_no_episode_that_is_kept_from_who_asks(person, caller):  # noqa: F811
    """SATU-EPISODE: that there is one is said, which it is only to who may see it."""
    dokter, pkm = person("dokter"), caller("pkm")
    kept = {"meta": {"security": [{"system": LABELS, "code": "HIV"}]}}
    there = pkm("POST", "EpisodeOfCare", episode(**kept)).json["id"]

    before = dokter("POST", "EpisodeOfCare", episode())
    consent(pkm, label="HIV")
    after = dokter("POST", "EpisodeOfCare", episode())
    guessed = dokter("POST", "EpisodeOfCare", episode(language=there))

    assert (before.status_code, after.status_code) == (409, 409)
    assert there in before.text
    assert there not in after.text
    assert "…" in after.json["issue"][0]["diagnostics"]
    assert there in guessed.text  # what one has said oneself comes back: it tells nothing


def test_what_may_be_there_only_once_can_be_recorded_by_staff(http, person):  # noqa: F811
    """A birth has the one id that its mother and day give it; looking whether it is there is no
    reading of it."""
    (birth, *_) = yaml.safe_load((HERE / "persalinan.yaml").read_text("utf-8"))
    words = {**birth["sop"], "pasien": "siti", "faskes": "pkm", "penolong": "bidan"}
    for name in ("kunjungan", "ibu", "pasienBayi", "tempat"):
        words.pop(name)

    said = http.post("/sop/v1/persalinan", json=words, headers=person("bidan").headers)

    assert said.status_code != 403, said.text
    assert "not in your reach" not in json.dumps(said.json)


def test_a_new_resource_with_an_id_of_its_own_can_be_validated(person):  # noqa: F811
    body = {"resourceType": "Basic", "id": "new", "code": {"text": "x"}}

    said = person("bidan")("POST", "Basic/$validate?mode=create", body)

    assert said.status_code == 200, said.text
