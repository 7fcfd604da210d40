"""Patients that a SOP document names: they must be there, wherever in the document they stand."""

from __future__ import annotations

import pytest

from fhir_server.exchange import patients

CHART = {
    "pasien": "siti",
    "kunjungan": "anc",
    "unit": "kia",
    "peminta": "bidan-kia",
    "pendaftaran": "pendaftaran",
    "waktu": "2024-04-02T08:30:00+07:00",
}


def wrong(answer):
    assert answer.status_code == 422, answer.text
    return [each["expression"][0] for each in answer.json["issue"]]


def test_nothing_is_written_about_nobody(clinic):
    assert wrong(clinic.post("rekam-medis", CHART)) == ["pasien"]

    assert clinic.get("/sop/v1/rekam-medis").json["dokumen"] == []
    assert "entry" not in clinic.fhir("Task")


def test_a_patient_who_was_deleted_is_not_there(clinic):
    clinic.known("siti")
    assert clinic.client.delete("/fhir/Patient/siti").status_code in {200, 204}

    assert wrong(clinic.post("rekam-medis", CHART)) == ["pasien"]


@pytest.mark.parametrize(("seconds", "status"), [(3600.0, 201), (-1.0, 422)])
def test_who_was_there_is_not_looked_for_again_for_a_while(clinic, monkeypatch, seconds, status):
    monkeypatch.setattr(patients, "SECONDS", seconds)
    clinic.known("siti")
    clinic.made("rekam-medis", CHART)
    clinic.client.delete("/fhir/Patient/siti")

    assert clinic.post("rekam-medis", CHART | {"kunjungan": "lain"}).status_code == status


def test_a_change_may_keep_whom_it_has_and_name_nobody_new(clinic):
    clinic.known("siti")
    made = clinic.made("rekam-medis", CHART)
    clinic.client.delete("/fhir/Patient/siti")

    assert wrong(clinic.put("rekam-medis", made, pasien="tidak-ada")) == ["pasien"]
    fields = {"status": "diserahkan", "diserahkan": "2024-04-02T08:36:00+07:00"}
    assert clinic.put("rekam-medis", made, **fields).status_code == 200


@pytest.mark.parametrize("there", [["siti"], ["siti", "dewi"]])
def test_patients_within_a_list_are_looked_for_too(clinic, there):
    clinic.known(*there)
    members = [{"pasien": each, "sejak": "2024-04-02"} for each in ("siti", "dewi")]
    cohort = {"faskes": "pkm", "desa": "9902012001", "tahun": 2024, "anggota": members}

    answer = clinic.post("kohort-ibu", cohort)

    if "dewi" in there:
        assert answer.status_code == 201, answer.text
    else:
        assert wrong(answer) == ["anggota[1].pasien"]
