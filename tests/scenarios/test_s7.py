"""S7: a sick child by MTBS, to the laboratory and back to the unit, home with its medicine."""

from __future__ import annotations

import pytest

from tests.scenarios.ibu_anak import (
    handed_over,
    moved,
    opened,
    prescribed,
    refused,
    resources,
    result,
    slip,
    wib,
)

DAY = "2024-05-07"
AMOKSISILIN = {
    "obat": "93999902",
    "nama": "Amoksisilin sirup kering 125 mg/5 mL",
    "signa": "2 x 5 mL selama 3 hari",
    "jumlah": 1,
}


@pytest.fixture
def alif(pasien):
    return pasien(
        "Alif Ramadhan",
        "9901022804220003",
        "2022-04-28",
        jenisKelamin="male",
        kabupaten="9901",
        kecamatan="990102",
        desa="9901022001",
    )


@pytest.fixture
def visit(sop, alif):
    came = opened(sop, alif, "anak-mtbs", wib(DAY, "08:00"))
    moved(sop, came["id"], wib(DAY, "08:30"), status="dilayani", lokasi="ruang-anak")
    return came


@pytest.fixture
def form(sop, alif, visit):
    return sop.made("pemeriksaan-mtbs", mtbs(alif, visit))


@pytest.fixture
def order(sop, visit):
    return slip(
        sop, visit, ["ns1"], "LAB-20240507-003", wib(DAY, "09:30"), cito=True, diagnosis="R50.9"
    )


def mtbs(child, visit, **fields):
    return {
        "pasien": child,
        "kunjungan": visit["id"],
        "waktu": wib(DAY, "08:40"),
        "pemeriksa": "perawat-anak",
        "hasil": {"suhu": 38.6, "napas": 44},
        "batuk": {"hari": 3},
        "demam": {"hari": 3},
        **fields,
    }


def test_44_breaths_at_24_months_are_fast(fhir, form):
    assert (form["umurBulan"], form["napasCepat"]) == (24, True)
    assert form["usulan"][0] == {
        "klasifikasi": "pneumonia",
        "dasar": "napas 44 per menit (≥40)",
    }
    stored = fhir.read(f"QuestionnaireResponse/{form['id']}")
    (flag,) = [each for each in stored["item"] if each["linkId"] == "napas-cepat"]
    assert flag["answer"] == [{"valueBoolean": True}]
    breathing = fhir.read(f"Observation/{form['id']}-napas")
    assert breathing["interpretation"][0]["coding"][0]["code"] == "H"


@pytest.mark.parametrize(
    ("born", "breaths", "fast"),
    [
        ("2024-03-08", 59, False),  # 1 month
        ("2024-03-08", 60, True),
        ("2024-03-07", 50, True),  # 2 months
        ("2024-03-07", 49, False),
        ("2023-05-08", 50, True),  # 11 months
        ("2023-05-07", 40, True),  # 12 months
        ("2019-05-08", 40, True),  # 59 months
        ("2019-05-08", 39, False),
    ],
)
def test_what_is_fast_follows_the_age(sop, pasien, born, breaths, fast):
    child = pasien("Anak Rekaan", "9901020101010009", born)
    visit = opened(sop, child, "anak-mtbs", wib(DAY, "08:00"))

    form = sop.made("pemeriksaan-mtbs", mtbs(child, visit, hasil={"napas": breaths}))

    assert form["napasCepat"] is fast


def test_mtbs_is_for_children_under_five(sop, pasien):
    child = pasien("Anak Rekaan", "9901020101010009", "2019-05-07")  # 60 months
    visit = opened(sop, child, "anak-mtbs", wib(DAY, "08:00"))

    said = sop("POST", "pemeriksaan-mtbs", mtbs(child, visit))

    assert said.status == 422
    assert "60" in said.issues[0]["diagnostics"]


