"""S2: a LAKON consultation in time, with a prescription approved, sent, prepared and delivered.

Everything goes in through the SOP API in the order of that morning, and is looked at through the
FHIR API as a hospital would.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fhir_server.sop.sla import ukur

MEASURE = Path(__file__).parents[2] / "profiles" / "measure" / "sla-lakon.json"

CS = "https://puskesmas.example/fhir/CodeSystem"
NO_KASUS = "LGK-2021-0712-001"


def wib(jam):
    return f"2021-07-12T{jam}+07:00"


@pytest.fixture
def settings(settings):
    return replace(settings, lakon_kecamatan="990302")


@pytest.fixture
def bambang(pasien):
    return pasien(
        nama="Bambang Prasetyo",
        nik="9903022107750001",
        lahir="1975-07-21",
        jenisKelamin="male",
        kabupaten="9903",
        kecamatan="990302",
        desa="9903022001",
    )


@pytest.fixture
def kasus(sop, bambang):
    return sop.made(
        "kasus-konsultasi",
        {
            "noKasus": NO_KASUS,
            "layanan": "lakon",
            "faskes": "tim-lakon-kembaran",
            "pasien": bambang,
            "pemohon": f"pasien/{bambang}",
            "kanal": "whatsapp",
            "keluhan": "batuk pilek 2 hari, demam 37.9",
            "diajukan": wib("08:00:00"),
            "penanggungJawab": "dokter-pj",
            "status": "diteruskan",
        },
    )["id"]


@pytest.fixture
def konsultasi(kasus):
    return f"{kasus}-konsultasi"


@pytest.fixture
def utas(sop, bambang, kasus, konsultasi):
    return sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "9c56cc51b374c3ba189210d5b6d4bf57",
            "layanan": "lakon",
            "kanal": "whatsapp",
            "dimulai": wib("08:00:00"),
            "peserta": [
                f"pasien/{bambang}",
                "petugas/operator-kembaran",
                "tim/tim-dokter-relawan",
            ],
            "pasien": bambang,
            "kasus": kasus,
            "kunjungan": konsultasi,
        },
    )["id"]


@pytest.fixture
def pesan(sop, bambang, kasus, konsultasi, utas):
    def write(nomor, jam, isi, **lain):
        dokumen = {
            "idPesan": f"wamid.S2-{nomor}",
            "utas": utas,
            "arah": "masuk",
            "waktuKirim": wib(jam),
            "pengirim": f"pasien/{bambang}",
            "penerima": ["petugas/operator-kembaran"],
            "pasien": bambang,
            "kasus": kasus,
            "kunjungan": konsultasi,
            "isi": isi,
            "kategori": "keluhan",
        }
        return sop.made("pesan-chat", {**dokumen, **lain})["id"]

    return write


@pytest.fixture
def keluhan(pesan):
    return pesan("01", "08:00:00", "Batuk pilek 2 hari, demam 37.9", waktuTerima=wib("08:00:04"))


@pytest.fixture
def penerusan(pesan, keluhan):
    return pesan(
        "02",
        "08:03:10",
        "Kasus baru: batuk pilek 2 hari, demam 37.9",
        arah="internal",
        pengirim="petugas/operator-kembaran",
        penerima=["tim/tim-dokter-relawan"],
        kategori="penerusan",
        balasanDari=keluhan,
    )


@pytest.fixture
def resep(sop, bambang, kasus, konsultasi):
    return sop.made(
        "resep",
        {
            "noResep": "RSP-LGK-0001",
            "asal": "konsultasi-daring",
            "pasien": bambang,
            "peresep": "dokter-relawan-1",
            "waktu": wib("08:07:40"),
            "item": [
                {
                    "obat": "93999901",
                    "nama": "Parasetamol 500 mg",
                    "signa": "3 x 1 tablet bila demam",
                    "jumlah": 10,
                }
            ],
            "kunjungan": konsultasi,
            "kasus": kasus,
            "status": "disusun",
        },
    )["id"]


@pytest.fixture
def advis(sop, bambang, kasus, konsultasi, utas, keluhan, penerusan, resep):  # noqa: PLR0913, PLR0917 - who takes part
    assert penerusan
    return sop.made(
        "advis",
        {
            "utas": utas,
            "kunjungan": konsultasi,
            "pasien": bambang,
            "penulis": "dokter-relawan-1",
            "jenis": ["saran", "resep"],
            "isi": "Istirahat, minum cukup, parasetamol 500 mg bila demam",
            "diterimaTim": wib("08:03:10"),
            "dibuat": wib("08:07:40"),
            "kasus": kasus,
            "balasanDari": keluhan,
            "dasar": [keluhan],
            "resep": [resep],
            "penerima": [f"pasien/{bambang}"],
        },
    )


@pytest.fixture
def permintaan(sop, advis):
    """The approval that the advice has brought about, waiting for the responsible doctor."""
    (asked,) = sop.read(f"persetujuan-advis?advis={advis['id']}")["dokumen"]
    return {name: value for name, value in asked.items() if name not in {"versi", "diubah"}}


@pytest.fixture
def disetujui(sop, permintaan):
    decided = {**permintaan, "keputusan": "disetujui", "waktu": wib("08:29:05")}
    return sop.kept(f"persetujuan-advis/{permintaan['id']}", decided)


@pytest.fixture
def diterima(sop, advis, disetujui):
    assert disetujui["keputusan"] == "disetujui"
    now = sop.read(f"advis/{advis['id']}")
    sent = {**now, "status": "diterima", "waktuKirim": wib("08:40:00")}
    return sop.kept(f"advis/{advis['id']}", {**sent, "waktuTerima": wib("08:40:06")})


def resources(bundle):
    return [each["resource"] for each in bundle.get("entry", ())]


def test_the_prescription_waits_for_the_approval(fhir, advis, resep, permintaan):
    assert advis["status"] == "disusun"
    assert permintaan.get("keputusan") is None
    drug = fhir.read(f"MedicationRequest/{resep}")
    assert drug["status"] == "draft"
    coding = drug["medicationCodeableConcept"]["coding"][0]
    assert (coding["code"], coding["display"]) == ("93999901", "Parasetamol 500 mg")
    assert drug["dosageInstruction"][0]["text"] == "3 x 1 tablet bila demam"
    assert drug["dispenseRequest"]["quantity"]["value"] == 10


def test_the_approval_activates_the_prescription(fhir, resep, disetujui):
    assert disetujui["keputusan"] == "disetujui"
    assert fhir.read(f"MedicationRequest/{resep}")["status"] == "active"


def test_a_rejection_cancels_the_prescription_and_stops_the_advice(
    sop, fhir, advis, resep, permintaan
):
    rejected = {"keputusan": "ditolak", "waktu": wib("08:20:00"), "alasan": "dosis belum jelas"}

    sop.kept(f"persetujuan-advis/{permintaan['id']}", {**permintaan, **rejected})

    assert fhir.read(f"MedicationRequest/{resep}")["status"] == "cancelled"
    assert fhir.read(f"Communication/{advis['id']}")["status"] == "stopped"


def test_sending_before_the_approval_is_refused(sop, advis, permintaan):
    sent = {**advis, "status": "dikirim", "waktuKirim": wib("08:20:00")}

    said = sop("PUT", f"advis/{advis['id']}", sent)

    assert permintaan["id"]
    assert said.status == 409
    assert "BR-D7" in said.issues[0]["diagnostics"]


@pytest.mark.parametrize("status", ["in-progress", "completed"])
def test_sending_before_the_approval_is_refused_by_fhir_too(fhir, advis, status):
    resource = fhir.read(f"Communication/{advis['id']}")

    said = fhir("PUT", f"Communication/{advis['id']}", {**resource, "status": status})

    assert said.status == 409
    assert said.issues[0]["code"] == "business-rule"
    assert "BR-D7" in said.issues[0]["diagnostics"]


def test_activating_the_prescription_before_the_approval_is_refused_by_fhir(fhir, advis, resep):
    resource = fhir.read(f"MedicationRequest/{resep}")

    said = fhir("PUT", f"MedicationRequest/{resep}", {**resource, "status": "active"})

    assert advis["resep"] == [resep]
    assert said.status == 409
    assert "BR-D7" in said.issues[0]["diagnostics"]


def test_nobody_approves_his_own_advice(sop, advis, kasus, bambang):
    said = sop(
        "POST",
        "persetujuan-advis",
        {
            "advis": advis["id"],
            "kasus": kasus,
            "noKasus": NO_KASUS,
            "pasien": bambang,
            "peminta": "dokter-relawan-1",
            "penyetuju": "dokter-relawan-1",
            "diminta": wib("08:07:40"),
        },
    )

    assert said.status == 422
    assert "BR-D7" in said.issues[0]["diagnostics"]


def test_one_provenance_names_approver_and_author(fhir, advis, diterima):
    assert diterima["status"] == "diterima"
    found = resources(fhir.read(f"Provenance?target=Communication/{advis['id']}"))

    (proof,) = [each for each in found if "signature" in each]  # others say who wrote it down
    agents = {a["type"]["coding"][0]["code"]: a["who"]["reference"] for a in proof["agent"]}
    assert agents == {
        "verifier": "PractitionerRole/dokter-pj",
        "author": "PractitionerRole/dokter-relawan-1",
    }


def test_a_charge_for_this_consultation_is_refused(fhir, bambang, konsultasi):
    charge = {
        "resourceType": "ChargeItem",
        "status": "billable",
        "code": {"text": "jasa konsultasi"},
        "subject": {"reference": f"Patient/{bambang}"},
        "context": {"reference": f"Encounter/{konsultasi}"},
    }

    said = fhir("POST", "ChargeItem", charge)

    assert said.status == 422
    assert "BR-D2" in said.issues[0]["diagnostics"]


def test_a_charge_elsewhere_is_none_of_this_rule(fhir, bambang, kunjungan):
    charge = {
        "resourceType": "ChargeItem",
        "status": "planned",  # BR-B22 asks for a service only once it is billable
        "code": {"text": "pemeriksaan"},
        "subject": {"reference": f"Patient/{bambang}"},
        "context": {"reference": f"Encounter/{kunjungan(bambang)}"},
    }

    assert fhir("POST", "ChargeItem", charge).status == 201


def test_the_thread_is_read_in_order(fhir, utas, keluhan, penerusan, advis, diterima, pesan):  # noqa: PLR0913, PLR0917 - who takes part
    thanks = pesan("03", "08:45:00", "Terima kasih dok", kategori="lainnya")

    found = resources(fhir.read(f"Communication?part-of=Communication/{utas}&_sort=sent"))

    assert diterima["id"] == advis["id"]
    assert [each["id"] for each in found] == [keluhan, penerusan, advis["id"], thanks]
    assert [each["status"] for each in found] == ["completed"] * 4


def test_the_consultation_is_virtual(fhir, konsultasi, kasus):
    encounter = fhir.read(f"Encounter/{konsultasi}")

    assert encounter["class"]["code"] == "VR"
    assert fhir.read(f"Task/{kasus}")["encounter"]["reference"] == f"Encounter/{konsultasi}"


def test_every_step_was_in_time(fhir, kasus, keluhan, penerusan, advis, permintaan, diterima):  # noqa: PLR0913, PLR0917 - who takes part
    def at(resource, *path):
        for each in path:
            resource = resource[each]
        return datetime.fromisoformat(resource)

    assert diterima["waktuTerima"] == wib("08:40:06")
    message = fhir.read(f"Communication/{advis['id']}")
    written = fhir.read(f"Task/{kasus}-d6-1")
    decided = fhir.read(f"Task/{permintaan['id']}")
    first = at(fhir.read(f"Communication/{keluhan}"), "sent")
    forwarded = at(fhir.read(f"Communication/{penerusan}"), "sent")
    advised = at(written, "executionPeriod", "end")
    approved = at(decided, "executionPeriod", "end")
    received = at(message, "received")

    steps = [
        ukur("sla-d6", forwarded, advised),
        ukur("sla-d7", advised, approved),
        ukur("sla-d8", approved, received),
        ukur("sla-total", first, received),
    ]

    assert [step.lama for step in steps] == [
        timedelta(minutes=4, seconds=30),
        timedelta(minutes=21, seconds=25),
        timedelta(minutes=11, seconds=1),
        timedelta(minutes=40, seconds=6),
    ]
    assert all(step.tepat for step in steps)
    assert at(written, "restriction", "period", "end") == forwarded + timedelta(minutes=5)
    assert at(decided, "restriction", "period", "end") == advised + timedelta(minutes=30)


def test_br_d8_the_report_says_the_same_figures(fhir, diterima):
    assert diterima["status"] == "diterima"
    fhir.kept("Measure/sla-lakon", json.loads(MEASURE.read_text("utf-8")))

    report = fhir.read(
        "Measure/sla-lakon/$evaluate-measure?periodStart=2021-07-12&periodEnd=2021-07-12"
    )

    said = fhir("POST", "MeasureReport/$validate", report)
    assert {each["severity"] for each in said.issues} <= {"information", "warning"}
    found = {}
    for group in report["group"]:
        seconds = [e for e in group.get("extension", ()) if e["url"].endswith("/sla-median")]
        if seconds:
            step = group["code"]["coding"][0]["code"]
            found[step] = (
                seconds[0]["valueQuantity"]["value"],
                group["measureScore"]["value"],
            )
    assert found == {
        "sla-d5": (190, 100.0),
        "sla-d6": (270, 100.0),
        "sla-d7": (1285, 100.0),
        "sla-d8": (661, 100.0),
        "sla-total": (2406, 100.0),
    }


def test_the_drug_is_prepared_and_handed_over_at_home(  # noqa: PLR0913, PLR0917 - who takes part
    sop, fhir, bambang, kasus, konsultasi, resep, diterima
):
    prepared = {
        "resep": resep,
        "pasien": bambang,
        "obat": "93999901",
        "nama": "Parasetamol 500 mg",
        "jumlah": 10,
        "petugas": "apoteker-1",
        "kunjungan": konsultasi,
        "kasus": kasus,
        "disiapkan": wib("10:50:00"),
        "diantarKe": "rumah pasien",
        "kurir": "apotik-mitra",
        "status": "diantar",
    }
    made = sop.made("penyerahan-obat", prepared)
    handed = {
        **made,
        "status": "selesai",
        "diserahkan": wib("11:15:00"),
        "penerima": f"pasien/{bambang}",
    }

    sop.kept(f"penyerahan-obat/{made['id']}", handed)

    assert diterima["status"] == "diterima"
    (dispense,) = resources(
        fhir.read(f"MedicationDispense?prescription=MedicationRequest/{resep}&status=completed")
    )
    assert dispense["whenPrepared"] == wib("10:50:00")
    assert dispense["whenHandedOver"] == wib("11:15:00")
    assert fhir.read(f"Task/{made['id']}-antar")["status"] == "completed"
    assert fhir.read(f"MedicationRequest/{resep}")["status"] == "completed"
