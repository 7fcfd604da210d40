"""A SOP document's Provenance says who wrote its resources, in their own transaction."""

from __future__ import annotations

from dataclasses import replace

from fhir_server.app import create_app
from tests.support.clinic import Clinic

MEASURING = {"pasien": "siti", "pemeriksa": "bidan-kia", "waktu": "2024-04-02T08:50:00+07:00"}


def proofs(clinic, patient):
    found = clinic.fhir(f"Provenance?target=Patient/{patient['id']}&_sort=recorded")
    return [each["resource"] for each in found.get("entry", ())]


def test_each_version_has_its_provenance(clinic):
    siti = clinic.pasien(14, nama="Siti Rahmawati")
    clinic.changed("pasien", siti, nama="Siti Rahmawati Dewi")

    said = proofs(clinic, siti)

    assert [p["activity"]["coding"][0]["code"] for p in said] == ["CREATE", "UPDATE"]
    assert [p["agent"][0]["who"]["identifier"]["value"] for p in said] == ["operator"] * 2


def test_what_is_refused_leaves_none(clinic):
    clinic.pasien(14, nik="9902015203860001")
    refused = clinic.post("pasien", {"nama": "Tanpa tanggal lahir"})

    assert refused.status_code in {409, 422}
    assert len(clinic.fhir("Provenance?_count=10")["entry"]) == 1


def test_without_the_setting_there_is_none(context):
    settings = replace(context.settings, provenance=False)
    clinic = Clinic(create_app(replace(context, settings=settings)).test_client())
    siti = clinic.pasien(14)

    assert proofs(clinic, siti) == []


def test_what_changes_nothing_has_none(clinic):
    siti = clinic.pasien(14, nama="Siti Rahmawati")

    clinic.changed("pasien", siti, nama="Siti Rahmawati")

    assert len(proofs(clinic, siti)) == 1


def test_only_what_is_written_anew_is_its_target(clinic):
    clinic.known("siti")
    measured = {"suhu": 36.7, "nadi": 88}
    diukur = clinic.made("tanda-vital", {**MEASURING, "hasil": measured})

    clinic.changed("tanda-vital", diukur, hasil={**measured, "nadi": 90})

    found = clinic.fhir(f"Provenance?target=Observation/{diukur['id']}-nadi&_sort=recorded")
    made, changed = ([t["reference"] for t in e["resource"]["target"]] for e in found["entry"])
    temperature = f"Observation/{diukur['id']}-suhu"
    assert (temperature in made, temperature in changed) == (True, False)
