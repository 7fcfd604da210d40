"""S4: two mothers of Ngelo due on one Monday; report, advice, checklist (SOP Chat, domain §7).

Everything is said through the SOP API and the FHIR API; the exact figures are those of the domain.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

CS = "https://puskesmas.example/fhir/CodeSystem"
SD = "https://puskesmas.example/fhir/StructureDefinition"
NGELO = "9902012003"
BIDAN, DOKTER = "bidan-desa-ngelo", "dokter-todanan"


def wib(jam, hari="2024-08-05"):
    return f"{hari}T{jam}+07:00"


@pytest.fixture(autouse=True)
def petugas(fhir):
    """The midwife of the village and the doctor, as another system may have written them."""
    for name, peran in ((BIDAN, "bidan"), (DOKTER, "dokter")):
        role = {"coding": [{"system": f"{CS}/peran-petugas", "code": peran}]}
        fhir.kept(
            f"PractitionerRole/{name}",
            {
                "resourceType": "PractitionerRole",
                "id": name,
                "active": True,
                "organization": {"reference": "Organization/pkm-todanan"},
                "code": [role],
            },
        )


@pytest.fixture
def endang(pasien):
    return pasien(
        nama="Endang Suryani", nik="9902015405830015", lahir="1983-05-14", desa=NGELO, noRM="RM-44"
    )


@pytest.fixture
def lilis(pasien):
    return pasien(
        nama="Lilis Suryaningsih",
        nik="9902016308010032",
        lahir="2001-08-23",
        desa=NGELO,
        noRM="RM-45",
    )


@pytest.fixture
def rencana(sop):
    def plan(pasien, nomor, kelompok, hpht, mulai):
        tempat = "RS" if kelompok == "KRST" else "puskesmas"
        return sop.made(
            "rencana-asuhan",
            {
                "nomor": nomor,
                "pasien": pasien,
                "kelompok": kelompok,
                "hpht": hpht,
                "dibuat": f"{mulai}T08:00:00+07:00",
                "penyusun": BIDAN,
                "rencanaPersalinan": {"tempat": tempat, "penolong": "dokter"},
                "jadwalPemantauan": {"kanal": "whatsapp", "pelaksana": BIDAN, "mulai": mulai},
            },
        )

    return plan


@pytest.fixture
def rencana_endang(rencana, endang):
    return rencana(endang, "RA-2024-0044", "KRST", "2024-01-08", "2024-07-29")


@pytest.fixture
def rencana_lilis(rencana, lilis):
    return rencana(lilis, "RA-2024-0045", "KRT", "2024-02-05", "2024-08-05")


@pytest.fixture
def utas(sop, endang, rencana_endang):
    assert rencana_endang
    return sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-endang",
            "layanan": "pemantauan",
            "kanal": "whatsapp",
            "dimulai": wib("09:05:00"),
            "peserta": [f"pasien/{endang}", f"petugas/{BIDAN}"],
            "pasien": endang,
        },
    )["id"]


@pytest.fixture
def pesan(sop, endang, utas):
    def write(nomor, jam, isi, arah="masuk", **lain):
        dari, kepada = f"pasien/{endang}", f"petugas/{BIDAN}"
        if arah == "keluar":
            dari, kepada = kepada, dari
        dokumen = {
            "idPesan": f"wamid.S4-{nomor}",
            "utas": utas,
            "arah": arah,
            "waktuKirim": wib(jam),
            "pengirim": dari,
            "penerima": [kepada],
            "pasien": endang,
            "isi": isi,
            "kategori": "pemantauan",
        }
        return sop.made("pesan-chat", {**dokumen, **lain})

    return write


@pytest.fixture
def percakapan(pesan):
    """09:05 the midwife writes, 09:40 Endang answers."""
    ditanya = pesan("1", "09:05:00", "Selamat pagi Bu Endang, ada keluhan minggu ini?", "keluar")
    dijawab = pesan("2", "09:40:00", "kaki agak bengkak, tensi posyandu 130/80, tidak pusing")
    return ditanya, dijawab


def laporan_desa(fhir, **lain):
    asked = {"desa": NGELO, "mulai": "2024-08-05", "bidan": BIDAN, "dokter": DOKTER, **lain}
    kinds = {"desa": "valueCode", "mulai": "valueDate", "sampai": "valueDate"}
    parameters = [
        {"name": name, kinds.get(name, "valueId"): value} for name, value in asked.items()
    ]
    return fhir(
        "POST", "Composition/$laporan-desa", {"resourceType": "Parameters", "parameter": parameters}
    )


@pytest.fixture
def laporan(fhir, percakapan, rencana_lilis):
    assert percakapan
    assert rencana_lilis
    said = laporan_desa(fhir)
    assert said.status == 201, said.json
    return said.json


def hari_kontak(rencana):
    return [each["tanggal"] for each in rencana["jadwalPemantauan"]["kontak"]]


def test_kspr_of_endang_is_14_krst(sop, endang):
    skor = sop.made(
        "skor-poedji-rochjati",
        {
            "pasien": endang,
            "kontak": "II",
            "faktor": ["f06", "f07", "f08"],
            "fakta": {
                "tanggalLahir": "1983-05-14",
                "gravida": 3,
                "paritas": 1,
                "abortus": 1,
                "tinggi": 143,
            },
            "hpht": "2024-01-08",
            "penilai": BIDAN,
            "waktu": "2024-07-22T09:00:00+07:00",
        },
    )

    assert (skor["skor"], skor["kelompok"]) == (14, "KRST")


def test_endang_is_due_weekly_on_mondays_and_lilis_every_14_days(rencana_endang, rencana_lilis):
    assert hari_kontak(rencana_endang)[:3] == ["2024-07-29", "2024-08-05", "2024-08-12"]
    assert hari_kontak(rencana_lilis)[:3] == ["2024-08-05", "2024-08-19", "2024-09-02"]


def test_the_chat_keeps_the_contact_of_the_day(sop, fhir, rencana_endang, percakapan):
    ditanya, dijawab = percakapan
    kontak = f"{rencana_endang['id']}-kontak-20240805"

    assert ditanya["jadwal"] == kontak
    assert fhir.read(f"CommunicationRequest/{kontak}")["status"] == "completed"
    (kasus,) = sop.read("kasus-pemantauan?status=menjawab")["dokumen"]
    assert kasus["jadwal"] == kontak
    assert kasus["faskes"] == "pkm-todanan"
    assert ditanya["kunjungan"] == dijawab["kunjungan"] == f"{kasus['id']}-konsultasi"


def test_waits_for_an_answer_until_there_is_one(sop, pesan):
    pesan("1", "09:05:00", "Ada keluhan minggu ini?", "keluar")

    (kasus,) = sop.read("kasus-pemantauan")["dokumen"]
    assert kasus["status"] == "dihubungi"


@pytest.mark.usefixtures("percakapan")
def test_missed_contacts_are_listed_by_midwife_village_and_day(fhir, rencana_lilis):
    lilis = f"{rencana_lilis['id']}-kontak-20240805"

    for asked in (f"bidan={BIDAN}", f"desa={NGELO}", ""):
        found = fhir.read(f"CommunicationRequest/$jadwal-terlambat?hari=2024-08-05&{asked}")
        assert [each["resource"]["id"] for each in found["entry"]] == [lilis]
    for asked in ("bidan=bidan-lain", "desa=9902012001"):
        assert fhir.read(f"CommunicationRequest/$jadwal-terlambat?{asked}")["total"] == 0


def test_the_report_lists_both_with_adherence_50_percent(sop, laporan, endang, lilis):
    laporan = sop.read(f"laporan-pemantauan-desa/{laporan['id']}")

    hasil = {each["pasien"]: [k["hasil"] for k in each["kontak"]] for each in laporan["baris"]}
    assert hasil == {endang: ["dijawab"], lilis: ["terlewat"]}
    assert (laporan["jatuhTempo"], laporan["tepatWaktu"], laporan["terlewat"]) == (2, 1, 1)
    assert laporan["kepatuhan"] == 50.0
    assert laporan["menitJawab"] == 35.0  # asked at 09:05, answered at 09:40: information only
    assert laporan.get("menitTanggap") is None  # nobody has answered her yet


def test_the_report_is_a_task_and_a_notice_for_the_doctor(fhir, laporan):
    task = fhir.read(f"Task/{laporan['id']}-tugas")
    notice = fhir.read(f"Communication/{laporan['id']}-pemberitahuan")

    assert task["code"]["coding"][0]["code"] == "tinjau-laporan"
    assert task["owner"] == {"reference": f"PractitionerRole/{DOKTER}"}
    assert task["focus"] == {"reference": f"Composition/{laporan['id']}"}
    assert notice["recipient"] == [{"reference": f"PractitionerRole/{DOKTER}"}]
    for name, profile in (
        (f"Composition/{laporan['id']}", "LaporanPemantauanDesa"),
        (f"Task/{laporan['id']}-tugas", "TugasTinjauLaporan"),
        (f"Communication/{laporan['id']}-pemberitahuan", "PemberitahuanLaporan"),
        (f"Group/{laporan['id']}-sasaran", "SasaranPemantauan"),
    ):
        issues = fhir.read(f"{name}/$validate?profile={SD}/{profile}")["issue"]
        assert [each for each in issues if each["severity"] == "error"] == [], name


def test_how_long_answers_take_is_a_median_of_first_answers(fhir, sop, pesan):
    pesan("1", "09:05:00", "Ada keluhan minggu ini?", "keluar")
    pesan("2", "09:06:00", "Bu?", "keluar")
    pesan("3", "09:40:00", "kaki agak bengkak")
    pesan("4", "09:50:00", "sedikit saja")
    pesan("5", "10:00:00", "Sudah diukur tensinya?", "keluar")
    pesan("6", "10:10:30", "130/80")
    pesan("7", "10:15:45", "Baik, istirahat dan kaki ditinggikan, Bu", "keluar")

    made = laporan_desa(fhir).json

    said = sop.read(f"laporan-pemantauan-desa/{made['id']}")
    assert said["menitJawab"] == 22.8  # 35:00 and 10:30, half upwards
    assert said["menitTanggap"] == 12.6  # 20:00, since the first of two, and 5:15


@pytest.mark.usefixtures("laporan")
def test_the_reported_case_moves(sop):
    (kasus,) = sop.read("kasus-pemantauan")["dokumen"]

    assert kasus["status"] == "dilaporkan"


def test_a_second_call_brings_the_report_up_to_date(fhir, sop, laporan):
    again = laporan_desa(fhir)

    assert again.status == 200
    assert again.json["id"] == laporan["id"]
    assert len(sop.read("laporan-pemantauan-desa")["dokumen"]) == 1


def test_br_a3_a_report_that_misses_lilis_is_refused(fhir, sop, laporan, lilis):
    whole = sop.read(f"laporan-pemantauan-desa/{laporan['id']}")
    kurang = [each for each in whole["baris"] if each["pasien"] != lilis]

    by_sop = sop("PUT", f"laporan-pemantauan-desa/{laporan['id']}", {**whole, "baris": kurang})
    sections = [
        each
        for each in laporan["section"]
        if each.get("focus", {}).get("reference") != f"Patient/{lilis}"
    ]
    by_fhir = fhir("PUT", f"Composition/{laporan['id']}", {**laporan, "section": sections})

    for refused in (by_sop, by_fhir):
        assert refused.status == 422
        assert "BR-A3" in refused.json["issue"][0]["diagnostics"]
        assert lilis in refused.json["issue"][0]["diagnostics"]


@pytest.mark.usefixtures("percakapan", "rencana_lilis")
def test_br_a3_counts_contacts_of_this_village_and_period_only(fhir):
    elsewhere = laporan_desa(fhir, desa="9902012001")
    before = laporan_desa(fhir, mulai="2024-07-30", sampai="2024-08-04")

    for said in (elsewhere, before):
        assert said.status == 201
        assert len(said.json["section"]) == 1  # only the summary


def test_a_review_without_advice_closes_the_case(sop, fhir, laporan):
    task = fhir.read(f"Task/{laporan['id']}-tugas")
    begun = datetime.fromisoformat(task["executionPeriod"]["start"])
    period = {**task["executionPeriod"], "end": (begun + timedelta(hours=1)).isoformat()}

    fhir.kept(f"Task/{task['id']}", {**task, "status": "completed", "executionPeriod": period})

    (kasus,) = sop.read("kasus-pemantauan")["dokumen"]
    assert kasus["status"] == "selesai"
    assert fhir.read(f"Encounter/{kasus['id']}-konsultasi")["status"] == "finished"
    assert sop.read(f"laporan-pemantauan-desa/{laporan['id']}")["status"] == "ditinjau"
    assert laporan_desa(fhir).status == 409


@pytest.fixture
def kasus(sop, laporan):
    (found,) = sop.read("kasus-pemantauan")["dokumen"]
    assert laporan
    return found


@pytest.fixture
def advis(sop, endang, utas, laporan, kasus):
    """13:10 the doctor: blood pressure and urine protein within 24 hours."""

    def write(**lain):
        dokumen = {
            "utas": utas,
            "kunjungan": f"{kasus['id']}-konsultasi",
            "kasus": kasus["id"],
            "pasien": endang,
            "penulis": DOKTER,
            "jenis": ["pemeriksaan-lanjutan"],
            "isi": "Ukur tensi dan protein urin dalam 24 jam",
            "diterimaTim": wib("12:00:00"),
            "dibuat": wib("13:10:00"),
            "laporan": [laporan["id"]],
            "pemeriksaan": ["85354-9", "protein-urin"],
            "batas": wib("13:10:00", "2024-08-06"),
            "penerima": [f"pasien/{endang}"],
            "status": "dikirim",
            "waktuKirim": wib("13:10:00"),
        }
        return sop("POST", "advis", {**dokumen, **lain})

    return write


def test_advice_is_active_at_once_and_due_within_24_hours(sop, fhir, advis, kasus):
    said = advis()

    assert said.status == 201, said.json
    for kode in ("85354-9", "protein-urin"):
        request = fhir.read(f"ServiceRequest/{said.json['id']}-periksa-{kode}")
        assert request["status"] == "active"
        assert request["occurrencePeriod"]["end"] == "2024-08-06T13:10:00+07:00"
    assert sop.read(f"persetujuan-advis?advis={said.json['id']}")["dokumen"] == []
    assert sop.read(f"kasus-pemantauan/{kasus['id']}")["status"] == "diberi-advis"


def test_advice_says_which_data_it_answers(fhir, advis, laporan):
    made = advis().json

    about = fhir.read(f"Communication/{made['id']}")["about"]
    assert about == [{"reference": f"Composition/{laporan['id']}"}]


@pytest.mark.parametrize(
    ("salah", "where"),
    [
        ({"jenis": ["saran"], "pemeriksaan": []}, "category"),
        ({"laporan": []}, "about"),
        ({"pemeriksaan": []}, "payload"),
        ({"jenis": ["rujukan"], "pemeriksaan": []}, "payload"),
    ],
)
def test_a4_advice_without_kind_data_or_request_is_refused(advis, salah, where):
    refused = advis(**salah)

    assert refused.status == 422
    (issue,) = refused.json["issue"]
    assert "A4" in issue["diagnostics"]
    assert issue["expression"] == [f"Communication.{where}"]


def test_a4_a_recommendation_needs_no_request(advis):
    said = advis(jenis=["rekomendasi-tatalaksana"], pemeriksaan=[])

    assert said.status == 201, said.json


def tilik(sop, **jawaban):
    answers = {"2": "ya", "5": "tb", **jawaban}
    return sop.made(
        "daftar-tilik",
        {
            "sop": "chat",
            "auditor": "auditor-mutu",
            "unit": "pkm-todanan",
            "tanggal": wib("09:00:00", "2024-08-06"),
            "desa": NGELO,
            "mulai": "2024-08-05",
            "sampai": "2024-08-05",
            "butir": [{"nomor": no, "jawaban": j} for no, j in sorted(answers.items())],
        },
    )


def test_the_checklist_by_hand_is_100_percent(sop, fhir, advis):
    advis()

    made = tilik(sop, **{"1": "ya", "3": "ya", "4": "ya", "6": "ya"})

    assert made["cr"] == 100.0
    assert {each["nomor"]: each.get("usulan") for each in made["butir"]}["1"] == "tidak"
    rate = fhir.read(f"Observation/{made['id']}-cr")
    assert rate["valueQuantity"]["value"] == 100.0
    for name, profile in (
        (f"QuestionnaireResponse/{made['id']}", "DaftarTilik"),
        (f"Observation/{made['id']}-cr", "KepatuhanSOP"),
    ):
        issues = fhir.read(f"{name}/$validate?profile={SD}/{profile}")["issue"]
        assert [each for each in issues if each["severity"] == "error"] == [], name


def test_the_checklist_filled_from_the_data_is_80_percent(sop, advis):
    advis()

    made = tilik(sop)

    answers = {each["nomor"]: each["jawaban"] for each in made["butir"]}
    assert answers == {"1": "tidak", "2": "ya", "3": "ya", "4": "ya", "5": "tb", "6": "ya"}
    assert made["cr"] == 80.0
    assert made["ambang"] == 80.0
    assert made["butir"][0]["bukti"] == "1 dari 2 kontak jatuh tempo dihubungi pada harinya"


def test_the_draft_leaves_open_what_the_data_cannot_answer(fhir, advis):
    advis()

    path = f"desa={NGELO}&mulai=2024-08-05&auditor=auditor-mutu&unit=pkm-todanan"
    draft = fhir.read(f"QuestionnaireResponse/$isi-daftar-tilik?{path}")

    assert draft["status"] == "in-progress"
    answers = {
        each["linkId"]: each["answer"][0]["valueCoding"]["code"] if "answer" in each else None
        for each in draft["item"]
    }
    assert answers == {"1": "tidak", "2": None, "3": "ya", "4": "ya", "5": None, "6": "ya"}


def test_without_report_and_advice_the_data_say_so(sop, percakapan, rencana_lilis):
    assert percakapan
    assert rencana_lilis

    made = tilik(sop)

    answers = {each["nomor"]: each["jawaban"] for each in made["butir"]}
    assert (answers["3"], answers["4"], answers["6"]) == ("tidak", "tb", "ya")


def test_br_a6_a_contact_whose_provenance_is_gone_is_not_documented(sop, fhir, percakapan):
    ditanya, dijawab = percakapan
    for each in (ditanya, dijawab):
        assert fhir("DELETE", f"Provenance/{each['id']}-asal").status in {200, 204}

    made = tilik(sop)

    assert {each["nomor"]: each["jawaban"] for each in made["butir"]}["6"] == "tidak"


def test_br_a5_endang_writes_to_the_doctor_only_in_an_emergency(fhir, endang, utas):
    message = {
        "resourceType": "Communication",
        "status": "completed",
        "partOf": [{"reference": f"Communication/{utas}"}],
        "subject": {"reference": f"Patient/{endang}"},
        "sent": wib("20:00:00"),
        "sender": {"reference": f"Patient/{endang}"},
        "recipient": [{"reference": f"PractitionerRole/{DOKTER}"}],
        "payload": [{"contentString": "Dok, pusing sekali"}],
    }

    refused = fhir("POST", "Communication", message)

    assert refused.status == 422
    assert "BR-A5" in refused.json["issue"][0]["diagnostics"]
