"""A schedule on its own: three days of chat after a danger sign was treated (domain §3.3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

SD = "https://puskesmas.example/fhir/StructureDefinition"
LUSA = datetime.now(ZoneInfo("Asia/Jakarta")).date() + timedelta(days=2)
"""Yet to come, also when midnight passes between the import and a test."""


@pytest.fixture
def jadwal(sop, pasien):
    return sop.made(
        "jadwal-pemantauan",
        {
            "pasien": pasien(),
            "alasan": "sesudah-tanda-bahaya",
            "pelaksana": "bidan-desa-sidorejo",
            "dibuat": "2024-08-20T21:00:00+07:00",
            "mulai": LUSA.isoformat(),
        },
    )


def kontak(fhir, jadwal):
    found = fhir.read(f"CommunicationRequest?based-on=CarePlan/{jadwal['id']}&_sort=occurrence")
    return [
        (each["resource"]["occurrenceDateTime"], each["resource"]["status"])
        for each in found["entry"]
    ]


def hari(*nomor):
    return [(LUSA + timedelta(days=each)).isoformat() for each in nomor]


def test_it_plans_a_contact_on_each_of_three_days(fhir, jadwal):
    assert jadwal["frekuensi"] == "harian"
    assert kontak(fhir, jadwal) == [(each, "active") for each in hari(0, 1, 2)]
    names = [
        (f"CarePlan/{jadwal['id']}", "RencanaJadwalPemantauan"),
        (f"CommunicationRequest/{jadwal['id']}-kontak-{LUSA:%Y%m%d}", "JadwalPemantauan"),
    ]
    for name, profile in names:
        issues = fhir.read(f"{name}/$validate?profile={SD}/{profile}")["issue"]
        assert [each for each in issues if each["severity"] == "error"] == [], name


def test_a_shorter_schedule_revokes_the_days_it_no_longer_has(sop, fhir, jadwal):
    shorter = {**jadwal, "berakhir": hari(1)[0], "kontak": jadwal["kontak"][:2]}

    sop.kept(f"jadwal-pemantauan/{jadwal['id']}", shorter)

    states = [status for _, status in kontak(fhir, jadwal)]
    assert states == ["active", "active", "revoked"]


def test_a_schedule_that_is_withdrawn_plans_nothing(sop, fhir, jadwal):
    sop.kept(f"jadwal-pemantauan/{jadwal['id']}", {**jadwal, "status": "dibatalkan"})

    assert {status for _, status in kontak(fhir, jadwal)} == {"revoked"}


def test_a_hospital_withdraws_it_by_fhir(sop, fhir, jadwal):
    plan = fhir.read(f"CarePlan/{jadwal['id']}")

    fhir.kept(f"CarePlan/{jadwal['id']}", {**plan, "status": "revoked"})

    now = sop.read(f"jadwal-pemantauan/{jadwal['id']}")
    assert now["status"] == "dibatalkan"
    assert {each["status"] for each in now["kontak"]} == {"dibatalkan"}


def test_lists_by_patient_reason_and_midwife(sop, jadwal):
    for asked in (
        f"pasien={jadwal['pasien']}",
        "alasan=sesudah-tanda-bahaya",
        "pelaksana=bidan-desa-sidorejo",
        "status=berjalan",
    ):
        found = sop.read(f"jadwal-pemantauan?{asked}")["dokumen"]
        assert [each["id"] for each in found] == [jadwal["id"]], asked
    assert sop.read("jadwal-pemantauan?alasan=isoman")["dokumen"] == []
