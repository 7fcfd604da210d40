"""SOP Chat step 1: what a pregnant woman at risk answers is a form of the monitoring.

What her message names waits for the midwife; a danger sign that the midwife notes proposes an
escalation (effect "usulan dari isian").
"""

from __future__ import annotations

import pytest

BIDAN = "bidan-desa-ngelo"
CS = "https://puskesmas.example/fhir/CodeSystem"
JAWABAN = "kaki bengkak bu, tensi di posyandu 130/80"


@pytest.fixture
def endang(fhir, pasien):
    role = {"coding": [{"system": f"{CS}/peran-petugas", "code": "bidan"}]}
    fhir.kept(
        f"PractitionerRole/{BIDAN}",
        {"resourceType": "PractitionerRole", "id": BIDAN, "code": [role]},
    )
    return pasien(nama="Endang Suryani", nik="9902015405830015", lahir="1983-05-14")


@pytest.fixture
def rencana(sop, endang):
    return sop.made(
        "rencana-asuhan",
        {
            "nomor": "RA-2024-0044",
            "pasien": endang,
            "kelompok": "KRST",
            "hpht": "2024-01-08",
            "dibuat": "2024-07-29T08:00:00+07:00",
            "penyusun": BIDAN,
            "rencanaPersalinan": {"tempat": "RS", "penolong": "dokter"},
            "jadwalPemantauan": {
                "kanal": "whatsapp",
                "pelaksana": BIDAN,
                "mulai": "2024-07-29",
            },
        },
    )["id"]


@pytest.fixture
def tulis(sop, endang, rencana):
    """Write in her thread; gives the message."""
    assert rencana
    utas = sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-endang",
            "layanan": "pemantauan",
            "kanal": "whatsapp",
            "dimulai": "2024-08-05T09:05:00+07:00",
            "peserta": [f"pasien/{endang}", f"petugas/{BIDAN}"],
            "pasien": endang,
        },
    )["id"]

    def message(isi):
        dokumen = {
            "idPesan": "wamid.R-1",
            "utas": utas,
            "arah": "masuk",
            "waktuKirim": "2024-08-05T09:40:00+07:00",
            "pengirim": f"pasien/{endang}",
            "penerima": [f"petugas/{BIDAN}"],
            "pasien": endang,
            "isi": isi,
            "kategori": "pemantauan",
        }
        return sop.made("pesan-chat", dokumen)

    return message


@pytest.fixture
def isian(sop, endang, rencana):
    """The midwife types a form from her book; gives what the server says."""
    assert rencana

    def form(**lain):
        dokumen = {
            "sumber": "entri-manual",
            "pasien": endang,
            "waktu": "2024-08-12T08:30:00+07:00",
            "pelapor": f"pasien/{endang}",
            "dikonfirmasiOleh": BIDAN,
        }
        return sop("POST", "pemantauan-risti", {**dokumen, **lain})

    return form


def usulan(sop, endang):
    return sop.read(f"eskalasi-darurat?pasien={endang}")["dokumen"]


def test_what_her_message_names_waits_for_the_midwife(sop, fhir, endang, rencana, tulis):
    pesan = tulis(JAWABAN)

    (found,) = sop.read(f"pemantauan-risti?pasien={endang}&status=menunggu-konfirmasi")["dokumen"]
    assert (found["sistolik"], found["diastolik"]) == (130, 80)
    assert found["tandaBahaya"] == ["bengkak"]
    assert (found["rencana"], found["pesan"]) == (rencana, pesan["id"])
    tensi = fhir.read(f"Observation/{found['id']}-tekanan-darah")
    assert tensi["status"] == "preliminary"


def test_confirmed_it_counts_and_proposes_nothing_again(sop, fhir, endang, tulis):
    tulis(JAWABAN)
    (found,) = sop.read(f"pemantauan-risti?pasien={endang}")["dokumen"]

    sop.kept(
        f"pemantauan-risti/{found['id']}",
        {**found, "status": "dikonfirmasi", "dikonfirmasiOleh": BIDAN, "keluhan": "kaki bengkak"},
    )

    assert fhir.read(f"Observation/{found['id']}-tekanan-darah")["status"] == "final"
    (satu,) = usulan(sop, endang)
    assert (satu["status"], satu["tanda"]) == ("diusulkan", ["bengkak"])