def test_the_officer_decides_and_the_suggestion_stays_beside(sop, form):
    unsaid = {"id", "versi", "diubah", "peringatan"}
    known = {key: value for key, value in form.items() if key not in unsaid}

    decided = sop.kept(
        f"pemeriksaan-mtbs/{form['id']}", {**known, "klasifikasi": ["batuk-bukan-pneumonia"]}
    )

    assert decided["klasifikasi"] == ["batuk-bukan-pneumonia"]
    assert decided["usulan"][0]["klasifikasi"] == "pneumonia"


def test_a_danger_sign_is_answered_with_what_to_do_first(sop, alif, visit):
    form = sop.made("pemeriksaan-mtbs", mtbs(alif, visit, tandaBahaya=["kejang"]))

    assert "rujuk segera" in form["peringatan"][0]
    assert form["usulan"][0]["klasifikasi"] == "penyakit-sangat-berat"


def test_a_cough_without_a_count_of_breaths_is_warned_of(sop, alif, visit):
    form = sop.made("pemeriksaan-mtbs", mtbs(alif, visit, hasil={"suhu": 38.6}))

    assert "hitung napas" in form["peringatan"][0]
    assert "napasCepat" not in form


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"batuk": {}}, "batuk.hari"),
        ({"batuk": {"hari": -1}}, "batuk.hari"),
        ({"hasil": {"napas": 440}}, "hasil.napas"),
        ({"klasifikasi": ["flu"]}, "klasifikasi"),
        ({"kunjungan": "tidak-ada"}, "kunjungan"),
        ({"pasien": "tidak-ada"}, "pasien"),
    ],
)
def test_what_a_form_gets_wrong_is_named(sop, alif, visit, wrong, says):
    said = sop("POST", "pemeriksaan-mtbs", mtbs(alif, visit, **wrong))

    assert said.status == 422
    assert says in str(said.issues)


@pytest.mark.usefixtures("form", "order")
def test_br_b6_finishing_at_09_50_is_refused(sop, fhir, visit):
    stored = fhir.read(f"Encounter/{visit['id']}")

    by_fhir = fhir("PUT", f"Encounter/{visit['id']}", {**stored, "status": "finished"})
    by_sop = refused(sop, visit["id"], wib(DAY, "09:50"), status="selesai")

    assert (by_fhir.status, by_sop.status) == (409, 409)
    assert "BR-B6" in by_fhir.issues[0]["diagnostics"]


@pytest.mark.usefixtures("form")
def test_the_child_returns_to_the_unit_and_goes_home_at_10_30(sop, fhir, visit, order):
    negative = [{"pemeriksaan": "ns1", "pilihan": "negatif"}]
    report = result(sop, order, negative, "HL-20240507-003", wib(DAY, "10:05"))
    back = sop.read(f"kunjungan/{visit['id']}")
    resep = prescribed(sop, visit, "RSP-20240507-011", wib(DAY, "10:15"), AMOKSISILIN)
    handed_over(sop, visit, resep, wib(DAY, "10:25"), AMOKSISILIN)

    moved(sop, visit["id"], wib(DAY, "10:30"), status="selesai", caraPulang="pulang")

    assert (back["status"], back["lokasi"]) == ("dilayani", "ruang-anak")
    assert back["riwayatLokasi"][-1]["mulai"] <= wib(DAY, "10:07")
    found = fhir.read(f"DiagnosticReport/{report['id']}")
    asked = fhir.read(found["basedOn"][0]["reference"])
    assert asked["encounter"]["reference"] == f"Encounter/{visit['id']}"
    assert asked["code"]["coding"][0]["code"] == "75377-2"
    value = fhir.read(found["result"][0]["reference"])["valueCodeableConcept"]
    assert "260385009" in {each["code"] for each in value["coding"]}  # negative
    encounter = fhir.read(f"Encounter/{visit['id']}")
    assert encounter["period"]["end"] == wib(DAY, "10:30")
    assert encounter["location"][-1]["location"]["reference"] == "Location/ruang-anak"
    course = [each["status"] for each in encounter["statusHistory"]]
    assert course == ["arrived", "in-progress", "onleave", "in-progress", "finished"]
    (dispense,) = resources(fhir.read(f"MedicationDispense?context=Encounter/{visit['id']}"))
    assert dispense["status"] == "completed"
