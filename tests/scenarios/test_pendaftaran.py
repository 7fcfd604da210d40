"""SOP steps B1 to B5: a number, the waiting room, registration, the waiting room of the unit."""

from __future__ import annotations

import dataclasses

import pytest

from fhir_server.app import create_app
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.mappings.rules import load_rules
from tests.support.clinic import Clinic

PKM, DAY = "pkm-dharma-rini", "2024-04-02"


def at(clock):
    return f"{DAY}T{clock}:00+07:00"


@pytest.fixture
def registered(clinic):
    """Give a function that takes a number for a patient and registers the visit."""

    def register(pasien, **fields):
        ticket = {"faskes": PKM, "unit": "kia", "tanggal": DAY, "pasien": pasien["id"]}
        ticket = clinic.made("antrean", ticket | {"ambil": at("07:45")})
        visit = {
            "faskes": PKM,
            "noReg": f"RG-{ticket['nomor']}",
            "pasien": pasien["id"],
            "kelas": "AMB",
            "unit": "kia",
            "klaster": "klaster-2",
            "mulai": at("07:45"),
            "status": "tiba",
            "antrean": ticket["id"],
            "lokasi": "ruang-tunggu-loket",
        }
        return clinic.post("kunjungan", visit | fields)

    return register


def test_b1_to_b5_from_the_number_to_the_waiting_room_of_kia(clinic, registered):
    visit = registered(clinic.pasien(14)).json
    for clock, lokasi in (("08:05", "ruang-tunggu-kia"), ("08:40", "ruang-kia")):
        status = "dilayani" if lokasi == "ruang-kia" else "tiba"
        visit = clinic.changed(
            "kunjungan", visit, lokasi=lokasi, status=status, statusSejak=at(clock)
        )

    encounter = clinic.fhir(f"Encounter/{visit['id']}")
    places = [each["location"]["reference"] for each in encounter["location"]]
    assert places == [
        f"Location/{n}" for n in ("ruang-tunggu-loket", "ruang-tunggu-kia", "ruang-kia")
    ]
    assert [each["status"] for each in encounter["location"]] == [
        "completed",
        "completed",
        "active",
    ]
    assert encounter["period"] == {"start": at("07:45")}
    assert encounter["serviceType"]["coding"][0]["code"] == "kia"
    number = clinic.fhir(f"Appointment/{visit['antrean']}")
    assert number["identifier"][0]["value"] == "kia-20240402-001"


def test_br_b3_a_visit_is_registered_to_a_unit_there_is(clinic, registered):
    """BR-B3: the destination is one of the units of the puskesmas."""
    refused = registered(clinic.pasien(14), unit="radiologi")

    assert refused.status_code == 422
    assert "anak-mtbs" in refused.text


@pytest.mark.parametrize(
    "person",
    [
        {"nama": "Bayi Ny. Rekaan", "tanggalLahir": DAY, "nikIbu": "9901025203860001"},
        {"nama": "John Rekaan", "jenisKelamin": "male"},
    ],
)
def test_br_b3_newborns_and_foreigners_are_registered_without_a_nik(clinic, registered, person):
    assert registered(clinic.pasien(15, **person)).status_code == 201


def test_a_nik_is_registered_once_and_the_first_is_not_named(clinic):
    first = clinic.pasien(14, nama="Siti Rekaan", nik="9901020101900001")
    twin = {k: v for k, v in first.items() if k not in {"id", "versi", "diubah", "peringatan"}}

    refused = clinic.post("pasien", twin | {"nama": "Orang Lain", "noRM": "RM-9"})

    assert refused.status_code == 409
    assert "NIK-UNIK" in refused.text
    assert not any(
        each in refused.text for each in (first["id"], "Siti", first["nik"], "RM-000014")
    )


@pytest.mark.parametrize(("first", "reason"), [(False, None), (True, "ibu-hamil")])
def test_br_b20_pregnant_women_go_first_only_where_the_puskesmas_has_decided_so(
    context, first, reason
):
    """BR-B20: the SOP does not name them, so it is a setting (domain §8.4, question 5)."""
    settings = dataclasses.replace(context.settings, queue_pregnant=first)
    rules = load_rules(context.parameters, settings)
    decided = dataclasses.replace(context, settings=settings, rules=rules)
    clinic = Clinic(create_app(decided).test_client())
    siti = clinic.pasien(14)
    episode = {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "type": [{"coding": [{"system": EPISODE_TYPE, "code": "ANC"}]}],
        "patient": {"reference": f"Patient/{siti['id']}"},
        "period": {"start": "2024-01-15"},
    }
    assert clinic.client.post("/fhir/EpisodeOfCare", json=episode).status_code == 201
    ticket = {
        "faskes": PKM,
        "unit": "kia",
        "tanggal": DAY,
        "pasien": siti["id"],
        "ambil": at("07:45"),
    }

    taken = clinic.made("antrean", ticket)
    claimed = clinic.post("antrean", ticket | {"alasanPrioritas": "ibu-hamil"})

    assert (taken.get("alasanPrioritas"), taken["prioritas"]) == (reason, first)
    assert claimed.status_code == (201 if first else 422)
