"""LAKON from case to recovery, whoever writes: the course of a case, four eyes, no charge."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from fhir_server.app import create_app
from fhir_server.mappings import r4b
from tests.scenarios.lakon import PENYETUJU, Lakon, wib
from tests.support.both import Caller

CS = "https://puskesmas.example/fhir/CodeSystem"
MEASURE = Path(__file__).parents[2] / "profiles" / "measure" / "sla-lakon.json"
PATCH = "application/json-patch+json"


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
    return Lakon(sop, bambang, "0001").ajukan(kanal="landing-page")


@pytest.fixture
def disarankan(kasus):
    kasus.teruskan("08:03:10")
    kasus.sarankan("08:07:40")
    return kasus


@pytest.fixture
def diterima(disarankan):
    disarankan.putuskan("08:29:05")
    disarankan.kirim("08:40:00", "08:40:06")
    return disarankan


def state(code):
    return {"coding": [{"system": f"{CS}/status-kasus", "code": code}]}


def test_a_case_moves_with_what_is_written(kasus):
    seen = [kasus.status]
    kasus.teruskan("08:03:10")
    seen.append(kasus.status)
    kasus.sarankan("08:07:40")
    seen.append(kasus.status)
    kasus.putuskan("08:29:05")
    seen.append(kasus.status)
    kasus.kirim("08:40:00")
    seen.append(kasus.status)

    assert seen == [
        "diajukan",
        "diteruskan",
        "saran-dibuat",
        "disetujui",
        "diteruskan-ke-pasien",
    ]


@pytest.mark.parametrize(
    ("kecamatan", "berakhir"), [("990302", "diteruskan"), ("990199", "ditolak")]
)
def test_a_case_whose_writer_has_a_faster_clock_goes_its_way(context, pasien, kecamatan, berakhir):
    rumah = {"kabupaten": kecamatan[:4], "kecamatan": kecamatan, "desa": f"{kecamatan}2001"}
    warga = pasien(nik="9903025207750002", **rumah)
    ours = replace(context.settings, lakon_kecamatan="990302")
    late = datetime.fromisoformat(wib(12, "07:00:00"))
    server = create_app(replace(context, settings=ours, clock=lambda: late)).test_client()
    kasus = Lakon(Caller(server, "/sop/v1", "application/json"), warga, "0009")

    kasus.ajukan("08:00:00")
    if berakhir == "diteruskan":
        kasus.teruskan("08:03:10")

    assert kasus.status == berakhir


def test_a_case_that_is_answered_is_due_no_more(fhir, diterima):
    assert diterima.status == "diterima"
    assert "restriction" not in fhir.read(f"Task/{diterima.kasus}")
    assert fhir.read("Task?status=requested,in-progress&due=lt2026-01-01")["total"] == 0


def test_an_illegal_move_is_refused_by_put_patch_and_transaction(client, fhir, kasus):
    name = f"Task/{kasus.kasus}"
    jump = {**fhir.read(name), "status": "in-progress", "businessStatus": state("disetujui")}
    entry = {"resource": jump, "request": {"method": "PUT", "url": name}}
    patch = [
        {"op": "replace", "path": "/status", "value": "in-progress"},
        {"op": "replace", "path": "/businessStatus", "value": jump["businessStatus"]},
    ]

    put = fhir("PUT", name, jump)
    whole = fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    patched = client.patch(f"/fhir/{name}", data=json.dumps(patch), content_type=PATCH)
    sop = kasus.ubah(status="disetujui")

    assert [put.status, whole.status, patched.status_code, sop.status] == [409] * 4
    assert (
        "Allowed next: rejected (ditolak), forwarded (diteruskan)" in (put.issues[0]["diagnostics"])
    )
    assert kasus.status == "diajukan"


def test_the_refusal_of_a_move_is_also_in_indonesian(fhir, kasus):
    name = f"Task/{kasus.kasus}"
    jump = {**fhir.read(name), "status": "in-progress", "businessStatus": state("disetujui")}

    said = fhir("PUT", name, jump, Accept_Language="id")

    assert "berstatus diajukan dan tidak dapat menjadi disetujui" in json.dumps(said.json)


def test_br_d7_four_eyes_hold_for_fhir_too(fhir, disarankan):
    name = f"Task/{disarankan.advis}-persetujuan"
    task = fhir.read(name)
    author = {"reference": "PractitionerRole/dokter-relawan-1"}

    said = fhir("PUT", name, {**task, "owner": author, "status": "completed"})

    assert said.status == 422
    assert "BR-D7" in said.issues[0]["diagnostics"]


def test_br_d7_only_the_role_that_is_set_decides(fhir, disarankan):
    fhir.kept(
        "PractitionerRole/camat",
        {
            "resourceType": "PractitionerRole",
            "id": "camat",
            "code": [{"coding": [{"system": f"{CS}/peran-petugas", "code": "camat"}]}],
        },
    )
    name = f"Task/{disarankan.advis}-persetujuan"
    camat = {"reference": "PractitionerRole/camat"}

    said = fhir("PUT", name, {**fhir.read(name), "owner": camat, "status": "completed"})

    assert said.status == 422
    assert "the role dokter, not by camat" in said.issues[0]["diagnostics"]


def test_a_decision_by_fhir_has_the_same_consequences(fhir, disarankan):
    name = f"Task/{disarankan.advis}-persetujuan"
    ended = {"start": wib(12, "08:07:40"), "end": wib(12, "08:29:05")}

    said = fhir("PUT", name, {**fhir.read(name), "status": "completed", "executionPeriod": ended})

    proof = fhir.read(f"Provenance/{disarankan.advis}-persetujuan-bukti")
    step = fhir.read(f"Task/{disarankan.advis}-d8")
    assert said.status == 200
    assert disarankan.status == "disetujui"
    assert proof["agent"][0]["who"]["reference"] == f"PractitionerRole/{PENYETUJU}"
    assert step["restriction"]["period"]["end"] == wib(12, "08:44:05")


def test_an_emergency_goes_before_the_course_of_the_case(sop, fhir, kasus):
    kasus.teruskan("08:03:10")
    sop.made(
        "pesan-chat",
        {
            "idPesan": "wamid.darurat",
            "utas": kasus.utas,
            "arah": "masuk",
            "waktuKirim": wib(12, "08:04:00"),
            "pengirim": f"pasien/{kasus.pasien}",
            "penerima": ["petugas/dokter-relawan-1"],
            "pasien": kasus.pasien,
            "kasus": kasus.kasus,
            "isi": "sesak sekali dok",
            "kategori": "darurat",
        },
    )

    assert kasus.status == "darurat"
    assert fhir.read(f"Task/{kasus.kasus}")["priority"] == "stat"
    assert kasus.ubah(status="diteruskan").status == 200


def test_a_patient_who_is_not_reached_ends_the_case(fhir, disarankan):
    disarankan.putuskan("08:29:05")

    disarankan.ubah(status="tidak-dapat-dihubungi", selesai=wib(13, "08:00:00"))

    assert fhir.read(f"Task/{disarankan.kasus}")["status"] == "failed"
    assert fhir.read(f"Task/{disarankan.advis}-d8")["status"] == "cancelled"
    assert fhir.read(f"Communication/{disarankan.advis}")["status"] == "stopped"


def test_every_step_is_valid_and_parsed_by_an_independent_parser(fhir, diterima):
    found = fhir.read(f"Task?part-of=Task/{diterima.kasus}&_count=50")["entry"]

    profiles = {e["resource"]["meta"]["profile"][-1].rpartition("/")[2] for e in found}
    assert profiles == {"TugasLangkahKonsultasi", "TugasMemberiSaran", "PersetujuanAdvis"}
    for each in found:
        assert r4b.Task(**each["resource"]).status == "completed"
        said = fhir("POST", "Task/$validate", each["resource"])
        assert {e["severity"] for e in said.issues} <= {"information", "warning"}


def test_lists_of_the_program_are_filtered(sop):
    step = {
        "langkah": "sla-d3",
        "faskes": "tim-lakon",
        "pemberi": "petugas/camat",
        "pelaksana": "tim/tim-pelaksana",
        "ditugaskan": wib(12, "08:00:00"),
    }
    duty = {
        "layanan": "layanan-lakon",
        "faskes": "tim-lakon",
        "operator": "operator-kembaran",
        "mulai": wib(12, "00:00:00"),
        "selesai": wib(12, "23:59:59"),
        "dokter": ["dokter-pj"],
    }
    service = {
        "nama": "LAKON",
        "jenis": "lakon",
        "faskes": "tim-lakon",
        "karakteristik": ["gratis"],
        "jam": [{"hari": ["senin"], "mulai": "07:30", "selesai": "14:00"}],
    }
    made = [
        sop.made("langkah-program", step),
        sop.made("pelaksanaan-harian", duty),
        sop.made("layanan", service),
    ]

    found = [
        sop.read("langkah-program?langkah=sla-d3&pelaksana=tim/tim-pelaksana&status=ditugaskan"),
        sop.read("pelaksanaan-harian?mulai=2021-07-12&operator=operator-kembaran&faskes=tim-lakon"),
        sop.read("layanan?jenis=lakon&faskes=tim-lakon&nama=lakon"),
    ]

    assert [[e["id"] for e in page["dokumen"]] for page in found] == [[e["id"]] for e in made]
    assert made[2]["jam"] == service["jam"]
    assert sop.read("langkah-program?langkah=sla-d1")["dokumen"] == []


def test_br_d8_a_decision_by_fhir_without_its_time_is_timed_by_the_server(fhir, disarankan):
    name = f"Task/{disarankan.advis}-persetujuan"

    fhir.kept(name, {**fhir.read(name), "status": "completed"})

    assert fhir.read(name)["executionPeriod"]["end"] > "2026-01-01"


def test_br_d8_the_clock_of_a_step_is_not_moved_by_fhir(fhir, disarankan):
    name = f"Task/{disarankan.kasus}-d6-1"
    step = fhir.read(name)

    for moved in (
        {"start": wib(12, "08:07:00"), "end": wib(12, "08:07:40")},
        {"start": wib(12, "08:03:10"), "end": wib(12, "08:04:00")},
    ):
        said = fhir("PUT", name, {**step, "executionPeriod": moved})
        assert said.status == 409
        assert "BR-D8" in said.issues[0]["diagnostics"]


def test_the_patient_writes_again_and_the_case_goes_on(diterima):
    diterima.teruskan("13:00:00")

    assert diterima.status == "diteruskan"


def test_a_case_of_isolation_at_home_closes_when_its_episode_is_over(sop, fhir, diterima):
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": "isoman-1",
        "status": "active",
        "type": [{"coding": [{"system": f"{CS}/jenis-episode", "code": "isoman"}]}],
        "patient": {"reference": f"Patient/{diterima.pasien}"},
    }
    fhir.kept("EpisodeOfCare/isoman-1", episode)

    early = diterima.ubah(status="selesai", selesai=wib(13, "08:00:00"))
    role = {"coding": [{"system": f"{CS}/peran-petugas", "code": "dokter"}]}
    fhir.kept(
        "PractitionerRole/dokter-1",
        {"resourceType": "PractitionerRole", "id": "dokter-1", "code": [role]},
    )
    by = {"url": "diakhiriOleh", "valueReference": {"reference": "PractitionerRole/dokter-1"}}
    ended = {"url": f"{CS[:-10]}StructureDefinition/isolasi-mandiri", "extension": [by]}
    fhir.kept("EpisodeOfCare/isoman-1", {**episode, "status": "finished", "extension": [ended]})
    late = diterima.ubah(status="selesai", selesai=wib(22, "08:00:00"))

    assert early.status == 409
    assert "isolasi mandiri pasien ini belum selesai" in early.issues[0]["diagnostics"]
    assert late.status == 200, late.json
    assert sop.read(f"kasus-konsultasi/{diterima.kasus}")["status"] == "selesai"


def test_br_d2_no_charge_enters_by_a_transaction_either(fhir, kasus):
    charge = {
        "resourceType": "ChargeItem",
        "status": "billable",
        "code": {"text": "jasa"},
        "subject": {"reference": f"Patient/{kasus.pasien}"},
        "context": {"reference": f"Encounter/{kasus.kasus}-konsultasi"},
    }
    entry = {"resource": charge, "request": {"method": "POST", "url": "ChargeItem"}}

    said = fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})

    assert said.status == 422
    assert "BR-D2" in said.issues[0]["diagnostics"]


def test_the_program_and_its_days_are_measured(sop, fhir):
    program = {
        "langkah": "sla-d1",
        "faskes": "tim-lakon",
        "pemberi": "petugas/camat",
        "pelaksana": "tim/tim-pelaksana",
        "ditugaskan": wib(12, "08:00:00"),
        "selesai": wib(12, "08:05:00"),
        "keluaran": ["disposisi-1"],
        "status": "selesai",
    }
    sop.made("langkah-program", program)
    late = {"langkah": "sla-d2", "mulai": wib(12, "08:05:00"), "selesai": wib(12, "08:15:01")}
    sop.made("langkah-program", {**program, **late})
    for hari in (12, 13):
        duty = {
            "layanan": "layanan-lakon",
            "faskes": "tim-lakon",
            "operator": "operator-kembaran",
            "mulai": wib(hari, "00:00:00"),
            "selesai": wib(hari, "23:59:59"),
            "dokter": ["dokter-relawan-1"],
        }
        sop.made("pelaksanaan-harian", duty)
    fhir.kept("Measure/sla-lakon", json.loads(MEASURE.read_text("utf-8")))

    report = fhir.read(
        "Measure/sla-lakon/$evaluate-measure?periodStart=2021-07-12&periodEnd=2021-07-14"
        "&reporter=Organization/tim-lakon"
    )

    scores = {
        group["code"]["coding"][0]["code"]: group["measureScore"]["value"]
        for group in report["group"]
        if "measureScore" in group
    }
    assert scores == {"sla-d1": 100.0, "sla-d2": 0.0, "sla-d4": 66.7}


@pytest.fixture
def settings(settings):
    return replace(settings, lakon_kecamatan="990302")
