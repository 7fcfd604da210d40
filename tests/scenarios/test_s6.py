"""S6: 13 days of isolation from an exported chat: end, misses, escalation, counts, 0 new."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from fhir_server.bridges.whatsapp import command

HERE = Path(__file__).parent / "s6"
AWAL = (HERE / "chat.txt").read_text("utf-8")
PENUH = AWAL + (HERE / "lanjutan.txt").read_text("utf-8")
CS = "https://puskesmas.example/fhir/CodeSystem"
SD = "https://puskesmas.example/fhir/StructureDefinition"
RUMAH = {"kamarTerpisah": True, "kamarMandi": True, "oksimeter": True}


@pytest.fixture
def joko(pasien):
    return pasien(
        nama="Joko Susilo", nik="9902010304850007", lahir="1985-04-03", jenisKelamin="male"
    )


@pytest.fixture
def _petugas(fhir):
    for name, peran in (("bidan-ngelo", "bidan"), ("dokter-1", "dokter"), ("kader-1", "kader")):
        fhir.kept(
            f"PractitionerRole/{name}",
            {
                "resourceType": "PractitionerRole",
                "id": name,
                "code": [{"coding": [{"system": f"{CS}/peran-petugas", "code": peran}]}],
            },
        )


@pytest.fixture
def dokumen(joko):
    return {
        "pasien": joko,
        "faskes": "pkm-todanan",
        "diagnosis": "U07.1",
        "gejala": True,
        "tglOnset": "2021-07-02",
        "tglSpesimen": "2021-07-02",
        "syaratRumah": RUMAH,
        "mulai": "2021-07-03",
        "penanggungJawab": "bidan-ngelo",
    }


@pytest.fixture
def isolasi(sop, dokumen, _petugas):
    return sop.made("isolasi-mandiri", dokumen)


@pytest.fixture
def impor(sop, joko, isolasi):  # noqa: ARG001 - BR-A0 wants the isolation first
    """Import an export by HTTP; gives the report."""

    def bring(naskah, **lain):
        peta = {
            "utas": "utas-joko",
            "layanan": "pemantauan",
            "pasien": joko,
            "peserta": {"Pak Joko": f"pasien/{joko}", "Bidan Ngelo": "petugas/bidan-ngelo"},
        }
        said = sop(
            "POST",
            "percakapan-konsultasi/impor",
            {"naskah": naskah, "peta": {**peta, **lain}},
        )
        assert said.status == 200, said.json
        return said.json

    return bring


def bacaan(sop, isolasi, **saring):
    query = "&".join(f"{name}={value}" for name, value in saring.items())
    path = f"pemantauan-isoman?isolasi={isolasi['id']}&jumlah=100&{query}"
    return sop.read(path.rstrip("&"))["dokumen"]


def rekap(fhir, isolasi, sampai="2021-07-15"):
    found = fhir.read(f"EpisodeOfCare/{isolasi['id']}/$rekap-isolasi?sampai={sampai}")
    values: dict = {}
    for each in found["parameter"]:
        kind = next((key for key in each if key.startswith("value")), None)
        parts = {p["name"]: p.get("valueDate", p.get("valueCode")) for p in each.get("part", ())}
        values.setdefault(each["name"], []).append(each[kind] if kind else parts)
    return values


def test_the_end_is_computed_from_onset(isolasi):
    assert isolasi["selesaiDihitung"] == "2021-07-15"


def test_the_plan_asks_for_two_readings_a_day_and_one_chat(fhir, isolasi):
    plan = fhir.read(f"CarePlan/{isolasi['id']}-rencana")
    timing = [each["detail"]["scheduledTiming"]["repeat"] for each in plan["activity"]]

    assert [each["frequency"] for each in timing] == [2, 1]
    assert plan["period"] == {"start": "2021-07-03", "end": "2021-07-15"}
    assert fhir.read(f"Flag/{isolasi['id']}-penanda")["status"] == "active"


def test_an_ambiguous_export_says_so_the_longer_one_adds_what_is_new_and_again_nothing(impor):
    first, longer, again = impor(AWAL), impor(PENUH), impor(PENUH)

    assert (first["messages"], first["new"], first["system"]) == (36, 35, 1)
    assert (first["refused"], len(first["warnings"])) == ([], 1)
    assert (longer["new"], longer["already"], longer["warnings"]) == (9, 35, [])
    assert longer["unmapped"] == {"Ketua RT": 1}
    assert (again["new"], again["already"]) == (0, 44)


def test_readings_in_messages_count_once_staff_confirm_them(sop, fhir, impor, isolasi):
    impor(AWAL)
    found = bacaan(sop, isolasi)
    first = found[0]
    seen = fhir.read(f"Observation/{first['id']}-spo2")

    refused = sop("PUT", f"pemantauan-isoman/{first['id']}", {**first, "status": "dikonfirmasi"})
    confirmed = {**first, "status": "dikonfirmasi", "dikonfirmasiOleh": "bidan-ngelo"}
    now = sop.kept(f"pemantauan-isoman/{first['id']}", confirmed)
    back = sop("PUT", f"pemantauan-isoman/{first['id']}", {**now, "status": first["status"]})

    assert {each["status"] for each in found} == {"menunggu-konfirmasi"}
    assert (first["suhu"], first["spo2"], first["napas"], first["sesi"]) == (37.8, 97, 20, "pagi")
    assert (seen["status"], seen["valueQuantity"]["value"]) == ("preliminary", 97)
    assert (refused.status, back.status) == (422, 409)
    assert fhir.read(f"Observation/{first['id']}-spo2")["status"] == "final"
    response = fhir.read(f"QuestionnaireResponse/{first['id']}")
    assert response["author"]["reference"] == "PractitionerRole/bidan-ngelo"


def test_a_symptom_past_day_ten_moves_the_end(sop, fhir, isolasi, joko):
    sop.made(
        "pemantauan-isoman",
        {
            "isolasi": isolasi["id"],
            "pasien": joko,
            "waktu": "2021-07-13T07:14:00+07:00",
            "pelapor": f"pasien/{joko}",
            "suhu": 36.6,
            "spo2": 98,
            "gejala": ["batuk"],
            "dikonfirmasiOleh": "bidan-ngelo",
        },
    )

    now = sop.read(f"isolasi-mandiri/{isolasi['id']}")
    assert (now["gejalaTerakhir"], now["selesaiDihitung"]) == ("2021-07-13", "2021-07-16")
    assert fhir.read(f"CarePlan/{isolasi['id']}-rencana")["period"]["end"] == "2021-07-16"


def test_saturation_misses_and_messages_of_thirteen_days(sop, fhir, joko, impor, isolasi):
    impor(PENUH)

    (found,) = sop.read(f"eskalasi-darurat?pasien={joko}")["dokumen"]
    hasil = rekap(fhir, isolasi)

    assert found["waktu"].startswith("2021-07-08T18:20")
    assert (found["status"], found["tanda"]) == ("diusulkan", ["sesak-napas"])
    assert "SpO₂ 93 % (<94)" in found["temuan"]
    assert hasil["bacaanTerlewat"] == [
        {"tanggal": "2021-07-06", "sesi": "sore"},
        {"tanggal": "2021-07-10", "sesi": "pagi"},
    ]
    assert hasil["bacaan"] == [24]
    assert hasil["tanpaKontak"] == ["2021-07-09"]
    assert (hasil["pesanMasuk"], hasil["pesanKeluar"]) == ([29], [14])
    assert hasil["selesaiDihitung"] == ["2021-07-15"]
    assert len(hasil["eskalasi"]) == 1
    impor(PENUH)
    assert rekap(fhir, isolasi) == hasil


def thread(sop, fhir, sender=None):
    (root,) = sop.read("percakapan-konsultasi")["dokumen"]
    query = f"part-of=Communication/{root['id']}&_sort=sent&_count=100"
    found = fhir.read(f"Communication?{query}")["entry"]
    messages = [each["resource"] for each in found]
    return [e for e in messages if sender in {None, e.get("sender", {}).get("reference")}]


def text_of(message):
    return [each.get("contentString") for each in message.get("payload", ())]


def test_what_was_edited_deleted_missed_and_sent_as_a_file_is_seen_by_fhir(sop, fhir, joko, impor):
    impor(AWAL)
    messages = {each["sent"][:16]: each for each in thread(sop, fhir, f"Patient/{joko}")}

    edited, deleted = messages["2021-07-05T12:30"], messages["2021-07-10T12:45"]
    media, named = messages["2021-07-04T07:16"], messages["2021-07-11T18:30"]
    missed = messages["2021-07-08T18:21"]
    assert text_of(edited) == ["istri keluar kota Bu, saya sendiri di rumah"]
    assert sop.read(f"pesan-chat/{edited['id']}")["disunting"] is True
    assert (deleted["status"], "payload" in deleted) == ("entered-in-error", False)
    assert sop.read(f"pesan-chat/{deleted['id']}")["dihapus"] is True
    assert {"url": f"{SD}/dihapus-pengirim", "valueBoolean": True} in deleted["extension"]
    assert missed["category"][0]["coding"][0]["code"] == "sistem"
    assert text_of(messages["2021-07-03T06:58"]) == [
        "Pagi Bu. Suhu 37.8\nSpO2 97, napas 20\nmasih batuk"
    ]
    files = [
        e["contentAttachment"]
        for m in (media, named)
        for e in m["payload"]
        if "contentAttachment" in e
    ]
    assert [each.get("title") for each in files] == [None, "IMG-20210711-WA0003.jpg"]
    assert not [each for each in files if "data" in each]
    twice = [e for e in thread(sop, fhir) if e["sent"].startswith("2021-07-12T07:25")]
    assert len(twice) == 2
    assert not [e for e in thread(sop, fhir) if "dienkripsi" in str(e)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("14/07/21 10.04 - Pak Joko: teks", ("2021-07-14T10:04:00+07:00", "menit")),
        ("14/07/2021, 14:30 - Pak Joko: teks", ("2021-07-14T14:30:00+07:00", "menit")),
        ("7/14/21, 2:30\u202fPM - Pak Joko: teks", ("2021-07-14T14:30:00+07:00", "menit")),
        ("\u200e[14/07/21, 14.30.15] Pak Joko: teks\r", ("2021-07-14T14:30:15+07:00", "detik")),
        ("\ufeff[7/14/21, 2:30:15 PM] Pak Joko: teks", ("2021-07-14T14:30:15+07:00", "detik")),
    ],
)
def test_every_spelling_of_a_telephone_is_imported_in_wib(sop, fhir, impor, line, expected):
    impor(line)

    (message,) = thread(sop, fhir)
    exact = sop.read(f"pesan-chat/{message['id']}")["presisi"]
    assert ((message["sent"], exact), text_of(message)) == (expected, ["teks"])


def test_days_that_contradict_each_other_are_refused_with_their_lines(sop, fhir, joko, isolasi):
    people = {"Pak Joko": f"pasien/{joko}"}
    peta = {"utas": "utas-joko", "layanan": "pemantauan", "pasien": joko, "peserta": people}
    chat = "13/07/21 08.00 - Pak Joko: satu\n7/14/21 08.00 - Pak Joko: dua\n"

    said = sop("POST", "percakapan-konsultasi/impor", {"naskah": chat, "peta": peta})

    assert isolasi["id"]
    assert said.status == 422
    assert "baris 1" in said.issues[0]["diagnostics"]
    assert "baris 2" in said.issues[0]["diagnostics"]
    assert fhir.read("Communication?_summary=count")["total"] == 0


@pytest.mark.usefixtures("isolasi")
def test_the_command_imports_the_same_chat_and_finds_nothing_new(context, joko, impor, tmp_path):
    impor(AWAL)
    chat, names, report = (tmp_path / each for each in ("chat.txt", "peta.yaml", "laporan.json"))
    chat.write_text(PENUH, "utf-8")
    names.write_text(
        f"utas: utas-joko\nlayanan: pemantauan\npasien: {joko}\npeserta:\n"
        f"  Pak Joko: pasien/{joko}\n  Bidan Ngelo: petugas/bidan-ngelo\n",
        "utf-8",
    )
    arguments = [str(chat), "--peserta", str(names), "--laporan", str(report)]

    counts = []
    for _ in range(2):
        done = CliRunner().invoke(command, arguments, obj=lambda: nullcontext(context))
        assert done.exit_code == 0, done.output
        said = json.loads(report.read_text("utf-8"))
        counts.append((said["new"], said["already"]))

    assert counts == [(9, 35), (0, 44)]


def test_br_a5_a_chat_with_the_doctor_is_imported_as_an_emergency(sop, joko, impor):
    chat = (
        "13/07/21 18.22 - Pak Joko: Dok saya sesak, SpO2 91\n"
        "13/07/21 18.25 - Dokter: Tengkurap Pak, ambulans berangkat\n"
    )
    orang = {"Pak Joko": f"pasien/{joko}", "Dokter": "petugas/dokter-1"}

    without = impor(chat, utas="utas-dokter", peserta=orang)
    said = impor(chat, utas="utas-dokter", peserta=orang, kategori="darurat")

    assert (without["new"], len(without["refused"])) == (1, 1)
    assert "BR-A5" in without["refused"][0]
    assert (said["new"], said["already"], said["refused"]) == (1, 1, [])
    (found,) = sop.read(f"eskalasi-darurat?pasien={joko}")["dokumen"]
    assert (found["pemicu"], found["status"]) == ("pesan-darurat", "diusulkan")


@pytest.mark.parametrize(
    ("salah", "says"),
    [
        ({"naskah": "bukan percakapan", "peta": {}}, "naskah"),
        ({"naskah": AWAL, "peta": {"utas": "u"}}, "peta"),
        ({"naskah": AWAL}, "peta"),
    ],
)
def test_what_is_no_export_is_refused(sop, salah, says):
    said = sop("POST", "percakapan-konsultasi/impor", salah)

    assert said.status == 422
    assert said.json["issue"][0]["diagnostics"].startswith(says)


@pytest.mark.parametrize(
    "lain",
    [
        {"komorbid": ["diabetes"]},
        {"syaratRumah": {**RUMAH, "kamarMandi": False}},
    ],
)
def test_who_is_not_eligible_needs_a_reason_to_stay_at_home(sop, dokumen, lain):
    refused = sop("POST", "isolasi-mandiri", {**dokumen, **lain})

    assert refused.status == 422
    assert "ISOMAN" in refused.json["issue"][0]["diagnostics"]
    sop.made("isolasi-mandiri", {**dokumen, **lain, "alasanPengecualian": "isoter penuh"})


def test_age_decides_with_the_patients_birth_date(sop, pasien, dokumen):
    tua = pasien(nama="Karto", nik="9902010304500008", lahir="1950-04-03", jenisKelamin="male")

    refused = sop("POST", "isolasi-mandiri", {**dokumen, "pasien": tua})

    assert "umur 71 tahun" in refused.json["issue"][0]["diagnostics"]


def akhir(isolasi, **lain):
    return {
        **isolasi,
        "status": "selesai",
        "diakhiri": "2021-07-15T09:00:00+07:00",
        "diakhiriOleh": "dokter-1",
        **lain,
    }


def test_a_nakes_ends_it_and_flag_and_plan_end_too(sop, fhir, isolasi):
    sop.kept(f"isolasi-mandiri/{isolasi['id']}", akhir(isolasi))

    assert fhir.read(f"EpisodeOfCare/{isolasi['id']}")["status"] == "finished"
    assert fhir.read(f"CarePlan/{isolasi['id']}-rencana")["status"] == "completed"
    assert fhir.read(f"Flag/{isolasi['id']}-penanda")["status"] == "inactive"
    assert sop.read("isolasi-mandiri?status=berjalan")["dokumen"] == []


@pytest.mark.parametrize("siapa", [None, "kader-1", "tidak-ada"])
def test_only_a_nakes_ends_it(sop, isolasi, siapa):
    whole = {k: v for k, v in akhir(isolasi, diakhiriOleh=siapa).items() if v is not None}

    said = sop("PUT", f"isolasi-mandiri/{isolasi['id']}", whole)

    assert said.status == 422
    assert "ISOMAN" in said.json["issue"][0]["diagnostics"]


def test_only_a_nakes_ends_it_also_by_fhir(fhir, isolasi):
    episode = fhir.read(f"EpisodeOfCare/{isolasi['id']}")
    ended = {**episode["period"], "end": "2021-07-16"}

    said = fhir(
        "PUT", f"EpisodeOfCare/{isolasi['id']}", {**episode, "status": "finished", "period": ended}
    )

    assert said.status == 422
    assert "ISOMAN" in said.issues[0]["diagnostics"]


def test_it_does_not_end_before_its_day_without_a_reason(sop, isolasi):
    early = akhir(isolasi, diakhiri="2021-07-14T09:00:00+07:00")

    refused = sop("PUT", f"isolasi-mandiri/{isolasi['id']}", early)

    assert refused.status == 409
    sop.kept(f"isolasi-mandiri/{isolasi['id']}", {**early, "alasan": "PCR negatif dua kali"})


def test_a_patient_is_in_one_isolation_at_a_time(sop, dokumen, isolasi):
    second = sop("POST", "isolasi-mandiri", dokumen)

    assert second.status == 409
    assert isolasi["id"] in second.json["issue"][0]["diagnostics"]
    sop.kept(f"isolasi-mandiri/{isolasi['id']}", akhir(isolasi))
    sop.made("isolasi-mandiri", {**dokumen, "mulai": "2021-12-01", "tglOnset": "2021-12-01"})


def test_what_ended_stays_ended(sop, isolasi):
    ended = sop.kept(f"isolasi-mandiri/{isolasi['id']}", akhir(isolasi))
    again = {k: v for k, v in ended.items() if k not in {"diakhiri", "diakhiriOleh"}}

    said = sop("PUT", f"isolasi-mandiri/{isolasi['id']}", {**again, "status": "berjalan"})

    assert said.status == 409
