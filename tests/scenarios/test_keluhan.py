"""SOP A step 2: a complaint is unconfirmed until staff judge it; family; the high-risk flag."""

from __future__ import annotations

import pytest

VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


@pytest.fixture
def siti(pasien):
    return pasien()


@pytest.fixture
def keluhan(sop, siti):
    return sop.made(
        "diagnosis",
        {
            "pasien": siti,
            "kategori": "keluhan",
            "waktu": "2024-08-20T19:30:00+07:00",
            "pencatat": f"pasien/{siti}",
            "tandaBahaya": "sakit-kepala-hebat",
            "uraian": "pusing hebat sekali",
            "keparahan": "berat",
        },
    )


def test_a_complaint_is_an_unconfirmed_condition_with_its_severity(fhir, siti, keluhan):
    bundle = fhir.read(f"Condition?patient=Patient/{siti}&category=keluhan")
    (condition,) = [each["resource"] for each in bundle["entry"]]

    assert condition["id"] == keluhan["id"]
    assert condition["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    assert condition["severity"]["coding"][0]["code"] == "24484000"
    assert "25064002" in [each["code"] for each in condition["code"]["coding"]]
    assert condition["asserter"]["reference"] == f"Patient/{siti}"


def test_a2_a_patient_does_not_confirm_her_own_complaint(sop, fhir, keluhan):
    by_sop = sop("PUT", f"diagnosis/{keluhan['id']}", {**keluhan, "kepastian": "pasti"})
    resource = fhir.read(f"Condition/{keluhan['id']}")
    confirmed = {"coding": [{"system": VERIFICATION, "code": "confirmed"}]}
    by_fhir = fhir(
        "PUT", f"Condition/{keluhan['id']}", {**resource, "verificationStatus": confirmed}
    )

    assert (by_sop.status, by_fhir.status) == (422, 422)
    assert "unconfirmed until staff" in by_fhir.issues[0]["diagnostics"]


def test_a2_staff_confirm_it_and_it_stays_what_the_patient_said(sop, keluhan):
    now = sop.kept(
        f"diagnosis/{keluhan['id']}",
        {**keluhan, "kepastian": "pasti", "pencatat": "petugas/bidan-kia"},
    )

    assert (now["kategori"], now["kepastian"]) == ("keluhan", "pasti")


@pytest.mark.parametrize(
    ("salah", "bidang"),
    [
        ({"kategori": "diagnosis", "pencatat": "petugas/dokter-1"}, "kode"),
        ({"uraian": None, "tandaBahaya": None}, "uraian"),
        ({"mulai": "2024-08-21"}, "mulai"),
        ({"berakhir": "2024-08-22"}, "keadaan"),
        ({"kode": "14.1"}, "kode"),
    ],
)
def test_a_complaint_that_cannot_be_is_refused(sop, keluhan, salah, bidang):
    whole = {k: v for k, v in {**keluhan, **salah}.items() if v is not None}

    said = sop("PUT", f"diagnosis/{keluhan['id']}", whole)

    assert said.status == 422
    assert said.json["issue"][0]["diagnostics"].startswith(bidang)


def test_what_was_entered_in_error_stays_so(sop, fhir, keluhan):
    wrong = sop.kept(f"diagnosis/{keluhan['id']}", {**keluhan, "kepastian": "salah-entri"})

    assert "clinicalStatus" not in fhir.read(f"Condition/{keluhan['id']}")
    again = sop("PUT", f"diagnosis/{keluhan['id']}", {**wrong, "kepastian": "belum-pasti"})
    assert again.status == 409


def test_the_husband_speaks_for_her(sop, fhir, siti):
    suami = sop.made(
        "keluarga-pasien",
        {"pasien": siti, "hubungan": "suami", "nama": "Slamet Riyadi", "hp": "6280000000021"},
    )

    bundle = fhir.read(f"RelatedPerson?patient=Patient/{siti}")
    (person,) = [each["resource"] for each in bundle["entry"]]
    assert person["id"] == suami["id"]
    assert {"HUSB", "suami"} == {each["code"] for each in person["relationship"][0]["coding"]}
    assert sop.read(f"keluarga-pasien?pasien={siti}")["dokumen"][0]["nama"] == "Slamet Riyadi"


def test_the_flag_of_a_card_is_read_as_risti_with_its_reasons(sop, siti, kunjungan):
    skor = sop.made(
        "skor-poedji-rochjati",
        {
            "pasien": siti,
            "kunjungan": kunjungan(siti),
            "kontak": "I",
            "hpht": "2024-01-15",
            "waktu": "2024-04-02T10:15:00+07:00",
            "penilai": "bidan-kia",
            "faktor": ["f06", "f04", "f10", "f11ab"],
        },
    )

    (risti,) = sop.read(f"ibu-hamil-risti?pasien={siti}&status=aktif")["dokumen"]

    assert (risti["kelompok"], risti["skor"]) == ("KRST", skor["id"])
    assert sorted(risti["alasan"]) == ["O34.2", "O99.0", "Z35.8"]
    assert risti["sejak"].startswith("2024-04-02T10:15:00")
