"""S12: a delivery without a queue number, a newborn without NIK, KF and KN (bridge: elsewhere)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.app import create_app
from tests.scenarios.ibu_anak import FASKES, moved, opened, resources, wib

DAY = "2024-05-17"
NIK_IBU = "https://fhir.kemkes.go.id/id/nik-ibu"
NIK = "9902014511980002"


@pytest.fixture
def dewi(pasien):
    return pasien("Dewi Lestari", NIK, "1998-11-05", alamat="Dusun Krajan", rt="01", rw="02")


@pytest.fixture
def episode(sop, dewi):
    return sop.made(
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


@pytest.fixture
def visit(sop, dewi, episode):
    return opened(
        sop,
        dewi,
        "persalinan",
        wib(DAY, "02:10"),
        kelas="EMER",
        status="dilayani",
        lokasi="ruang-persalinan",
        episode=episode["id"],
    )


@pytest.fixture
def form(dewi, visit):
    return delivery(dewi, visit)


@pytest.fixture
def birth(sop, form):
    return sop.made("persalinan", form)


def delivery(mother, visit, **fields):
    return {
        "faskes": FASKES,
        "pasien": mother,
        "kunjungan": visit["id"],
        "waktu": wib(DAY, "04:36"),
        "cara": "spontan",
        "peranPenolong": "bidan",
        "penolong": "bidan-vk",
        "jenisTempat": "puskesmas",
        "tempat": "ruang-persalinan",
        "bayi": [
            {"jenisKelamin": "female", "berat": 3100, "panjang": 49, "apgar1": 8, "apgar5": 9}
        ],
        **fields,
    }


def newborns(fhir, nik=NIK):
    return resources(fhir.read(f"Patient?identifier={NIK_IBU}|{nik}"))


def episodes(fhir, mother):
    found = resources(fhir.read(f"EpisodeOfCare?patient=Patient/{mother}"))
    return {each["type"][0]["coding"][0]["code"]: each for each in found}


def test_her_card_is_2_krr(sop, dewi):
    card = sop.made(
        "skor-poedji-rochjati",
        {
            "pasien": dewi,
            "kontak": "I",
            "hpht": "2023-08-14",
            "waktu": wib("2023-10-02", "09:10"),
            "penilai": "bidan-kia",
            "faktor": [],
        },
    )

    assert (card["skor"], card["kelompok"]) == (2, "KRR")


def test_br_b13_she_is_received_without_an_appointment(fhir, dewi, visit):
    stored = fhir.read(f"Encounter/{visit['id']}")

    assert "appointment" not in stored
    assert stored["class"]["code"] == "EMER"
    assert stored["priority"]["coding"][0]["code"] == "EM"
    assert stored["serviceType"]["coding"][0]["code"] == "persalinan"
    assert stored["period"]["start"] == wib(DAY, "02:10")
    rooms = [each["location"]["reference"] for each in stored["location"]]
    assert rooms == ["Location/ruang-persalinan"]
    assert resources(fhir.read(f"Appointment?patient=Patient/{dewi}")) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kelas": "AMB"}, "kelas"),
        ({"prioritas": "rutin"}, "prioritas"),
        ({"antrean": "kia-20240517-001"}, "antrean"),
    ],
)
def test_br_b13_no_number_no_routine_and_no_walk_in_visit(sop, fhir, dewi, visit, wrong, says):  # noqa: PLR0913, PLR0917
    said = sop(
        "POST",
        "kunjungan",
        {
            "faskes": FASKES,
            "noReg": "RG-X",
            "pasien": dewi,
            "kelas": "IMP",
            "unit": "persalinan",
            "klaster": "klaster-2",
            "mulai": wib(DAY, "02:10"),
            "status": "tiba",
            **wrong,
        },
    )
    stored = fhir.read(f"Encounter/{visit['id']}")
    element = {
        "kelas": {"class": {**stored["class"], "code": "AMB"}},
        "prioritas": {"priority": routine()},
        "antrean": {"appointment": [{"reference": "Appointment/kia-001"}]},
    }[says]
    by_fhir = fhir("PUT", f"Encounter/{visit['id']}", {**stored, **element})

    assert said.status == by_fhir.status == 422
    assert f"{says}:" in said.issues[0]["diagnostics"]
    assert "BR-B13" in by_fhir.issues[0]["diagnostics"]


def routine():
    system = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
    return {"coding": [{"system": system, "code": "R"}]}


def test_br_b13_the_queue_gives_no_number_for_the_delivery_room(sop, fhir, dewi):
    ticket = {"faskes": FASKES, "unit": "persalinan", "tanggal": DAY, "pasien": dewi}
    by_sop = sop("POST", "antrean", ticket)
    number = sop.made("antrean", {**ticket, "unit": "kia", "ambil": wib(DAY, "02:15")})
    walk_in = fhir.read(f"Appointment/{number['id']}")
    walk_in["serviceType"][0]["coding"][0]["code"] = "persalinan"

    by_fhir = fhir("PUT", f"Appointment/{number['id']}", walk_in)

    assert by_sop.status == by_fhir.status == 422
    assert "BR-B13" in by_sop.issues[0]["diagnostics"]
    assert "BR-B13" in by_fhir.issues[0]["diagnostics"]


def test_a_girl_is_born_at_39w4d(fhir, birth):
    procedure = fhir.read(f"Procedure/{birth['id']}")

    assert (birth["usiaMinggu"], birth["usiaHari"]) == (39, 4)
    assert procedure["performedDateTime"] == wib(DAY, "04:36")
    assert procedure["code"]["coding"][0]["code"] == "73.59"
    assert procedure["performer"][0]["function"]["coding"][0]["code"] == "bidan"
    baby = birth["pasienBayi"][0]
    found = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in resources(fhir.read(f"Observation?patient=Patient/{baby}"))
    }
    assert found == {"8339-4": 3100, "89269-5": 49, "9272-6": 8, "9274-2": 9}


def test_the_newborn_is_known_by_its_mother(fhir, birth):
    (baby,) = newborns(fhir)

    assert baby["id"] == birth["pasienBayi"][0]
    assert baby["name"][0]["text"] == "Bayi Ny. Dewi Lestari"
    assert baby["multipleBirthInteger"] == 0
    assert (baby["gender"], baby["birthDate"]) == ("female", DAY)
    assert [each["type"] for each in baby["link"]] == ["refer"]
    person = fhir.read(baby["link"][0]["other"]["reference"])
    assert person["patient"]["reference"] == f"Patient/{baby['id']}"
    assert person["relationship"][0]["coding"][0]["code"] == "MTH"
    assert person["identifier"][0]["value"] == NIK
    (found,) = resources(fhir.read(f"RelatedPerson?identifier={NIK}"))
    assert found["id"] == person["id"]
    assert (
        resources(fhir.read(f"Patient?desa=9902012001&name=Dewi&birthdate={DAY}"))[0]["id"]
        == baby["id"]
    )


def test_the_mother_leads_to_what_she_is_to_her_child(fhir, dewi, birth):
    mother = fhir.read(f"Patient/{dewi}")

    person = f"RelatedPerson/{birth['pasienBayi'][0]}-ibu"
    assert mother["link"] == [{"other": {"reference": person}, "type": "seealso"}]


def test_the_same_post_again_gives_the_same_newborn(sop, fhir, form, birth):
    again = sop("POST", "persalinan", form)

    assert again.status == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json["id"] == birth["id"]
    assert again.json["pasienBayi"] == birth["pasienBayi"]
    assert len(newborns(fhir)) == 1


def test_two_same_posts_at_once_make_one_newborn(context, fhir, form):
    app = create_app(context)

    def post(_):
        return app.test_client().post("/sop/v1/persalinan", json=form).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))

    assert answers == [201] * 4
    assert len(newborns(fhir)) == 1


def test_another_content_for_the_same_delivery_is_refused(sop, fhir, form, birth):
    other = {**form, "bayi": [{**form["bayi"][0], "berat": 3200}]}

    said = sop("POST", "persalinan", other)

    assert said.status == 409
    assert birth["id"] in said.issues[0]["diagnostics"]
    assert len(newborns(fhir)) == 1


def test_the_newborn_is_not_recorded_twice_by_fhir(fhir, birth):
    (baby,) = newborns(fhir)
    copy = {key: value for key, value in baby.items() if key not in {"id", "meta", "link"}}

    again = fhir("POST", "Patient", copy)
    twin = fhir("POST", "Patient", {**copy, "multipleBirthInteger": 2})

    assert again.status == 409
    assert "BAYI-SATU" in again.issues[0]["diagnostics"]
    assert birth["pasienBayi"][0] in again.issues[0]["diagnostics"]
    assert twin.status == 201


@pytest.mark.usefixtures("birth")
def test_the_pregnancy_is_finished_and_the_weeks_after_begin(sop, fhir, dewi, episode):
    found = episodes(fhir, dewi)

    assert found["ANC"]["status"] == "finished"
    assert found["ANC"]["period"] == {"start": "2023-08-14", "end": DAY}
    assert found["PNC"]["status"] == "active"
    assert found["PNC"]["period"] == {"start": wib(DAY, "04:36")}
    assert sop.read(f"episode-kehamilan/{episode['id']}")["alasanSelesai"] == "persalinan"


def test_persalinan_by_fhir_does_the_same_to_the_episodes(fhir, dewi, visit):
    base = "https://puskesmas.example/fhir"
    kind = {"system": f"{base}/CodeSystem/jenis-tindakan", "code": "persalinan"}
    fhir.made(
        "Procedure",
        {
            "resourceType": "Procedure",
            "status": "completed",
            "category": {"coding": [kind]},
            "code": {"text": "Persalinan spontan"},
            "subject": {"reference": f"Patient/{dewi}"},
            "encounter": {"reference": f"Encounter/{visit['id']}"},
            "performedDateTime": wib(DAY, "04:36"),
        },
    )

    assert {k: v["status"] for k, v in episodes(fhir, dewi).items()} == {
        "ANC": "finished",
        "PNC": "active",
    }


def test_kf1_at_noon_and_kn1_the_next_day(sop, fhir, dewi, birth):
    nifas = episodes(fhir, dewi)["PNC"]["id"]
    mother = opened(sop, dewi, "kia", wib(DAY, "12:00"), episode=nifas, kelas="IMP")
    baby = opened(sop, birth["pasienBayi"][0], "kia", wib("2024-05-18", "09:00"))

    assert (mother["kodeNifas"], baby["kodeNeonatal"]) == ("KF1", "KN1")
    systems = {
        each["system"].rpartition("/")[2]: each["value"]
        for visit in (mother, baby)
        for each in fhir.read(f"Encounter/{visit['id']}")["identifier"]
    }
    assert (systems["puerperium"], systems["neonate"]) == ("KF1", "KN1")


def test_a_visit_to_kia_within_six_weeks_is_one_after_birth(sop, fhir, dewi, birth):  # noqa: ARG001
    soon = opened(sop, dewi, "kia", wib("2024-05-20", "09:00"))
    late = opened(sop, dewi, "kia", wib("2024-07-20", "09:00"))

    assert soon["kodeNifas"] == "KF2"
    assert soon["episode"] == episodes(fhir, dewi)["PNC"]["id"]
    assert "episode" not in late


def test_the_later_visits_follow_their_windows(sop, fhir, dewi, birth):
    nifas, baby = episodes(fhir, dewi)["PNC"]["id"], birth["pasienBayi"][0]
    days = ("2024-05-20", "2024-05-24", "2024-05-25", "2024-06-14", "2024-06-15", "2024-06-29")

    mother = [
        opened(sop, dewi, "kia", wib(day, "09:00"), episode=nifas).get("kodeNifas") for day in days
    ]
    child = [opened(sop, baby, "kia", wib(day, "10:00")).get("kodeNeonatal") for day in days]

    assert mother == ["KF2", "KF2", "KF3", "KF3", "KF4", None]
    assert child == ["KN2", "KN2", "KN3", "KN3", None, None]


@pytest.mark.parametrize("code", ["kodeNifas", "kodeNeonatal"])
def test_kf9_and_kn9_are_refused(sop, dewi, code):
    body = {"kodeNifas": "KF9", "kodeNeonatal": "KN9"}[code]

    said = sop(
        "POST",
        "kunjungan",
        {
            "faskes": FASKES,
            "noReg": "RG-KF9",
            "pasien": dewi,
            "kelas": "AMB",
            "unit": "kia",
            "klaster": "klaster-2",
            "mulai": wib(DAY, "12:00"),
            "status": "tiba",
            code: body,
        },
    )

    assert said.status == 422


def test_hb_0_within_the_first_hours(sop, fhir, visit, birth):
    baby = birth["pasienBayi"][0]
    sop.made(
        "imunisasi",
        {
            "faskes": FASKES,
            "pasien": baby,
            "vaksin": "93999910",
            "namaVaksin": "Hepatitis B (HB-0)",
            "dosisKe": 1,
            "waktu": wib(DAY, "05:30"),
            "alasan": "IM-Dasar",
            "kunjungan": visit["id"],
            "petugas": "bidan-vk",
            "lot": "HB0-2024-11",
            "kadaluarsa": "2025-06-30",
        },
    )

    (given,) = resources(fhir.read(f"Immunization?patient=Patient/{baby}"))
    assert given["occurrenceDateTime"] == wib(DAY, "05:30")
    assert given["lotNumber"] == "HB0-2024-11"


def test_twins_a_stillbirth_and_complications(sop, fhir, dewi, visit):
    twins = [
        {"jenisKelamin": "male", "berat": 2100, "komplikasi": ["P07.1"]},
        {"jenisKelamin": "female", "berat": 1900, "hidup": False},
    ]

    birth = sop.made(
        "persalinan", delivery(dewi, visit, bayi=twins, cara="vakum", komplikasi=["O72.1"])
    )

    first, second = sorted(newborns(fhir), key=lambda each: each["multipleBirthInteger"])
    assert [each["multipleBirthInteger"] for each in (first, second)] == [1, 2]
    assert first["name"][0]["text"] == "Bayi 1 Ny. Dewi Lestari"
    assert second["deceasedBoolean"] is True
    procedure = fhir.read(f"Procedure/{birth['id']}")
    details = [fhir.read(each["reference"]) for each in procedure["complicationDetail"]]
    assert [each["code"]["coding"][0]["code"] for each in details] == ["O72.1", "P07.1"]
    assert details[1]["subject"]["reference"] == f"Patient/{first['id']}"
    assert sop.read(f"persalinan/{birth['id']}")["bayi"] == birth["bayi"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"bayi": []}, "bayi"),
        ({"penolong": None}, "penolong"),
        ({"bayi": [{"jenisKelamin": "female", "berat": 31}]}, "bayi[0].berat"),
        ({"komplikasi": ["perdarahan"]}, "komplikasi"),
        ({"kunjungan": "tidak-ada"}, "kunjungan"),
        ({"cara": "normal"}, "cara"),
    ],
)
def test_what_a_delivery_gets_wrong_is_named_and_nothing_is_written(  # noqa: PLR0913, PLR0917
    sop, fhir, dewi, form, wrong, says
):
    body = {key: value for key, value in {**form, **wrong}.items() if value is not None}

    said = sop("POST", "persalinan", body)

    assert said.status == 422
    assert says in str(said.issues)
    assert newborns(fhir) == []
    assert {k: v["status"] for k, v in episodes(fhir, dewi).items()} == {"ANC": "active"}


def test_a_mother_without_nik_has_a_newborn_all_the_same(sop, fhir):
    mother = sop.made(
        "pasien",
        {
            "faskes": FASKES,
            "noRM": "RM-ASING",
            "nama": "Ibu Tanpa NIK",
            "tanggalLahir": "2000-01-01",
            "jenisKelamin": "female",
            "provinsi": "99",
            "kabupaten": "9902",
            "kecamatan": "990201",
            "desa": "9902012001",
        },
    )["id"]
    visit = opened(sop, mother, "persalinan", wib(DAY, "02:10"), kelas="EMER")

    birth = sop.made("persalinan", delivery(mother, visit))

    baby = fhir.read(f"Patient/{birth['pasienBayi'][0]}")
    assert baby["name"][0]["text"] == "Bayi Ny. Ibu Tanpa NIK"
    assert "identifier" not in baby
    assert "usiaMinggu" not in birth
    assert episodes(fhir, mother)["PNC"]["status"] == "active"


def test_a_correction_keeps_newborn_and_episodes(sop, fhir, dewi, birth):
    unsaid = {"id", "versi", "diubah", "peringatan"}
    known = {key: value for key, value in birth.items() if key not in unsaid}
    known["bayi"] = [{**known["bayi"][0], "berat": 3150}]

    now = sop.kept(f"persalinan/{birth['id']}", known)

    assert (now["usiaMinggu"], now["usiaHari"]) == (39, 4)
    assert now["bayi"][0]["berat"] == 3150
    assert len(newborns(fhir)) == 1
    assert episodes(fhir, dewi)["PNC"]["status"] == "active"


def test_a_delivery_recorded_in_error_takes_back_what_it_did(sop, fhir, dewi, episode, birth):
    unsaid = {"id", "versi", "diubah", "peringatan"}
    known = {key: value for key, value in birth.items() if key not in unsaid}

    sop.kept(f"persalinan/{birth['id']}", {**known, "status": "salah-entri"})

    found = episodes(fhir, dewi)
    assert found["PNC"]["status"] == "entered-in-error"
    assert found["ANC"]["status"] == "active"
    assert found["ANC"]["period"] == {"start": "2023-08-14"}
    assert [each["active"] for each in newborns(fhir)] == [False]
    again = sop.read(f"episode-kehamilan/{episode['id']}")
    assert again["status"] == "berjalan"
    assert "alasanSelesai" not in again


def test_she_goes_home_with_the_whole_course(sop, fhir, visit, birth):  # noqa: ARG001
    moved(sop, visit["id"], wib("2024-05-18", "10:00"), status="selesai", caraPulang="pulang")

    stored = fhir.read(f"Encounter/{visit['id']}")
    assert [each["status"] for each in stored["statusHistory"]] == ["in-progress", "finished"]
    assert stored["hospitalization"]["dischargeDisposition"]["coding"][0]["code"] == "home"


@pytest.fixture
def risti(sop, dewi):
    """Mark the pregnancy as one of high risk, and the mother as one who is monitored."""
    flag = {
        "pasien": dewi,
        "sejak": wib("2024-02-05", "10:15"),
        "kelompok": "KRT",
        "alasan": ["Z35.8"],
        "pencatat": "bidan-kia",
    }
    return sop.made("ibu-hamil-risti", flag)


def corrected(sop, birth, **fields):
    unsaid = {"id", "versi", "diubah", "peringatan"}
    known = {key: value for key, value in birth.items() if key not in unsaid}
    return sop.kept(f"persalinan/{birth['id']}", {**known, **fields})


def test_persalinan_ends_the_high_risk_flag(sop, fhir, dewi, form, risti):
    """Domain §2.1/22: the flag marks a pregnancy; it ends at the birth, in the same write."""
    birth = sop.made("persalinan", form)

    now = sop.read(f"ibu-hamil-risti/{risti['id']}")
    assert (now["status"], now["sampai"]) == ("berakhir", wib(DAY, "04:36"))
    assert resources(fhir.read(f"Flag?patient={dewi}&status=active")) == []
    corrected(sop, birth, waktu=wib(DAY, "04:16"))
    assert sop.read(f"ibu-hamil-risti/{risti['id']}")["sampai"] == wib(DAY, "04:16")


def test_a_delivery_recorded_in_error_gives_the_flag_back(sop, form, risti):
    birth = sop.made("persalinan", form)

    corrected(sop, birth, status="salah-entri")

    now = sop.read(f"ibu-hamil-risti/{risti['id']}")
    assert now["status"] == "aktif"
    assert "sampai" not in now


def test_a_birth_entered_late_leaves_the_flag_of_the_next_pregnancy(sop, dewi, form):
    later = {"sejak": wib("2026-02-05", "10:15"), "kelompok": "KRT", "alasan": ["Z35.8"]}
    risti = sop.made("ibu-hamil-risti", {"pasien": dewi, "pencatat": "bidan-kia", **later})

    sop.made("persalinan", form)

    assert sop.read(f"ibu-hamil-risti/{risti['id']}")["status"] == "aktif"
