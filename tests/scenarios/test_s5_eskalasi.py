"""S5, first half: words → suggestions → vital signs → confirmed escalation → KSPR 30 → O14.1.

BR-A5 with it: who opens an escalation, who is called, how one is downgraded.
"""

from __future__ import annotations

import pytest

CS = "https://puskesmas.example/fhir/CodeSystem"
HPHT = "2024-01-15"
FAKTOR = ["f06", "f04", "f10", "f11ab"]


@pytest.fixture
def siti(pasien):
    return pasien()


@pytest.fixture
def _petugas(fhir):
    """A dokter and a bidan of the puskesmas, as roles."""
    for name, peran in (("dokter-todanan", "dokter"), ("bidan-sidorejo", "bidan")):
        fhir.kept(
            f"PractitionerRole/{name}",
            {
                "resourceType": "PractitionerRole",
                "id": name,
                "code": [{"coding": [{"system": f"{CS}/peran-petugas", "code": peran}]}],
            },
        )


@pytest.fixture
def kartu(sop, siti):
    def fill(**lain):
        dokumen = {
            "pasien": siti,
            "kontak": "I",
            "hpht": HPHT,
            "waktu": "2024-04-02T10:15:00+07:00",
            "penilai": "bidan-kia",
            "faktor": FAKTOR,
        }
        return sop.made("skor-poedji-rochjati", {**dokumen, **lain})

    return fill


@pytest.fixture
def utas(sop, siti, _petugas, kartu):
    kartu()
    return sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-siti",
            "layanan": "pemantauan",
            "kanal": "whatsapp",
            "dimulai": "2024-08-20T19:30:00+07:00",
            "peserta": [f"pasien/{siti}", "petugas/bidan-sidorejo", "petugas/dokter-todanan"],
            "pasien": siti,
        },
    )["id"]


@pytest.fixture
def tulis(sop, siti, utas):
    """Let Siti write."""

    def write(isi, jam="19:30:00", kepada="bidan-sidorejo", **lain):
        dokumen = {
            "idPesan": f"wamid.S5-{jam}",
            "utas": utas,
            "arah": "masuk",
            "waktuKirim": f"2024-08-20T{jam}+07:00",
            "pengirim": f"pasien/{siti}",
            "penerima": [f"petugas/{kepada}"],
            "pasien": siti,
            "isi": isi,
            "kategori": "keluhan",
        }
        return sop.made("pesan-chat", {**dokumen, **lain})

    return write


def usulan(sop, siti, status="diusulkan"):
    return sop.read(f"eskalasi-darurat?pasien={siti}&status={status}")["dokumen"]


@pytest.fixture
def diusulkan(sop, siti, tulis):
    tulis("pusing hebat sekali, pandangan kabur")
    (found,) = usulan(sop, siti)
    return found


@pytest.fixture
def dibuka(sop, diusulkan):
    return sop.kept(
        f"eskalasi-darurat/{diusulkan['id']}",
        {
            **diusulkan,
            "status": "dibuka",
            "dibuka": "2024-08-20T19:36:00+07:00",
            "penanggungJawab": "dokter-todanan",
            "dikonfirmasiOleh": "bidan-sidorejo",
        },
    )


def test_her_words_are_suggested_as_danger_signs_and_nothing_is_opened(fhir, diusulkan):
    issue = fhir.read(f"DetectedIssue/{diusulkan['id']}-tanda")
    task = fhir.read(f"Task/{diusulkan['id']}")

    codes = [
        coding["code"]
        for each in issue["evidence"]
        for coding in each["code"][0]["coding"]
        if coding["system"] == "http://snomed.info/sct"
    ]
    assert codes == ["25064002", "63102001"]
    assert diusulkan["tanda"] == ["sakit-kepala-hebat", "gangguan-penglihatan"]
    assert (task["status"], task["intent"], issue["status"]) == ("draft", "proposal", "preliminary")
    assert "owner" not in task
    assert fhir("GET", f"Encounter/{diusulkan['id']}-konsultasi").status == 404


def test_what_she_denies_is_not_suggested(sop, siti, tulis):
    tulis("tidak pusing, tidak ada kejang")

    assert usulan(sop, siti) == []


