"""A SOP document's Provenance says who wrote its resources, in their own transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.app import create_app
from tests.support.clinic import Clinic


@pytest.fixture
def proven(context):
    """A puskesmas that wants a Provenance with every document."""
    settings = replace(context.settings, provenance=True)
    return Clinic(create_app(replace(context, settings=settings)).test_client())


def proofs(clinic, patient):
    found = clinic.fhir(f"Provenance?target=Patient/{patient['id']}&_sort=recorded")
    return [each["resource"] for each in found.get("entry", ())]


def test_each_version_has_its_provenance(proven):
    siti = proven.pasien(14, nama="Siti Rahmawati")
    proven.changed("pasien", siti, nama="Siti Rahmawati Dewi")

    said = proofs(proven, siti)

    assert [p["activity"]["coding"][0]["code"] for p in said] == ["CREATE", "UPDATE"]
    assert [p["agent"][0]["who"]["identifier"]["value"] for p in said] == ["operator"] * 2


def test_what_is_refused_leaves_none(proven):
    proven.pasien(14, nik="9902015203860001")
    refused = proven.post("pasien", {"nama": "Tanpa tanggal lahir"})

    assert refused.status_code in {409, 422}
    assert len(proven.fhir("Provenance?_count=10")["entry"]) == 1


def test_without_the_setting_there_is_none(clinic):
    siti = clinic.pasien(14)

    assert proofs(clinic, siti) == []
