"""S5, second half (domain §7): referral, back-referral and outcome, with the exact times.

The puskesmas works by SOP API, the hospital by FHIR, each over HTTP.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from fhir_server.mappings.codes import NIK, SNOMED, code_system, sid, structure

TUGAS, JENIS = code_system("jenis-tugas"), code_system("jenis-rujukan")
RUJUKAN, BALIK = code_system("status-rujukan"), code_system("status-rujuk-balik")
KOMUNIKASI, PARAMETER = code_system("kategori-komunikasi"), code_system("parameter-tugas")
PATCH = "application/json-patch+json"
KARTU = {
    "kontak": "III.1",
    "waktu": "2024-08-20T19:36:00+07:00",
    "penilai": "dokter-todanan",
    "hpht": "2024-01-15",
    "faktor": ["f06", "f04", "f10", "f11ab", "f20"],
    "fakta": {"bengkak": True, "sistolik": 168, "diastolik": 112},
}
SURAT = {
    "faskes": "pkm-todanan",
    "nomor": "RJ-2024-0412",
    "jenis": "medis",
    "prioritas": "darurat",
    "layanan": "gawat-darurat",
    "tujuan": "rs-a",
    "alasan": "Preeklampsia berat, 31 minggu, mohon tata laksana",
    "diagnosis": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
    "kondisi": {"sistolik": 168, "diastolik": 112, "kesadaran": "compos-mentis"},
    "tindakanPra": ["MgSO4 4 g intravena"],
    "transport": "ambulans",
    "perujuk": "dokter-todanan",
    "waktu": "2024-08-20T19:42:00+07:00",
}
BACK = {
    "faskes": "rs-a",
    "nomor": "RB-2024-0188",
    "penerima": "pkm-todanan",
    "perawatan": "rawat-inap",
    "diagnosisAkhir": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
    "tindakan": ["Seksio sesarea 20-08-2024 22.10"],
    "obat": [{"nama": "Nifedipin 10 mg", "signa": "3 x 1 tablet"}],
    "anjuranPemantauan": "Ukur tekanan darah setiap hari; kunjungan rumah dalam 24 jam",
    "kontrolKe": "rs-a",
    "tglKontrol": "2024-08-31",
    "penulis": "dokter-rs-a",
    "waktu": "2024-08-24T09:00:00+07:00",
}


@pytest.fixture
def tempat(fhir):
    """Three hospitals, a puskesmas, and the two doctors who write."""
    for faskes in ("pkm-todanan", "rs-a", "rs-b", "rs-c", "pustu-sidorejo"):
        name = {"resourceType": "Organization", "id": faskes, "name": faskes}
        fhir("PUT", f"Organization/{faskes}", name)
    for role, faskes in (("dokter-todanan", "pkm-todanan"), ("dokter-rs-a", "rs-a")):
        fhir("PUT", f"Practitioner/{role}", {"resourceType": "Practitioner", "id": role})
        who = {
            "practitioner": {"reference": f"Practitioner/{role}"},
            "organization": {"reference": f"Organization/{faskes}"},
        }
        whole = {"resourceType": "PractitionerRole", "id": role, **who}
        fhir("PUT", f"PractitionerRole/{role}", whole)


@pytest.fixture
def siti(sop, pasien, tempat):  # noqa: ARG001 - the places are there
    own_id = pasien()
    sop.made("skor-poedji-rochjati", {**KARTU, "pasien": own_id})
    return own_id


@pytest.fixture
def rujukan(sop, siti):
    return sop.made("rujukan", {**SURAT, "pasien": siti})["id"]


def resources(bundle):
    return [each["resource"] for each in bundle.get("entry", [])]


def names(bundle, mode=None):
    return sorted(
        f"{e['resource']['resourceType']}/{e['resource']['id']}"
        for e in bundle.get("entry", [])
        if mode in {None, e["search"]["mode"]}
    )


def work(fhir, request, owner=None):
    """Find the Task of a request, as its owner does."""
    asks = f"&owner=Organization/{owner}" if owner else ""
    (task,) = resources(fhir.read(f"Task?focus=ServiceRequest/{request}{asks}"))
    return task


def patched(  # noqa: PLR0913
    fhir, task, status, state, when=None, *, system=RUJUKAN, **also
):
    """Move a Task as a hospital does: by JSON Patch, with the version that was read."""
    coding = {"coding": [{"system": system, "code": state}]}
    changes = {"status": status, "businessStatus": coding, **also}
    if when:
        changes["lastModified"] = f"2024-08-{when}:00+07:00"
    body = [{"op": "add", "path": f"/{name}", "value": e} for name, e in changes.items()]
    headers = {"If-Match": f'W/"{task["meta"]["versionId"]}"', "Content-Type": PATCH}
    said = fhir._client.patch(f"/fhir/Task/{task['id']}", json=body, headers=headers)
    return said.status_code, said.json


def moves(fhir, request, *steps, owner=None):
    for step in steps:
        status, said = patched(fhir, work(fhir, request, owner), *step)
        assert status == 200, said


RS_A = (
    ("received", "diterima-sistem", "20T19:44"),
    ("accepted", "disetujui", "20T19:49"),
    ("in-progress", "pasien-tiba", "20T20:55"),
    ("in-progress", "dalam-perawatan", "20T22:10"),
)


def changed(sop, path, **fields):
    """PUT an SOP document with some fields changed; None takes one away."""
    now = {**sop.read(path), **fields}
    left = {name: e for name, e in now.items() if name not in {"id", "diubah"} and e is not None}
    return sop("PUT", path, left)


def kept(sop, path, **fields):
    said = changed(sop, path, **fields)
    assert said.status == 200, said.json
    return said.json


@pytest.fixture
def dirujuk_balik(sop, fhir, siti, rujukan):
    """The chain up to the back-referral; gives its id."""
    moves(fhir, rujukan, *RS_A)
    return sop.made("rujuk-balik", {**BACK, "pasien": siti, "rujukanAsal": rujukan})["id"]


def times(fhir, request):
    return fhir.read(f"ServiceRequest/{request}/$waktu-rujukan")["parameter"]


def part(parameters, name):
    found = next(each for each in parameters if each["name"] == name)
    return found.get("part") or next(v for k, v in found.items() if k.startswith("value"))


class TestTheChain:
    def test_answer_time_is_7_minutes_and_the_loop_3_days_13_hours_18_minutes(
        self, fhir, rujukan, dirujuk_balik
    ):
        assert dirujuk_balik
        said = times(fhir, rujukan)

        answer = part(said, "tujuan")
        assert part(answer, "jawab")["value"] == 7
        assert part(answer, "batas")["value"] == 15
        assert part(answer, "tepat") is True
        assert part(said, "lingkar")["value"] == (3 * 24 + 13) * 60 + 18

    def test_the_back_referral_closes_the_referral_in_one_transaction(
        self, sop, fhir, rujukan, dirujuk_balik
    ):
        task, request = work(fhir, rujukan), fhir.read(f"ServiceRequest/{rujukan}")

        assert (task["status"], request["status"]) == ("completed", "completed")
        outputs = [each["valueReference"]["reference"] for each in task["output"]]
        assert outputs == [
            f"Composition/{dirujuk_balik}-surat",
            f"ServiceRequest/{dirujuk_balik}",
        ]
        assert task["meta"]["lastUpdated"] == request["meta"]["lastUpdated"]
        seen = sop.read(f"rujukan/{rujukan}")
        assert (seen["status"], seen["rujukBalik"]) == ("dirujuk-balik", dirujuk_balik)

    def test_the_limits_of_a_krst_mother(self, sop, dirujuk_balik):
        seen = sop.read(f"rujuk-balik/{dirujuk_balik}")

        assert seen["krst"] is True
        assert seen["batasTerima"] == "2024-08-26T09:00:00+07:00"  # Saturday → Monday
        assert seen["batasKontak"] == "2024-08-25T09:00:00+07:00"

    def test_puskesmas_accepts_visits_and_sends_the_outcome(self, sop, fhir, siti, dirujuk_balik):
        path = f"rujuk-balik/{dirujuk_balik}"
        kept(sop, path, status="disetujui", waktuStatus="2024-08-24T10:30:00+07:00")
        kept(sop, path, pelaksana="faskes/pustu-sidorejo")
        kept(sop, path, status="dipantau", kontakPertama="2024-08-25T08:30:00+07:00")
        outcome = {"waktu": "2024-09-03T10:00:00+07:00", "isi": "TD 128/82, luka kering"}

        kept(sop, path, status="selesai", waktuStatus=outcome["waktu"], hasil=outcome)

        query = f"recipient=Organization/rs-a&category={KOMUNIKASI}|hasil-pemantauan"
        (sent,) = resources(fhir.read(f"Communication?{query}"))
        assert sent["basedOn"] == [{"reference": f"ServiceRequest/{dirujuk_balik}"}]
        assert sent["sender"] == {"reference": "Organization/pustu-sidorejo"}
        assert sent["subject"] == {"reference": f"Patient/{siti}"}
        assert fhir.read(f"ServiceRequest/{dirujuk_balik}")["status"] == "completed"
        balik = part(times(fhir, dirujuk_balik), "rujuk-balik")
        assert (part(balik, "terima")["value"], part(balik, "terima-tepat")) == (90, True)
        assert (part(balik, "kontak")["value"], part(balik, "kontak-tepat")) == (23.5 * 60, True)
        assert part(balik, "lingkar")["value"] == (10 * 24 + 1) * 60

    def test_the_proposal_becomes_a_plan_and_the_home_visit_a_task(
        self, sop, fhir, siti, dirujuk_balik
    ):
        plan = f"CarePlan/{dirujuk_balik}-rencana"
        proposed = fhir.read(plan)
        kept(sop, f"rujuk-balik/{dirujuk_balik}", status="disetujui")

        visit = sop.made(
            "tindak-lanjut",
            {
                "faskes": "pkm-todanan",
                "nomor": "TL-2024-0040",
                "jenis": "kunjungan-rumah",
                "asal": "rujuk-balik",
                "petugas": "faskes/pustu-sidorejo",
                "pasien": siti,
                "permintaan": dirujuk_balik,
                "jadwal": "2024-08-25",
                "waktu": "2024-08-24T10:30:00+07:00",
                "uraian": "Kunjungan rumah dalam 24 jam",
            },
        )

        assert (proposed["status"], proposed["intent"]) == ("draft", "proposal")
        accepted = fhir.read(plan)
        assert (accepted["status"], accepted["intent"]) == ("active", "plan")
        found = fhir.read(f"Task?based-on=ServiceRequest/{dirujuk_balik}")
        assert names(found) == [f"Task/{visit['id']}"]

    def test_the_hospital_does_the_same_by_one_fhir_transaction(self, sop, fhir, siti, rujukan):
        moves(fhir, rujukan, *RS_A)
        task = work(fhir, rujukan)

        said = fhir("POST", "", by_fhir(siti, rujukan, task))

        assert said.status == 200, said.json
        assert fhir.read(f"ServiceRequest/{rujukan}")["status"] == "completed"
        (request,) = resources(fhir.read(f"ServiceRequest?based-on=ServiceRequest/{rujukan}"))
        seen = sop.read(f"rujuk-balik/{request['id']}")
        assert (seen["status"], seen["rujukanAsal"]) == ("dikirim", rujukan)
        assert [each["kode"] for each in seen["diagnosisAkhir"]] == ["O14.1"]
        assert seen["perawatan"] == "rawat-inap"
        assert part(times(fhir, rujukan), "lingkar")["value"] == (3 * 24 + 13) * 60 + 18

    def test_everything_written_meets_its_profile(self, fhir, rujukan, dirujuk_balik):
        written = [
            *(
                (f"ServiceRequest/{dirujuk_balik}", "RujukBalik"),
                (f"ServiceRequest/{rujukan}", "Rujukan"),
            ),
            *(
                (f"Composition/{dirujuk_balik}-surat", "SuratRujukBalik"),
                (f"Task/{rujukan}-tugas", "TugasRujukan"),
            ),
            (f"Task/{dirujuk_balik}-tugas", "TugasRujukBalik"),
        ]
        for name, profile in written:
            said = fhir.read(f"{name}/$validate?profile={quote(structure(profile))}")
            assert [i for i in said["issue"] if i["severity"] in {"error", "fatal"}] == [], name


def by_fhir(siti, rujukan, task):
    """Make step 7 of domain §5.3 as a hospital sends it."""
    letter, request, condition = (f"urn:uuid:{uuid.uuid4()}" for _ in range(3))
    patient = {"reference": f"Patient/{siti}"}
    common = {"authoredOn": "2024-08-24T09:00:00+07:00", "intent": "order"}
    hospital = {"reference": "Organization/rs-a"}

    def new(url, resource):
        kind = resource["resourceType"]
        return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": kind}}

    closed = {
        **task,
        "status": "completed",
        "businessStatus": {"coding": [{"system": RUJUKAN, "code": "dirujuk-balik"}]},
        "lastModified": "2024-08-24T09:00:00+07:00",
        "output": [
            {
                "type": {"coding": [{"system": PARAMETER, "code": "surat-rujuk-balik"}]},
                "valueReference": {"reference": letter},
            }
        ],
    }
    tag = f'W/"{task["meta"]["versionId"]}"'
    entries = [
        new(
            condition,
            {
                "resourceType": "Condition",
                "subject": patient,
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "O14.1"}]},
            },
        ),
        new(
            letter,
            {
                "resourceType": "Composition",
                "status": "final",
                "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
                "subject": patient,
                "date": "2024-08-24T09:00:00+07:00",
                "author": [{"reference": "PractitionerRole/dokter-rs-a"}],
                "title": "Surat rujuk balik",
                "custodian": hospital,
                "section": [{"title": "Diagnosis akhir", "entry": [{"reference": condition}]}],
            },
        ),
        new(
            request,
            {
                "resourceType": "ServiceRequest",
                "identifier": [{"system": sid("no-rujukan", "rs-a"), "value": "RB-7"}],
                "basedOn": [{"reference": f"ServiceRequest/{rujukan}"}],
                "status": "active",
                "category": [{"coding": [{"system": JENIS, "code": "rujuk-balik"}]}],
                "code": {"text": "Ukur tekanan darah setiap hari"},
                "subject": patient,
                "requester": hospital,
                "performer": [{"reference": "Organization/pkm-todanan"}],
                "reasonReference": [{"reference": condition}],
                "supportingInfo": [{"reference": letter}],
                **common,
            },
        ),
        new(
            f"urn:uuid:{uuid.uuid4()}",
            {
                "resourceType": "Task",
                "status": "requested",
                "code": {"coding": [{"system": TUGAS, "code": "rujuk-balik"}]},
                "focus": {"reference": request},
                "for": patient,
                "requester": hospital,
                "owner": {"reference": "Organization/pkm-todanan"},
                **common,
            },
        ),
        {
            "resource": closed,
            "request": {"method": "PUT", "url": f"Task/{task['id']}", "ifMatch": tag},
        },
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


class TestTheOtherWays:
    def test_declined_with_a_reason_and_sent_to_another_hospital(self, sop, fhir, rujukan):
        reason = {"coding": [{"system": code_system("alasan-tolak"), "code": "penuh"}]}
        step = ("rejected", "ditolak", "20T19:47")
        status, _ = patched(fhir, work(fhir, rujukan), *step, statusReason=reason)
        assert status == 200
        assert fhir.read(f"ServiceRequest/{rujukan}")["status"] == "active"

        kept(
            sop,
            f"rujukan/{rujukan}",
            tujuan="rs-b",
            status="dikirim",
            dikirim="2024-08-20T19:50:00+07:00",
        )
        moves(fhir, rujukan, ("accepted", "disetujui", "20T20:08"), owner="rs-b")

        request = fhir.read(f"ServiceRequest/{rujukan}")
        assert request["performer"] == [{"reference": "Organization/rs-b"}]
        first, second = (e["part"] for e in times(fhir, rujukan) if e["name"] == "tujuan")
        assert (part(first, "jawab")["value"], part(first, "tepat")) == (5, True)
        assert (part(second, "jawab")["value"], part(second, "tepat")) == (18, False)
        old = sop.read(f"rujukan/{rujukan}")["riwayatTujuan"]
        assert [(e["tujuan"], e["alasanTolak"]) for e in old] == [("rs-a", "penuh")]

    def test_no_show_and_a_new_appointment(self, sop, fhir, siti, rujukan):
        moves(fhir, rujukan, ("accepted", "disetujui"), ("on-hold", "tidak-datang"))
        assert sop.read(f"rujukan/{rujukan}")["status"] == "tidak-datang"
        coming = {
            "resourceType": "Appointment",
            "status": "booked",
            "start": "2024-08-22T09:00:00+07:00",
            "end": "2024-08-22T09:30:00+07:00",
            "basedOn": [{"reference": f"ServiceRequest/{rujukan}"}],
            "participant": [{"actor": {"reference": f"Patient/{siti}"}, "status": "accepted"}],
        }
        booked = fhir.made("Appointment", coming)
        kind = {"coding": [{"system": PARAMETER, "code": "janji-layanan"}]}
        output = [{"type": kind, "valueReference": {"reference": f"Appointment/{booked['id']}"}}]

        status, _ = patched(fhir, work(fhir, rujukan), "accepted", "disetujui", output=output)

        assert status == 200
        kept(sop, f"rujukan/{rujukan}", petunjukPasien="Datang Kamis pukul 09.00")
        assert work(fhir, rujukan)["output"] == output
        assert sop.read(f"rujukan/{rujukan}")["janji"] == booked["id"]
        moves(fhir, rujukan, ("in-progress", "pasien-tiba"))

    def test_interim_reports_are_read_in_the_referral(self, sop, fhir, siti, rujukan):
        moves(fhir, rujukan, *RS_A[:3])
        for hour, words in ((22, "SC cito, ibu dan bayi baik"), (23, "TD 150/95")):
            note = {
                "resourceType": "Communication",
                "status": "completed",
                "basedOn": [{"reference": f"ServiceRequest/{rujukan}"}],
                "category": [{"coding": [{"system": KOMUNIKASI, "code": "laporan-sementara"}]}],
                "subject": {"reference": f"Patient/{siti}"},
                "sender": {"reference": "Organization/rs-a"},
                "recipient": [{"reference": "Organization/pkm-todanan"}],
                "sent": f"2024-08-20T{hour}:30:00+07:00",
                "payload": [{"contentString": words}],
            }
            made = fhir.made("Communication", note)
            profile = quote(structure("LaporanSementara"))
            said = fhir.read(f"Communication/{made['id']}/$validate?profile={profile}")
            assert {i["severity"] for i in said["issue"]} <= {"warning", "information"}

        seen = sop.read(f"rujukan/{rujukan}")["laporanSementara"]

        assert [each["isi"] for each in seen] == ["SC cito, ibu dan bayi baik", "TD 150/95"]
        assert seen[0]["waktu"] == "2024-08-20T22:30:00+07:00"

    def test_a_second_referral_is_cancelled_and_the_first_goes_on(self, sop, fhir, siti, rujukan):
        second = sop.made(
            "rujukan", {**SURAT, "pasien": siti, "nomor": "RJ-2024-0415", "tujuan": "rs-b"}
        )["id"]

        kept(sop, f"rujukan/{second}", status="dibatalkan", keterangan="Sudah diterima rs-a")

        assert fhir.read(f"ServiceRequest/{second}")["status"] == "revoked"
        assert work(fhir, second)["status"] == "cancelled"
        assert fhir.read(f"ServiceRequest/{rujukan}")["status"] == "active"
        moves(fhir, rujukan, *RS_A)

    def test_what_was_accepted_is_cancelled_with_consent_only(self, sop, fhir, rujukan):
        moves(fhir, rujukan, ("accepted", "disetujui"))
        assert changed(sop, f"rujukan/{rujukan}", status="dibatalkan").status == 409
        kept(sop, f"rujukan/{rujukan}", status="pembatalan-diminta", keterangan="Membaik")
        assert fhir.read(f"ServiceRequest/{rujukan}")["status"] == "active"

        moves(fhir, rujukan, ("cancelled", "dibatalkan"))

        assert fhir.read(f"ServiceRequest/{rujukan}")["status"] == "revoked"

    def test_a_hospital_that_does_not_consent_goes_on(self, sop, fhir, rujukan):
        moves(fhir, rujukan, ("accepted", "disetujui"))
        kept(sop, f"rujukan/{rujukan}", status="pembatalan-diminta", keterangan="Membaik")

        moves(fhir, rujukan, ("accepted", "disetujui"), ("in-progress", "pasien-tiba"))

        assert sop.read(f"rujukan/{rujukan}")["status"] == "pasien-tiba"

    def test_onward_referral_to_a_third_hospital(self, sop, fhir, siti, rujukan):
        moves(fhir, rujukan, *RS_A)
        onward = {**SURAT, "pasien": siti, "faskes": "rs-a", "nomor": "RJL-1", "tujuan": "rs-c"}
        lanjut = sop.made("rujukan", {**onward, "rujukanAsal": rujukan, "perujuk": "dokter-rs-a"})
        reason = {
            "coding": [{"system": code_system("alasan-selesai-rujukan"), "code": "rujuk-lanjut"}]
        }

        step = ("completed", "selesai-tanpa-rujuk-balik", "21T06:00")
        status, _ = patched(fhir, work(fhir, rujukan), *step, statusReason=reason)

        assert status == 200
        assert fhir.read(f"ServiceRequest/{rujukan}")["status"] == "completed"
        assert sop.read(f"rujukan/{rujukan}")["alasanSelesai"] == "rujuk-lanjut"
        chain = fhir.read(f"ServiceRequest?based-on=ServiceRequest/{rujukan}")
        assert names(chain) == [f"ServiceRequest/{lanjut['id']}"]
        assert work(fhir, lanjut["id"])["owner"] == {"reference": "Organization/rs-c"}


class TestRules:
    def test_br_r1_the_request_follows_a_task_that_is_moved_by_its_status_alone(
        self, fhir, rujukan
    ):
        moves(fhir, rujukan, *RS_A)
        task = work(fhir, rujukan)
        tag = f'W/"{task["meta"]["versionId"]}"'

        said = fhir("PUT", f"Task/{task['id']}", {**task, "status": "completed"}, If_Match=tag)

        assert said.status == 200
        request = fhir.read(f"ServiceRequest/{rujukan}")
        assert request["status"] == "completed"
        assert {"system": RUJUKAN, "code": "selesai-tanpa-rujuk-balik"} in request["meta"]["tag"]

    def test_br_r1_a_request_cannot_contradict_its_work(self, fhir, rujukan):
        request = fhir.read(f"ServiceRequest/{rujukan}")

        said = fhir("PUT", f"ServiceRequest/{rujukan}", {**request, "status": "completed"})

        assert said.status == 409
        assert f"Task/{rujukan}-tugas" in said.issues[0]["diagnostics"]
        assert fhir.read(f"ServiceRequest/{rujukan}") == request

    def test_br_r1_a_request_that_is_put_without_its_tag_keeps_its_state(self, sop, fhir, rujukan):
        request = fhir.read(f"ServiceRequest/{rujukan}")

        bare = {name: each for name, each in request.items() if name != "meta"}
        fhir.kept(f"ServiceRequest/{rujukan}", {**bare, "note": [{"text": "Segera"}]})

        assert [e["id"] for e in sop.read("rujukan?status=dikirim")["dokumen"]] == [rujukan]

    def test_br_r1_completion_needs_the_outcome(self, sop, fhir, dirujuk_balik):
        path = f"rujuk-balik/{dirujuk_balik}"
        kept(sop, path, status="disetujui")
        kept(sop, path, status="dipantau", kontakPertama="2024-08-25T08:30:00+07:00")

        status, said = patched(
            fhir, work(fhir, dirujuk_balik), "completed", "selesai", system=BALIK
        )

        assert status == 422
        assert "hasil-pemantauan" in said["issue"][0]["diagnostics"]
        assert changed(sop, path, status="selesai").status == 422

    @pytest.mark.parametrize(
        ("before", "to"), [((), ("rejected", "ditolak")), (("disetujui",), ("failed", "gagal"))]
    )
    def test_br_r1_who_declines_a_back_referral_says_why(
        self, sop, fhir, dirujuk_balik, before, to
    ):
        for state in before:
            kept(sop, f"rujuk-balik/{dirujuk_balik}", status=state)
        why = {"statusReason": {"text": "Alamat tidak ditemukan"}}

        status, said = patched(fhir, work(fhir, dirujuk_balik), *to, system=BALIK)
        told, _ = patched(fhir, work(fhir, dirujuk_balik), *to, system=BALIK, **why)

        assert (status, told) == (422, 200)
        assert "alasan-rujuk-balik" in said["issue"][0]["diagnostics"]

    def test_br_r1_illegal_moves_of_a_back_referral(self, fhir, dirujuk_balik):
        status, said = patched(
            fhir, work(fhir, dirujuk_balik), "in-progress", "dipantau", system=BALIK
        )

        assert status == 409
        assert "BR-R1" in said["issue"][0]["diagnostics"]
        assert work(fhir, dirujuk_balik)["status"] == "requested"

    def test_a_referral_is_answered_once(self, sop, siti, rujukan, dirujuk_balik):
        again = {**BACK, "pasien": siti, "rujukanAsal": rujukan, "nomor": "RB-2"}

        said = sop("POST", "rujuk-balik", again)

        assert said.status == 409
        assert dirujuk_balik in str(said.json)

    def test_a_back_referral_before_arrival_is_refused_whole(self, sop, fhir, siti, rujukan):
        said = sop("POST", "rujuk-balik", {**BACK, "pasien": siti, "rujukanAsal": rujukan})

        assert said.status == 409
        assert "BR-R1" in str(said.json)
        assert resources(fhir.read(f"ServiceRequest?based-on=ServiceRequest/{rujukan}")) == []

    def test_a_back_referral_of_another_patient_is_refused(self, sop, fhir, pasien, rujukan):
        moves(fhir, rujukan, *RS_A)
        endang = pasien("Endang Suryani", "9902015405830015", "1983-05-14")

        said = sop("POST", "rujuk-balik", {**BACK, "pasien": endang, "rujukanAsal": rujukan})

        assert said.status == 422

    @pytest.mark.parametrize("state", ["ditolak", "gagal"])
    def test_not_ours_or_not_found(self, sop, fhir, dirujuk_balik, state):
        path = f"rujuk-balik/{dirujuk_balik}"
        if state == "gagal":
            kept(sop, path, status="disetujui")
        assert changed(sop, path, status=state).status == 422

        kept(sop, path, status=state, alasan="tidak-ditemukan")

        assert fhir.read(f"ServiceRequest/{dirujuk_balik}")["status"] == "revoked"
        listed = sop.read(f"rujuk-balik?status={state}")["dokumen"]
        assert [each["id"] for each in listed] == [dirujuk_balik]

    def test_br_r3_put_and_patch_without_if_match_are_refused(self, fhir, rujukan):
        task = work(fhir, rujukan)
        moved = {**task, "status": "accepted"}
        body = [{"op": "replace", "path": "/status", "value": "accepted"}]

        put = fhir("PUT", f"Task/{task['id']}", moved)
        patch = fhir._client.patch(
            f"/fhir/Task/{task['id']}", json=body, headers={"Content-Type": PATCH}
        )
        entry = {"resource": moved, "request": {"method": "PUT", "url": f"Task/{task['id']}"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        whole = fhir("POST", "", bundle)

        assert (put.status, patch.status_code, whole.status) == (428, 428, 428)
        assert "BR-R3" in put.issues[0]["diagnostics"]
        assert "If-Match" in put.issues[0]["diagnostics"]
        assert work(fhir, rujukan) == task

    def test_br_r3_an_old_version_is_refused(self, fhir, rujukan):
        task = work(fhir, rujukan)
        moves(fhir, rujukan, RS_A[0])

        status, _ = patched(fhir, task, "rejected", "ditolak")

        assert status == 412
        assert work(fhir, rujukan)["status"] == "received"

    def test_br_r3_of_two_sides_that_move_at_once_one_wins(self, fhir, rujukan):
        task = work(fhir, rujukan)
        steps = [("cancelled", "dibatalkan"), ("accepted", "disetujui")]

        with ThreadPoolExecutor(2) as pool:
            said = [pool.submit(patched, fhir, task, *step) for step in steps]
            statuses = [each.result()[0] for each in said]

        won, lost = sorted(statuses)
        assert won == 200
        assert lost in {409, 412}, "no more the version that was read, or no move from its state"
        ended, request = work(fhir, rujukan), fhir.read(f"ServiceRequest/{rujukan}")
        expected = {"cancelled": "revoked", "accepted": "active"}
        assert request["status"] == expected[ended["status"]]

    def test_br_r3_the_sop_api_asks_for_the_version_too(self, sop, rujukan, dirujuk_balik):
        for path in (f"rujukan/{rujukan}", f"rujuk-balik/{dirujuk_balik}"):
            said = changed(sop, path, versi=None)

            assert said.status == 428
            assert "BR-R3" in str(said.json)


class TestSearches:
    """The searches of domain §5.4 give exactly what is right, by an index."""

    @pytest.fixture(autouse=True)
    def world(self, sop, fhir, siti, pasien, rujukan, dirujuk_balik):  # noqa: PLR0913, PLR0917
        endang = pasien("Endang Suryani", "9902015405830015", "1983-05-14")
        other = {**SURAT, "pasien": endang, "nomor": "RJ-2024-0420", "prioritas": "elektif"}
        self.siti, self.first, self.back = siti, rujukan, dirujuk_balik
        self.routine = sop.made("rujukan", {**other, "waktu": "2024-08-19T08:00:00+07:00"})["id"]
        self.stat = sop.made("rujukan", {**other, "nomor": "RJ-2024-0421", "prioritas": "darurat"})[
            "id"
        ]
        self.elsewhere = sop.made("rujukan", {**other, "nomor": "RJ-2024-0422", "tujuan": "rs-c"})[
            "id"
        ]
        kept(sop, f"rujuk-balik/{self.back}", status="disetujui")
        kept(
            sop,
            f"rujuk-balik/{self.back}",
            status="dipantau",
            kontakPertama="2024-08-25T08:30:00+07:00",
        )
        outcome = {"waktu": "2024-09-03T10:00:00+07:00", "isi": "TD 128/82"}
        kept(sop, f"rujuk-balik/{self.back}", status="selesai", hasil=outcome)
        self.crowd(fhir)

    def crowd(self, fhir):
        """Let other facilities work too, or an index has nothing to spare."""
        who = {"reference": "Organization/lain"}
        kinds = [
            {"resourceType": "Task", "status": "requested", "intent": "order", "owner": who},
            {"resourceType": "Communication", "status": "completed", "recipient": [who]},
            {
                "resourceType": "ServiceRequest",
                "status": "active",
                "intent": "order",
                "subject": {"reference": "Patient/lain"},
                "performer": [who],
            },
        ]
        entries = [
            {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
            for each in kinds
            for _ in range(60)
        ]
        fhir("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": entries})

    def assert_exactly(self, fhir, query, *wanted):
        """Ask, with the total, and with the index that answers."""
        said = fhir.read(f"{query}&_total=accurate&_lastUpdated=gt2024-01-01")
        found = [
            f"{e['resource']['resourceType']}/{e['resource']['id']}"
            for e in said.get("entry", [])
            if e["search"]["mode"] == "match"
        ]
        assert found == list(wanted)
        assert said["total"] == len(wanted)
        explained = fhir.read(f"{query}&_explain=true")["parameter"]
        assert "missing" not in {each["name"] for each in explained}, explained
        assert {"name": "scan", "valueBoolean": False} in explained
        return said

    def test_incoming_work(self, fhir):
        def asked(rs):
            return (
                f"Task?owner=Organization/{rs}&code={TUGAS}|rujukan&status=requested,received"
                "&_include=Task:focus&_include=Task:patient&_include=Task:requester"
                "&_sort=-priority,authored-on"
            )

        works = (f"Task/{self.stat}-tugas", f"Task/{self.routine}-tugas")
        said = self.assert_exactly(fhir, asked("rs-a"), *works)
        brought = names(said, "include")
        assert f"ServiceRequest/{self.stat}" in brought
        assert "Organization/pkm-todanan" in brought
        assert f"ServiceRequest/{self.first}" not in brought
        self.assert_exactly(fhir, asked("rs-b"))

    def test_incoming_requests(self, fhir):
        def asked(rs):
            return (
                f"ServiceRequest?performer=Organization/{rs}&category={SNOMED}|3457005"
                "&status=active&_revinclude=Task:focus&_sort=-authored"
            )

        requests = (f"ServiceRequest/{self.stat}", f"ServiceRequest/{self.routine}")
        said = self.assert_exactly(fhir, asked("rs-a"), *requests)
        assert names(said, "include") == sorted(
            [f"Task/{self.stat}-tugas", f"Task/{self.routine}-tugas"]
        )
        self.assert_exactly(fhir, asked("rs-b"))

    def test_the_hospital_pulls_its_back_referrals_and_their_outcome(self, fhir):
        def asked(rs):
            return (
                f"ServiceRequest?requester=Organization/{rs}&category={JENIS}|rujuk-balik"
                "&authored=ge2024-08-01&_revinclude=Task:focus"
            )

        said = self.assert_exactly(fhir, asked("rs-a"), f"ServiceRequest/{self.back}")
        assert names(said, "include") == [f"Task/{self.back}-tugas"]
        self.assert_exactly(fhir, asked("rs-b"))
        for rs, wanted in (("rs-a", [f"Communication/{self.back}-hasil"]), ("rs-b", [])):
            query = f"recipient=Organization/{rs}&category={KOMUNIKASI}|hasil-pemantauan"
            self.assert_exactly(fhir, f"Communication?{query}", *wanted)

    def test_back_referrals_to_the_puskesmas(self, fhir):
        def asked(owner, status):
            return (
                f"Task?owner=Organization/{owner}&code={TUGAS}|rujuk-balik&status={status}"
                "&_include=Task:focus&_include=Task:patient"
            )

        self.assert_exactly(fhir, asked("pkm-todanan", "requested"))
        said = self.assert_exactly(
            fhir, asked("pkm-todanan", "completed"), f"Task/{self.back}-tugas"
        )
        assert names(said, "include") == sorted(
            [f"ServiceRequest/{self.back}", f"Patient/{self.siti}"]
        )
        self.assert_exactly(fhir, asked("rs-b", "completed"))

    def test_by_number_and_by_the_patients_nik(self, fhir):
        number = f"{sid('no-rujukan', 'pkm-todanan')}|RJ-2024-0412"
        first = f"ServiceRequest/{self.first}"
        self.assert_exactly(fhir, f"ServiceRequest?identifier={number}", first)
        person = f"patient.identifier={quote(NIK)}|9902015203860001"
        self.assert_exactly(fhir, f"ServiceRequest?{person}&category={SNOMED}|3457005", first)

    def test_letters_chain_and_changes(self, fhir):
        letter = f"Composition/{self.back}-surat"
        kinds = f"Composition?type=http://loinc.org|18842-5&patient=Patient/{self.siti}"
        self.assert_exactly(fhir, kinds, letter)
        chain = f"ServiceRequest?based-on=ServiceRequest/{self.first}"
        self.assert_exactly(fhir, chain, f"ServiceRequest/{self.back}")
        first, stat, routine = (f"Task/{e}-tugas" for e in (self.first, self.stat, self.routine))
        changes = "Task?owner=Organization/rs-a&_sort=_lastUpdated"
        self.assert_exactly(fhir, changes, first, routine, stat)
        self.assert_exactly(fhir, "Task?owner=Organization/rs-b&_sort=_lastUpdated")

    @pytest.mark.parametrize(
        ("status", "which"),
        [("dirujuk-balik", ["first"]), ("dikirim", ["stat", "elsewhere", "routine"])],
    )
    def test_the_sop_list_by_status(self, sop, status, which):
        listed = sop.read(f"rujukan?status={status}")["dokumen"]

        assert {each["id"] for each in listed} == {getattr(self, each) for each in which}
        assert {each["status"] for each in listed} == {status}

    def test_the_package_holds_what_the_receiver_may_see_and_no_more(self, fhir):
        said = fhir.read(f"ServiceRequest/{self.first}/$paket-rujukan")

        kinds = [each["resourceType"] for each in resources(said)]
        assert (said["type"], kinds[0]) == ("document", "Composition")
        found = {f"{e['resourceType']}/{e['id']}" for e in resources(said)}
        assert {f"ServiceRequest/{self.first}", f"Task/{self.first}-tugas"} <= found
        assert {f"Patient/{self.siti}", f"Condition/{self.first}-diagnosis-1"} <= found
        assert {"PractitionerRole/dokter-todanan", "Practitioner/dokter-todanan"} <= found
        assert {"Organization/pkm-todanan", "Organization/rs-a"} <= found
        assert not found & {f"ServiceRequest/{self.stat}", "Organization/rs-c"}
        assert "RiskAssessment" not in kinds

    def test_the_package_of_a_back_referral(self, fhir):
        said = fhir.read(f"ServiceRequest/{self.back}/$paket-rujukan")

        assert resources(said)[0]["title"] == "Surat Rujuk Balik RB-2024-0188"
        found = names_of(said)
        assert {f"CarePlan/{self.back}-rencana", f"MedicationStatement/{self.back}-obat-1"} <= found


def names_of(bundle):
    return {f"{e['resourceType']}/{e['id']}" for e in resources(bundle)}
