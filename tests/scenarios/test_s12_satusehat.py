"""S12, the bridge: a time-out after landing, an expired token, 429; every time in +00:00."""

from __future__ import annotations

import json
import re

import pytest

from tests.scenarios.ibu_anak import FASKES, moved, opened, resources, wib
from tests.scenarios.jembatan import bridged, deliver, furnish, remote
from tests.scenarios.test_s12 import DAY, NIK, NIK_IBU, delivery

BIDAN = "9902011505990001"
PUERPERIUM = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/puerperium"
NEONATE = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/neonate"
OFFSET = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")


@pytest.fixture
def settings(settings, satusehat):
    return bridged(settings, satusehat, FASKES, "ruang-kia")


@pytest.fixture
def dewi(fhir, pasien, satusehat):
    """Dewi, whom SATUSEHAT knows, in a puskesmas that it knows."""
    furnish(fhir, FASKES, ("ruang-kia", "ruang-persalinan"), {"bidan-vk": BIDAN})
    satusehat.people("Practitioner", {"nik": BIDAN, "name": "Rina Bidan"})
    satusehat.people("Patient", {"nik": NIK, "name": "Dewi Lestari", "gender": "female"})
    satusehat.ways(duplicates=False, old_newborns=True)  # the story is of 2024
    return pasien("Dewi Lestari", NIK, "1998-11-05", alamat="Dusun Krajan", rt="01", rw="02")


@pytest.fixture
def born(sop, dewi, context):
    """The pregnancy is open at SATUSEHAT; then the girl is born, and nothing of it is sent yet."""
    served = {"status": "dilayani", "petugas": "bidan-vk"}
    opened(sop, dewi, "kia", wib("2023-10-02", "08:30"), lokasi="ruang-kia", **served)
    episode = sop.made(
        "episode-kehamilan",
        {
            "faskes": FASKES,
            "pasien": dewi,
            "hpht": "2023-08-14",
            "gravida": 2,
            "partus": 1,
            "abortus": 0,
            "dicatat": wib("2023-10-02", "09:00"),
        },
    )
    assert deliver(context) == {}
    visit = opened(
        sop,
        dewi,
        "persalinan",
        wib(DAY, "02:10"),
        kelas="EMER",
        lokasi="ruang-persalinan",
        episode=episode["id"],
        **served,
    )
    birth = sop.made("persalinan", delivery(dewi, visit))
    nifas = sop.read(f"kunjungan/{visit['id']}")
    return {"episode": episode["id"], "visit": nifas["id"], "baby": birth["pasienBayi"][0]}


def pnc(fhir, mother):
    found = resources(fhir.read(f"EpisodeOfCare?patient=Patient/{mother}&type=PNC"))
    (episode,) = found
    return episode["id"]


def test_the_pnc_episode_lands_unheard_and_is_opened_once(  # noqa: PLR0913, PLR0917
    context, sop, fhir, satusehat, dewi, born
):
    satusehat.faults(
        {"kind": "drop", "after": True, "times": 1, "method": "POST", "type": "EpisodeOfCare"},
        {"kind": "429", "times": 1, "method": "POST"},
    )
    satusehat.ask("POST", "tokens/expire")
    before = satusehat.counts()["logins"]
    nifas = pnc(fhir, dewi)
    served = {"status": "dilayani", "petugas": "bidan-vk", "lokasi": "ruang-kia"}
    mother = opened(sop, dewi, "kia", wib(DAY, "12:00"), episode=nifas, kelas="IMP", **served)
    baby = opened(sop, born["baby"], "kia", wib("2024-05-18", "09:00"), **served)

    rests = deliver(context)

    assert rests == {}
    counts = satusehat.counts()
    assert counts["faults"] == {"drop after": 1, "429": 1}
    assert counts["logins"] == before + 1
    assert counts["twice"] == {}
    stored = {e["type"][0]["coding"][0]["code"]: e for e in satusehat.stored("EpisodeOfCare")}
    assert len(satusehat.stored("EpisodeOfCare")) == 2
    assert stored["PNC"]["status"] == "active"
    assert stored["PNC"]["period"]["start"] == "2024-05-16T21:36:00+00:00"
    assert stored["ANC"]["status"] == "finished"
    assert stored["ANC"]["period"]["start"] == "2023-08-14T00:00:00+00:00"
    assert stored["ANC"]["period"]["end"][:10] == DAY
    visits = {each["id"]: each for each in satusehat.stored("Encounter")}
    first, second = (visits[remote(context, f"Encounter/{e['id']}")] for e in (mother, baby))
    assert {"system": PUERPERIUM, "value": "KF1"} in first["identifier"]
    assert {"system": NEONATE, "value": "KN1"} in second["identifier"]
    assert first["episodeOfCare"] == [{"reference": f"EpisodeOfCare/{stored['PNC']['id']}"}]


def test_the_newborn_is_registered_once_by_its_mothers_nik(context, satusehat, born):
    satusehat.faults(
        {"kind": "504", "after": True, "times": 1, "method": "POST", "type": "Patient"}
    )

    deliver(context)

    assert satusehat.counts()["created"]["Patient"] == 1
    id = remote(context, f"Patient/{born['baby']}")
    (there,) = [e for e in satusehat.stored("Patient") if e["id"] == id]
    assert {"system": NIK_IBU, "use": "official", "value": NIK} in there["identifier"]


def test_every_time_goes_out_in_utc(context, sop, satusehat, born):
    moved(sop, born["visit"], wib(DAY, "06:00"), petugas="bidan-vk")

    deliver(context)

    said = json.dumps([satusehat.stored(e) for e in ("Encounter", "Procedure", "EpisodeOfCare")])
    own = re.sub(r'"lastUpdated": "[^"]*"', "", said)
    assert {found[1] for found in OFFSET.finditer(own)} == {"+00:00"}
    assert "2024-05-16T21:36:00+00:00" in own  # 04:36 WIB