def test_the_same_words_written_again_propose_nothing_new(sop, siti, diusulkan):
    pesan = sop.read(f"pesan-chat/{diusulkan['pesan']}")
    sop.kept(f"pesan-chat/{pesan['id']}", {**pesan, "disunting": True})

    assert len(usulan(sop, siti)) == 1


def test_a_message_by_fhir_proposes_too(sop, fhir, siti):
    fhir.made(
        "Communication",
        {
            "resourceType": "Communication",
            "status": "completed",
            "category": [{"coding": [{"system": f"{CS}/kategori-komunikasi", "code": "keluhan"}]}],
            "subject": {"reference": f"Patient/{siti}"},
            "sender": {"reference": f"Patient/{siti}"},
            "recipient": [{"reference": "PractitionerRole/bidan-sidorejo"}],
            "sent": "2024-08-20T19:30:00+07:00",
            "payload": [{"contentString": "keluar darah bu"}],
        },
    )

    assert [each["tanda"] for each in usulan(sop, siti)] == [["perdarahan"]]


def test_a_blood_pressure_past_the_threshold_proposes_one(sop, siti):
    sop.made(
        "tanda-vital",
        {
            "pasien": siti,
            "waktu": "2024-08-20T19:35:00+07:00",
            "pemeriksa": "bidan-sidorejo",
            "hasil": {"sistolik": 168, "diastolik": 112, "spo2": 97},
        },
    )

    (found,) = usulan(sop, siti)
    assert found["pemicu"] == "ambang"
    assert found["temuan"] == ["tekanan darah 168/112 mmHg (≥160/110)"]
    assert found["pelapor"] == "petugas/bidan-sidorejo"


@pytest.mark.parametrize(("asal", "jumlah"), [("bridge", 1), (None, 0)])
def test_a_measurement_by_fhir_proposes_when_it_is_a_puskesmas_own(sop, fhir, siti, asal, jumlah):
    tag = [{"system": f"{CS}/asal-data", "code": asal}]
    loinc = {"system": "http://loinc.org"}
    fhir.made(
        "Observation",
        {
            "resourceType": "Observation",
            **({"meta": {"tag": tag}} if asal else {}),
            "status": "final",
            "code": {"coding": [{**loinc, "code": "85354-9"}]},
            "subject": {"reference": f"Patient/{siti}"},
            "effectiveDateTime": "2024-08-20",
            "component": [
                {
                    "code": {"coding": [{**loinc, "code": code}]},
                    "valueQuantity": {"value": value, "unit": "mmHg"},
                }
                for code, value in (("8480-6", 150), ("8462-4", 110))
            ],
        },
    )

    assert len(usulan(sop, siti)) == jumlah


def test_a_blood_pressure_that_is_only_high_proposes_nothing(sop, siti):
    sop.made(
        "tanda-vital",
        {
            "pasien": siti,
            "waktu": "2024-08-20T19:35:00+07:00",
            "pemeriksa": "bidan-sidorejo",
            "hasil": {"sistolik": 159, "diastolik": 109},
        },
    )

    assert usulan(sop, siti) == []


def test_confirmed_it_calls_the_doctor_within_five_minutes(fhir, siti, dibuka):
    task = fhir.read(f"Task/{dibuka['id']}")
    visit = fhir.read(f"Encounter/{dibuka['id']}-konsultasi")
    call = fhir.read(f"Communication/{dibuka['id']}-panggilan")
    flag = fhir.read(f"Flag/{dibuka['id']}-penanda")

    assert (task["status"], task["intent"], task["priority"]) == ("requested", "order", "stat")
    assert task["owner"]["reference"] == "PractitionerRole/dokter-todanan"
    assert task["restriction"]["period"]["end"] == "2024-08-20T19:41:00+07:00"
    assert (visit["class"]["code"], visit["priority"]["coding"][0]["code"]) == ("VR", "EM")
    assert (call["priority"], call["status"]) == ("stat", "in-progress")
    assert call["recipient"] == [{"reference": "PractitionerRole/dokter-todanan"}]
    assert (flag["status"], flag["subject"]["reference"]) == ("active", f"Patient/{siti}")