def test_a_sign_that_she_tells_later_is_proposed_too(sop, endang, tulis):
    """The effect "usulan dari isian": the midwife asked on, and notes what she heard."""
    tulis(JAWABAN)
    (found,) = sop.read(f"pemantauan-risti?pasien={endang}")["dokumen"]
    tanda = [*found["tandaBahaya"], "gangguan-penglihatan"]

    sop.kept(
        f"pemantauan-risti/{found['id']}",
        {**found, "status": "dikonfirmasi", "dikonfirmasiOleh": BIDAN, "tandaBahaya": tanda},
    )

    tanda = sorted(each["tanda"] for each in usulan(sop, endang))
    assert tanda == [["bengkak"], ["gangguan-penglihatan"]]


def test_a_message_without_a_reading_or_a_sign_makes_no_form(sop, endang, tulis):
    tulis("alhamdulillah sehat bu, tidak pusing")

    assert sop.read(f"pemantauan-risti?pasien={endang}")["dokumen"] == []


def test_from_the_book_a_danger_sign_proposes_an_escalation(sop, endang, rencana, isian):
    """The effect "usulan dari isian"; a proposal only, for a bidan or dokter to open."""
    said = isian(tandaBahaya=["perdarahan"], keluhan="keluar darah sejak pagi", tabletFe=True)

    assert said.status == 201, said.json
    assert said.json["rencana"] == rencana
    (satu,) = usulan(sop, endang)
    assert (satu["status"], satu["tanda"]) == ("diusulkan", ["perdarahan"])
    assert satu["pemicu"] == "usulan-tanda-bahaya"


def test_a_sign_with_an_emergency_value_is_one_proposal(sop, endang, isian):
    said = isian(tandaBahaya=["sakit-kepala-hebat"], sistolik=168, diastolik=112)

    assert said.status == 201, said.json
    assert any("168/112" in each for each in said.json["peringatan"])
    (satu,) = usulan(sop, endang)
    assert satu["tanda"] == ["sakit-kepala-hebat"]
    assert satu["temuan"] == ["tekanan darah 168/112 mmHg (≥160/110)"]


@pytest.mark.parametrize(
    ("lain", "bidang"),
    [
        ({}, "keluhan"),
        ({"sistolik": 120}, "sistolik"),
        ({"sistolik": 70, "diastolik": 110}, "sistolik"),
        ({"suhu": 367}, "suhu"),
        ({"tandaBahaya": ["bengkak", "bengkak"]}, "tandaBahaya"),
        ({"keluhan": "pusing", "dikonfirmasiOleh": None}, "dikonfirmasiOleh"),
    ],
)
def test_what_a_form_gets_wrong_is_said_and_nothing_written(fhir, isian, lain, bidang):
    said = isian(**lain)

    assert said.status == 422
    assert bidang in {each["expression"][0] for each in said.issues}
    assert fhir.read("QuestionnaireResponse?_summary=count")["total"] == 0


def test_a_rejected_form_is_not_confirmed_by_either_api(sop, fhir, endang, tulis):
    tulis(JAWABAN)
    (found,) = sop.read(f"pemantauan-risti?pasien={endang}")["dokumen"]
    where = f"pemantauan-risti/{found['id']}"
    found = sop.kept(where, {**found, "status": "ditolak"})
    form = fhir.read(f"QuestionnaireResponse/{found['id']}")

    again = {**found, "status": "dikonfirmasi", "dikonfirmasiOleh": BIDAN}
    by_sop = sop("PUT", where, again)
    by_fhir = fhir("PUT", f"QuestionnaireResponse/{found['id']}", {**form, "status": "completed"})

    assert [by_sop.status, by_fhir.status] == [409, 409]
    assert "final" in by_fhir.issues[0]["diagnostics"]
