"""S1 as one morning: episode, K1M, examination, lab, card, plan, medicine, going home.

The queue is in test_s1, the card and the plan in detail in test_s1_risti, the lab in test_lab.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.app import create_app
from tests.scenarios.ibu_anak import (
    FASKES,
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

DAY = "2024-04-02"
TESTS = ["hb", "protein-urin", "golongan-darah", "rhesus", "hiv", "sifilis-rpr", "hbsag"]
FOUND = [
    {"pemeriksaan": "hb", "angka": 10.8, "penanda": "rendah"},
    {"pemeriksaan": "protein-urin", "pilihan": "negatif"},
    {"pemeriksaan": "golongan-darah", "pilihan": "A"},
    {"pemeriksaan": "rhesus", "pilihan": "positif"},
    *({"pemeriksaan": each, "pilihan": "non-reaktif"} for each in ("hiv", "sifilis-rpr", "hbsag")),
]
FE = {
    "obat": "93000937",
    "nama": "Tablet tambah darah (Fe dan asam folat)",
    "signa": "1 x 1 tablet",
    "jumlah": 30,
}


@pytest.fixture
def siti(pasien):
    return pasien()


@pytest.fixture
def episode(sop, siti):
    return sop.made(
        "episode-kehamilan",
        {
            "faskes": FASKES,
            "pasien": siti,
            "hpht": "2024-01-15",
            "gravida": 4,
            "partus": 3,
            "abortus": 0,
            "persalinanTerakhir": "2013-01-10",
            "dicatat": wib(DAY, "08:42"),
            "pencatat": "bidan-kia",
        },
    )


@pytest.fixture
def visit(sop, siti, episode):
    ticket = sop.made(
        "antrean",
        {
            "faskes": FASKES,
            "unit": "kia",
            "tanggal": DAY,
            "pasien": siti,
            "ambil": wib(DAY, "07:45"),
        },
    )
    came = opened(sop, siti, "kia", wib(DAY, "07:45"), antrean=ticket["id"], episode=episode["id"])
    sop.kept(f"antrean/{ticket['id']}", {**without_id(ticket), "status": "dipanggil"})
    moved(sop, came["id"], wib(DAY, "08:40"), status="dilayani", lokasi="ruang-kia")
    return came


@pytest.fixture
def examined(sop, visit):
    return sop.made(
        "pemeriksaan-anc",
        {
            "pasien": visit["pasien"],
            "kunjungan": visit["id"],
            "waktu": wib(DAY, "08:50"),
            "pemeriksa": "bidan-kia",
            "hasil": {
                "sistolik": 130,
                "diastolik": 85,
                "suhu": 36.7,
                "nadi": 88,
                "berat": 61.5,
                "tinggi": 152,
                "lila": 26,
            },
        },
    )


@pytest.fixture
def answered(sop, visit, examined):  # noqa: ARG001 - she is examined first
    order = slip(sop, visit, TESTS, "LAB-20240402-009", wib(DAY, "09:05"))
    return order, result(sop, order, FOUND, "HL-009", wib(DAY, "09:50"))


def without_id(document):
    unsaid = {"id", "versi", "diubah", "peringatan"}
    return {key: value for key, value in document.items() if key not in unsaid}


def test_the_pregnancy_begins_with_hpht_and_is_due_on_2024_10_21(fhir, episode):
    stored = fhir.read(f"EpisodeOfCare/{episode['id']}")

    assert episode["hpl"] == "2024-10-21"
    assert episode["jarakKehamilan"] == 132
    assert stored["period"] == {"start": "2024-01-15"}
    assert stored["status"] == "active"
    assert stored["type"][0]["coding"][0]["code"] == "ANC"
    due = fhir.read(f"Observation/{episode['id']}-hpl")
    assert due["valueDateTime"] == "2024-10-21"


def test_the_first_contact_of_the_first_trimester_is_k1m(fhir, visit):
    stored = fhir.read(f"Encounter/{visit['id']}")

    assert visit["kodeKontak"] == "K1M"
    assert {
        "system": "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/ANC",
        "value": "K1M",
    } in stored["identifier"]
    assert stored["episodeOfCare"][0]["reference"] == f"EpisodeOfCare/{visit['episode']}"


def test_the_visit_meets_the_profile_of_an_antenatal_visit(fhir, visit):
    profile = "https://puskesmas.example/fhir/StructureDefinition/KunjunganANC"
    stored = fhir.read(f"Encounter/{visit['id']}")
    other = {**stored, "identifier": stored["identifier"][:1]}

    said = fhir("POST", f"Encounter/$validate?profile={profile}", stored)
    wrong = fhir("POST", f"Encounter/$validate?profile={profile}", other)

    assert [e for e in said.issues if e["severity"] == "error"] == []
    assert [e for e in wrong.issues if e["severity"] == "error"]


def test_an_examination_of_another_womans_visit_is_refused(sop, pasien, visit):
    other = pasien("Ibu Lain", "9902014101900010", "1990-01-01", noRM="RM-10")

    said = sop(
        "POST",
        "tanda-vital",
        {
            "pasien": other,
            "kunjungan": visit["id"],
            "waktu": wib(DAY, "08:50"),
            "pemeriksa": "bidan-kia",
            "hasil": {"nadi": 80},
        },
    )

    assert said.status == 422
    assert "pasien" in said.issues[0]["diagnostics"]


def test_the_examination_makes_a_visit_a_contact_of_the_pregnancy(sop, siti, episode):
    came = opened(sop, siti, "kia", wib(DAY, "07:45"), status="dilayani")

    sop.made(
        "pemeriksaan-anc",
        {
            "pasien": siti,
            "kunjungan": came["id"],
            "waktu": wib(DAY, "08:50"),
            "pemeriksa": "bidan-kia",
        },
    )

    now = sop.read(f"kunjungan/{came['id']}")
    assert "episode" not in came
    assert (now["episode"], now["kodeKontak"]) == (episode["id"], "K1M")


def test_contacts_that_come_at_once_count_one_after_the_other(context, siti, episode):
    app = create_app(context)
    days = ("2024-04-02", "2024-05-06", "2024-06-03", "2024-08-05")

    def come(day):
        visit = {
            "faskes": FASKES,
            "noReg": f"RG-{day}",
            "pasien": siti,
            "kelas": "AMB",
            "unit": "kia",
            "klaster": "klaster-2",
            "mulai": wib(day, "08:00"),
            "status": "tiba",
            "episode": episode["id"],
        }
        return app.test_client().post("/sop/v1/kunjungan", json=visit).json["kodeKontak"]

    with ThreadPoolExecutor(len(days)) as pool:
        codes = sorted(pool.map(come, days))

    assert codes[0] in {"K1M", "K1A"}
    assert codes[1:] == ["K2", "K3", "K4"]


def test_an_emergency_is_answered_with_a_proposal_never_a_decision(sop, fhir, siti, visit):
    examined = sop.made(
        "pemeriksaan-anc",
        {
            "pasien": siti,
            "kunjungan": visit["id"],
            "waktu": wib(DAY, "08:50"),
            "pemeriksa": "bidan-kia",
            "hasil": {"sistolik": 168, "diastolik": 112},
        },
    )

    assert "eskalasi-darurat" in examined["peringatan"][0]
    tasks = resources(fhir.read(f"Task?patient=Patient/{siti}&code=eskalasi-darurat"))
    assert {each["status"] for each in tasks} == {"draft"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kunjungan": "tidak-ada"}, "kunjungan"),
        ({"episode": "tidak-ada"}, "episode"),
        ({"waktu": "2024-01-01T08:00:00+07:00"}, "episode"),
        ({"djj": 1440}, "djj"),
        ({"hasil": {"sistolik": 130}}, "hasil"),
        ({"konseling": ["gizi", "gizi"]}, "konseling"),
    ],
)
def test_what_an_examination_gets_wrong_is_named(sop, siti, visit, wrong, says):
    form = {
        "pasien": siti,
        "kunjungan": visit["id"],
        "waktu": wib(DAY, "08:50"),
        "pemeriksa": "bidan-kia",
    }

    said = sop("POST", "pemeriksaan-anc", {**form, **wrong})

    assert said.status == 422
    assert says in str(said.issues)


def test_vital_signs_of_a_pregnant_woman_are_marked_as_hers(sop, siti, visit):
    signs = sop.made(
        "tanda-vital",
        {
            "pasien": siti,
            "kunjungan": visit["id"],
            "waktu": wib(DAY, "08:45"),
            "pemeriksa": "bidan-kia",
            "hasil": {"sistolik": 160, "diastolik": 100, "lila": 22.9},
        },
    )

    marks = {each["ukuran"]: each["penanda"] for each in signs["penanda"]}
    assert marks == {"tekanan-darah": "kritis-tinggi", "lila": "kek"}
    assert sop.read(f"tanda-vital/{signs['id']}")["hasil"] == signs["hasil"]


def test_she_is_examined_at_11w1d(fhir, visit, examined):
    assert (examined["usiaMinggu"], examined["usiaHari"], examined["trimester"]) == (11, 1, 1)
    assert {each["penanda"] for each in examined["penanda"]} == {"normal"}
    pressure = fhir.read(f"Observation/{examined['id']}-tekanan-darah")
    sides = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in pressure["component"]
    }
    assert pressure["code"]["coding"][0]["code"] == "85354-9"
    assert sides == {"8480-6": 130, "8462-4": 85}
    assert pressure["encounter"]["reference"] == f"Encounter/{visit['id']}"
    panels = resources(
        fhir.read(f"Observation?encounter=Encounter/{visit['id']}&code=http://loinc.org|8480-6")
    )
    assert panels == []


def test_all_that_was_measured_is_kept(fhir, visit, examined):
    found = resources(fhir.read(f"Observation?encounter=Encounter/{visit['id']}&_count=50"))

    values = {
        each["id"].removeprefix(f"{examined['id']}-"): each["valueQuantity"]["value"]
        for each in found
        if "valueQuantity" in each
    }
    measured = {"berat": 61.5, "tinggi": 152, "lila": 26, "suhu": 36.7, "nadi": 88}
    assert values == {**measured, "usia-hamil": 11.14}


@pytest.mark.parametrize(
    ("hpht", "day", "age"),
    [
        ("2024-01-15", "2024-08-20", (31, 1)),  # S5, Siti
        ("2024-01-15", "2024-09-23", (36, 0)),  # S1, where the weekly contacts end
        ("2024-01-08", "2024-08-05", (30, 0)),  # S4, Endang
    ],
)
def test_gestational_ages_of_the_scenarios(sop, siti, hpht, day, age):
    pregnancy = {"faskes": FASKES, "pasien": siti, "hpht": hpht, "pencatat": "bidan-kia"}
    counted = {"gravida": 4, "partus": 3, "abortus": 0, "dicatat": wib("2024-04-02", "08:42")}
    episode = sop.made("episode-kehamilan", {**pregnancy, **counted})
    came = opened(sop, siti, "kia", wib(day, "08:00"), episode=episode["id"])
    seen = {"pasien": siti, "kunjungan": came["id"], "pemeriksa": "bidan-kia"}

    examined = sop.made("pemeriksaan-anc", {**seen, "waktu": wib(day, "08:30")})

    assert (examined["usiaMinggu"], examined["usiaHari"]) == age


@pytest.mark.usefixtures("examined")
def test_the_visit_cannot_finish_while_the_lab_is_open(sop, fhir, visit):
    slip(sop, visit, TESTS, "LAB-20240402-009", wib(DAY, "09:05"))

    said = fhir(
        "PUT",
        f"Encounter/{visit['id']}",
        {**fhir.read(f"Encounter/{visit['id']}"), "status": "finished"},
    )

    assert said.status == 409
    assert "BR-B6" in said.issues[0]["diagnostics"]


@pytest.mark.usefixtures("answered")
def test_the_results_bring_her_back_to_kia(sop, fhir, visit):
    back = sop.read(f"kunjungan/{visit['id']}")
    values = resources(
        fhir.read(f"Observation?encounter=Encounter/{visit['id']}&category=laboratory")
    )

    assert (back["status"], back["lokasi"]) == ("dilayani", "ruang-kia")
    assert len(values) == len(TESTS)
    (hb,) = [each for each in values if each["code"]["coding"][0]["code"] == "718-7"]
    assert hb["valueQuantity"]["value"] == 10.8
    words = sorted(
        each["valueCodeableConcept"]["coding"][-1]["code"]
        for each in values
        if "valueCodeableConcept" in each
    )
    assert words == ["A", "negatif", *["non-reaktif"] * 3, "positif"]


@pytest.mark.usefixtures("answered")
def test_the_card_counts_22_without_f02b_and_f05(sop, fhir, siti, visit):
    card = sop.made("skor-poedji-rochjati", {**CARD, "pasien": siti, "kunjungan": visit["id"]})

    assert (card["skor"], card["kelompok"]) == (22, "KRST")
    assert "peringatan" not in card  # f02b and f05 are not even suggested
    risk = fhir.read(f"RiskAssessment/{card['id']}")
    assert "persalinan di RS, penolong dokter" in risk["mitigation"]
    codes = {
        each["code"]["coding"][0]["code"]
        for each in resources(fhir.read(f"Condition?patient=Patient/{siti}"))
    }
    assert codes == {"Z35.8", "O34.2", "O99.0"}
    flags = resources(fhir.read(f"Flag?patient=Patient/{siti}"))
    assert [each["status"] for each in flags] == ["active"]


@pytest.mark.usefixtures("answered")
def test_she_goes_home_at_10_25_after_her_tablets(sop, fhir, visit):
    resep = prescribed(sop, visit, "RSP-20240402-017", wib(DAY, "10:12"), FE)
    early = refused(sop, visit["id"], wib(DAY, "10:15"), status="selesai", caraPulang="pulang")
    handed_over(sop, visit, resep, wib(DAY, "10:20"), FE)

    moved(sop, visit["id"], wib(DAY, "10:25"), status="selesai", caraPulang="pulang")

    assert early.status == 409
    stored = fhir.read(f"Encounter/{visit['id']}")
    course = [each["status"] for each in stored["statusHistory"]]
    assert course == ["arrived", "in-progress", "onleave", "in-progress", "finished"]
    assert stored["period"] == {"start": wib(DAY, "07:45"), "end": wib(DAY, "10:25")}
    (given,) = resources(fhir.read(f"MedicationDispense?context=Encounter/{visit['id']}"))
    assert (given["quantity"]["value"], given["whenHandedOver"]) == (30, wib(DAY, "10:20"))
    assert given["medicationCodeableConcept"]["coding"][0]["code"] == "93000937"


@pytest.mark.usefixtures("visit")
def test_the_next_contacts_count_on_and_a_seventh_has_no_code(sop, siti, episode):
    days = ("2024-05-06", "2024-06-03", "2024-08-05", "2024-09-02", "2024-10-07", "2024-10-14")

    codes = [
        opened(sop, siti, "kia", wib(day, "08:00"), episode=episode["id"]).get("kodeKontak")
        for day in days
    ]

    assert codes == ["K2", "K3", "K4", "K5", "K6", None]


def test_a_code_that_does_not_exist_is_refused(fhir, visit):
    stored = fhir.read(f"Encounter/{visit['id']}")
    for each in stored["identifier"]:
        if each["value"] == "K1M":
            each["value"] = "K9"

    said = fhir("PUT", f"Encounter/{visit['id']}", stored)

    assert said.status == 422
    assert "KODE-KONTAK" in said.issues[0]["diagnostics"]


def test_a_second_running_pregnancy_is_refused_by_both_apis(sop, fhir, episode):
    stored = fhir.read(f"EpisodeOfCare/{episode['id']}")
    again = {key: value for key, value in stored.items() if key not in {"id", "meta"}}

    by_fhir = fhir("POST", "EpisodeOfCare", again)
    by_sop = sop("POST", "episode-kehamilan", {**without_id(episode), "nomor": "ANC-2"})

    assert (by_fhir.status, by_sop.status) == (409, 409)
    assert "SATU-EPISODE" in by_fhir.issues[0]["diagnostics"]


@pytest.mark.usefixtures("episode")
def test_she_is_in_the_cohort_of_her_village_and_year(sop, fhir, siti):
    kohort = sop.read("kohort-ibu/kohort-ibu-9902012001-2024")

    assert kohort["anggota"] == [{"pasien": siti, "sejak": "2024-04-02"}]
    (group,) = resources(fhir.read(f"Group?code=kohort-ibu&member=Patient/{siti}"))
    assert group["quantity"] == 1


@pytest.mark.usefixtures("episode")
def test_a_village_and_year_have_one_cohort(sop):
    empty = {"faskes": FASKES, "desa": "9902012002", "tahun": 2024}

    made = sop.made("kohort-ibu", empty)
    again = sop("POST", "kohort-ibu", empty)
    taken = sop("POST", "kohort-ibu", {**empty, "desa": "9902012001"})

    assert made["id"] == again.json["id"] == "kohort-ibu-9902012002-2024"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert taken.status == 409
    assert "kohort-ibu-9902012001-2024" in taken.issues[0]["diagnostics"]


@pytest.mark.usefixtures("examined")
def test_pressure_pregnancy_and_cohort_are_found_by_fhir(fhir, siti, episode):
    woman = f"patient=Patient/{siti}"
    kind = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type|ANC"

    high = fhir.read(f"Observation?{woman}&combo-code-value-quantity=8480-6$ge130")
    higher = fhir.read(f"Observation?{woman}&combo-code-value-quantity=8480-6$ge131")
    running = fhir.read(
        f"EpisodeOfCare?{woman}&type={kind}&status=active&organization=Organization/{FASKES}"
        "&date=ge2024-04-02"
    )

    assert [each["code"]["coding"][0]["code"] for each in resources(high)] == ["85354-9"]
    assert resources(higher) == []
    assert [each["id"] for each in resources(running)] == [episode["id"]]


@pytest.mark.usefixtures("episode")
def test_a_cohort_is_counted_anew_from_the_pregnancies(sop, fhir, siti):
    name = "kohort-ibu-9902012001-2024"
    group = fhir.read(f"Group/{name}")
    fhir.kept(f"Group/{name}", {k: v for k, v in group.items() if k not in {"member", "quantity"}})
    emptied = sop.read(f"kohort-ibu/{name}")

    now = sop.kept(f"kohort-ibu/{name}", without_id(emptied))

    assert "anggota" not in emptied
    assert now["anggota"] == [{"pasien": siti, "sejak": "2024-04-02"}]


CARD = {
    "kontak": "I",
    "hpht": "2024-01-15",
    "waktu": "2024-04-02T10:15:00+07:00",
    "penilai": "bidan-kia",
    "faktor": ["f06", "f04", "f10", "f11ab"],
    "fakta": {
        "tanggalLahir": "1986-03-12",
        "gravida": 4,
        "paritas": 3,
        "abortus": 0,
        "persalinanTerakhir": "2013-01-10",
        "tinggi": 152,
        "pernahSesar": True,
        "hb": 10.8,
        "sistolik": 130,
        "diastolik": 85,
    },
}