def test_an_unconfirmed_suggestion_does_not_open(sop, diusulkan):
    said = sop(
        "PUT",
        f"eskalasi-darurat/{diusulkan['id']}",
        {**diusulkan, "status": "dibuka", "penanggungJawab": "dokter-todanan"},
    )

    assert said.status == 422
    assert said.json["issue"][0]["diagnostics"].startswith("dikonfirmasiOleh")


def test_br_a5_an_escalation_calls_a_doctor_also_by_fhir(sop, fhir, diusulkan):
    by_sop = sop(
        "PUT",
        f"eskalasi-darurat/{diusulkan['id']}",
        {**diusulkan, "status": "dibuka", "dikonfirmasiOleh": "bidan-sidorejo"},
    )
    task = fhir.read(f"Task/{diusulkan['id']}")
    opened = {"coding": [{"system": f"{CS}/status-eskalasi", "code": "dibuka"}]}
    by_fhir = fhir(
        "PUT", f"Task/{task['id']}", {**task, "status": "requested", "businessStatus": opened}
    )

    assert (by_sop.status, by_fhir.status) == (422, 422)
    assert "BR-A5" in by_fhir.issues[0]["diagnostics"]


def test_br_a5_a_false_alarm_is_downgraded_with_a_reason(sop, fhir, dibuka):
    ended = {**dibuka, "status": "tidak-darurat", "selesai": "2024-08-20T19:50:00+07:00"}

    without = sop("PUT", f"eskalasi-darurat/{dibuka['id']}", ended)
    task = fhir.read(f"Task/{dibuka['id']}")
    lower = {"coding": [{"system": f"{CS}/status-eskalasi", "code": "tidak-darurat"}]}
    by_fhir = fhir(
        "PUT", f"Task/{task['id']}", {**task, "status": "cancelled", "businessStatus": lower}
    )
    sop.kept(f"eskalasi-darurat/{dibuka['id']}", {**ended, "alasan": "TD 120/80, migren lama"})

    assert (without.status, by_fhir.status) == (422, 422)
    assert all("BR-A5" in each.issues[0]["diagnostics"] for each in (without, by_fhir))
    task = fhir.read(f"Task/{dibuka['id']}")
    assert (task["status"], task["statusReason"]["text"]) == ("cancelled", "TD 120/80, migren lama")
    assert fhir.read(f"Flag/{dibuka['id']}-penanda")["status"] == "inactive"
    assert fhir.read(f"Encounter/{dibuka['id']}-konsultasi")["status"] == "finished"


def test_what_ended_does_not_open_again(sop, fhir, dibuka):
    ended = sop.kept(
        f"eskalasi-darurat/{dibuka['id']}",
        {
            **dibuka,
            "status": "terkendali",
            "ditangani": "2024-08-20T19:38:00+07:00",
            "selesai": "2024-08-20T20:10:00+07:00",
        },
    )
    task = fhir.read(f"Task/{dibuka['id']}")
    again = {"coding": [{"system": f"{CS}/status-eskalasi", "code": "ditangani"}]}

    by_sop = sop("PUT", f"eskalasi-darurat/{dibuka['id']}", {**ended, "status": "ditangani"})
    by_fhir = fhir(
        "PUT", f"Task/{dibuka['id']}", {**task, "status": "in-progress", "businessStatus": again}
    )

    assert (by_sop.status, by_fhir.status) == (409, 409)


def test_br_a5_an_emergency_she_writes_to_the_doctor_opens_at_once(sop, fhir, siti, tulis):
    pesan = tulis("tolong dok, kejang", kepada="dokter-todanan", kategori="darurat")

    (found,) = usulan(sop, siti, "dibuka")
    assert (found["pemicu"], found["penanggungJawab"]) == ("pesan-darurat", "dokter-todanan")
    assert found["pesan"] == pesan["id"]
    assert fhir.read(f"Communication/{pesan['id']}")["priority"] == "stat"
    task = fhir.read(f"Task/{found['id']}")
    visit = fhir.read(task["encounter"]["reference"])
    assert visit["class"]["code"] == "VR"


def test_the_monitoring_case_follows_and_three_days_of_contact_are_planned(sop, siti, dibuka):
    (case,) = sop.read(f"kasus-pemantauan?pasien={siti}")["dokumen"]
    sop.kept(
        f"eskalasi-darurat/{dibuka['id']}",
        {**dibuka, "status": "terkendali", "selesai": "2024-08-20T20:10:00+07:00"},
    )

    (jadwal,) = sop.read(f"jadwal-pemantauan?pasien={siti}")["dokumen"]
    assert (jadwal["alasan"], jadwal["pelaksana"]) == ("sesudah-tanda-bahaya", "bidan-sidorejo")
    hari = [each["tanggal"] for each in jadwal["kontak"]]
    assert hari == ["2024-08-21", "2024-08-22", "2024-08-23"]
    assert case["status"] == "darurat"
    assert sop.read(f"kasus-pemantauan/{case['id']}")["status"] == "terkendali"


def test_an_escalation_by_button_raises_the_consultation_it_came_up_in(sop, fhir, siti, kunjungan):
    visit = kunjungan(siti, kelas="VR", mulai="2024-08-20T19:00:00+07:00", lokasi=None)
    sop.made(
        "eskalasi-darurat",
        {
            "pasien": siti,
            "waktu": "2024-08-20T19:30:00+07:00",
            "pemicu": "tombol",
            "pelapor": "petugas/bidan-sidorejo",
            "catatan": "ibu tampak pucat di panggilan video",
            "kunjungan": visit,
            "penanggungJawab": "dokter-todanan",
        },
    )

    assert fhir.read(f"Encounter/{visit}")["priority"]["coding"][0]["code"] == "EM"


def test_s5_siti_from_the_message_to_the_referral(sop, fhir, siti, kartu, dibuka):
    ditangani = sop.kept(
        f"eskalasi-darurat/{dibuka['id']}",
        {
            **dibuka,
            "status": "ditangani",
            "ditangani": "2024-08-20T19:37:00+07:00",
            "temuan": ["tekanan darah 168/112 mmHg (≥160/110)", "protein urin +3"],
        },
    )
    kedua = kartu(
        kontak="III.1",
        waktu="2024-08-20T19:38:00+07:00",
        penilai="dokter-todanan",
        faktor=[*FAKTOR, "f12", "f20"],
        fakta={"bengkak": True, "sistolik": 168, "diastolik": 112},
    )
    peb = sop.made(
        "diagnosis",
        {
            "pasien": siti,
            "kategori": "diagnosis",
            "kode": "O14.1",
            "uraian": "Preeklampsia berat",
            "waktu": "2024-08-20T19:39:00+07:00",
            "pencatat": "petugas/dokter-todanan",
            "kepastian": "pasti",
            "keparahan": "berat",
            "kunjungan": f"{dibuka['id']}-konsultasi",
        },
    )
    dirujuk = sop.kept(
        f"eskalasi-darurat/{dibuka['id']}",
        {
            **ditangani,
            "status": "rujukan",
            "rujukan": "rujukan-s5",
            "selesai": "2024-08-20T19:42:00+07:00",
        },
    )

    assert (kedua["skor"], kedua["kelompok"]) == (30, "KRST")
    assert "O14.1" in kedua["diagnosis"]
    bundle = fhir.read(f"Condition?patient=Patient/{siti}&code=O14.1&verification-status=confirmed")
    assert [each["resource"]["id"] for each in bundle["entry"]] == [peb["id"]]
    task = fhir.read(f"Task/{dibuka['id']}")
    assert task["output"][0]["valueReference"]["reference"] == "ServiceRequest/rujukan-s5"
    assert task["executionPeriod"]["start"] < task["restriction"]["period"]["end"]
    assert dirujuk["status"] == "rujukan"
    active = fhir.read(f"Flag?patient=Patient/{siti}&status=active").get("entry", [])
    assert [e["resource"]["code"]["coding"][0]["code"] for e in active] == ["ibu-hamil-risti"]
