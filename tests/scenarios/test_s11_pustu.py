"""S11 (domain §7), its second half: the plan becomes work, is done, evaluated and reported."""

import pytest

from fhir_server.mappings.codes import code_system

PKM, PUSTU, BIDAN = "pkm-todanan", "pustu-sidorejo", "bidan-desa-sidorejo"
TUGAS = code_system("jenis-tugas")


@pytest.fixture
def pustu(fhir):
    """Keep the Pustu, its midwife and the group it serves under their own names."""
    fhir.kept(f"Organization/{PKM}", {"resourceType": "Organization", "id": PKM, "name": "Todanan"})
    part = {"reference": f"Organization/{PKM}"}
    kept = {"resourceType": "Organization", "id": PUSTU, "name": "Pustu Sidorejo", "partOf": part}
    fhir.kept(f"Organization/{PUSTU}", kept)
    fhir.kept(
        f"PractitionerRole/{BIDAN}",
        {
            "resourceType": "PractitionerRole",
            "id": BIDAN,
            "organization": {"reference": f"Organization/{PUSTU}"},
        },
    )
    fhir.kept(
        "Group/sasaran-sidorejo",
        {"resourceType": "Group", "id": "sasaran-sidorejo", "type": "person", "actual": True},
    )


def activity(kind, performer, words, first, last):
    return {
        "detail": {
            "code": {"coding": [{"system": TUGAS, "code": kind}]},
            "status": "not-started",
            "description": words,
            "performer": [{"reference": performer}],
            "scheduledPeriod": {"start": first, "end": last},
            "location": {"reference": "Location/desa-9902012001"},
        }
    }


@pytest.fixture
def rencana(fhir, pustu):  # noqa: ARG001 - Pustu and group must be there
    """Write the plan of an analysis: two visits for the Pustu, one Posyandu for cadres."""
    plan = {
        "resourceType": "CarePlan",
        "id": "rtl",
        "status": "active",
        "intent": "plan",
        "category": [
            {"coding": [{"system": code_system("kategori-rencana"), "code": "tindak-lanjut-pws"}]}
        ],
        "subject": {"reference": "Group/sasaran-sidorejo"},
        "author": {"reference": f"Organization/{PKM}"},
        "supportingInfo": [
            {"reference": "Composition/analisis-2024-06"},
            {"reference": "MeasureReport/pws-k1-2024-06"},
        ],
        "activity": [
            activity(
                "kunjungan-rumah",
                f"Organization/{PUSTU}",
                "Kunjungi ibu hamil yang belum K1",
                "2024-07-10",
                "2024-07-12",
            ),
            activity("posyandu", "CareTeam/kader", "Sweeping K1", "2024-07-11", "2024-07-11"),
            activity(
                "kunjungan-rumah",
                f"PractitionerRole/{BIDAN}",
                "Ibu yang putus K4",
                "2024-07-15",
                "2024-07-31",
            ),
        ],
    }
    return fhir.kept("CarePlan/rtl", plan)


def tugaskan(fhir):
    said = fhir("POST", "CarePlan/rtl/$tugaskan", {"resourceType": "Parameters"})
    assert said.status == 200, said.json
    return [each["resource"] for each in said.json["entry"]]


def plain(document, **lain):
    return {k: v for k, v in document.items() if k not in {"id", "versi", "diubah"}} | lain


def moved(sop, task, *states):
    for state in states:
        document = plain(sop.read(f"tindak-lanjut/{task}"), status=state)
        said = sop("PUT", f"tindak-lanjut/{task}", document)
    return said


def kunjungan(pasien, task, **lain):
    return {
        "faskes": PUSTU,
        "nomor": "KR-2024-0012",
        "pasien": pasien,
        "petugas": BIDAN,
        "mulai": "2024-07-10T09:00:00+07:00",
        "tugas": task,
        **lain,
    }


SELESAI = {
    "selesai": "2024-07-10T09:40:00+07:00",
    "hasil": "selesai",
    "temuan": "Belum pernah memeriksakan kehamilan",
}


@pytest.mark.usefixtures("rencana")
def test_c12_the_plan_becomes_tasks_and_those_who_act_are_told(fhir):
    tasks = tugaskan(fhir)

    assert [each["owner"]["reference"] for each in tasks] == [
        f"Organization/{PUSTU}",
        "CareTeam/kader",
        f"PractitionerRole/{BIDAN}",
    ]
    assert {each["status"] for each in tasks} == {"requested"}
    assert tasks[0]["restriction"]["period"] == {"start": "2024-07-10", "end": "2024-07-12"}
    notices = fhir.read(f"Communication?recipient=Organization/{PUSTU}&category=pemberitahuan")
    (notice,) = [each["resource"] for each in notices["entry"]]
    assert {"reference": "MeasureReport/pws-k1-2024-06"} in notice["about"]
    assert notice["payload"] == [{"contentString": "Kunjungi ibu hamil yang belum K1"}]


@pytest.mark.usefixtures("rencana")
def test_c12_called_again_nothing_is_made_twice_and_the_plan_names_its_tasks(fhir):
    first, again = tugaskan(fhir), tugaskan(fhir)

    assert [e["id"] for e in first] == [e["id"] for e in again]
    assert fhir.read(f"Task?code={TUGAS}|kunjungan-rumah,{TUGAS}|posyandu")["total"] == 3
    activities = fhir.read("CarePlan/rtl")["activity"]
    assert [each["outcomeReference"][0]["reference"] for each in activities] == [
        f"Task/{each['id']}" for each in first
    ]
    assert {each["detail"]["status"] for each in activities} == {"scheduled"}


def test_c12_a_plan_that_is_not_active_is_not_handed_out(fhir, rencana):
    fhir.kept("CarePlan/rtl", {**rencana, "status": "draft"})

    assert fhir("POST", "CarePlan/rtl/$tugaskan", {"resourceType": "Parameters"}).status == 409


@pytest.mark.usefixtures("rencana")
def test_c12_a_task_goes_from_requested_to_accepted_to_in_progress_to_completed(fhir, sop, pasien):
    task = tugaskan(fhir)[0]["id"]

    skipped = moved(sop, task, "dikerjakan")
    by_fhir = fhir("PUT", f"Task/{task}", {**fhir.read(f"Task/{task}"), "status": "completed"})
    assert (skipped.status, by_fhir.status) == (409, 409)
    assert "diterima" in str(skipped.json)
    assert moved(sop, task, "diterima").status == 200
    visit = sop.made("kunjungan-rumah", kunjungan(pasien(), task))
    assert sop.read(f"tindak-lanjut/{task}")["status"] == "dikerjakan"
    assert fhir.read("CarePlan/rtl")["activity"][0]["detail"]["status"] == "scheduled"
    sop.kept(f"kunjungan-rumah/{visit['id']}", plain(visit, **SELESAI))

    found = fhir.read(f"Task/{task}")
    assert found["status"] == "completed"
    assert found["executionPeriod"] == {
        "start": "2024-07-10T09:00:00+07:00",
        "end": "2024-07-10T09:40:00+07:00",
    }
    document = sop.read(f"tindak-lanjut/{task}")
    assert (document["hasil"], document["pelaksanaan"]) == ("selesai", [visit["id"]])
    encounter = fhir.read(f"Encounter/{visit['id']}")
    assert (encounter["class"]["code"], encounter["status"]) == ("HH", "finished")


@pytest.mark.parametrize("hasil", ["tidak-bertemu", "ditolak", "pindah", "meninggal"])
@pytest.mark.usefixtures("rencana")
def test_c12_a_visit_that_met_nobody_does_not_complete_its_task(fhir, sop, pasien, hasil):
    task = tugaskan(fhir)[0]["id"]
    moved(sop, task, "diterima", "dikerjakan")

    sop.made("kunjungan-rumah", kunjungan(pasien(), task, **{**SELESAI, "hasil": hasil}))

    assert fhir.read(f"Task/{task}")["status"] == "failed"
    assert sop.read(f"tindak-lanjut/{task}")["hasil"] == hasil


@pytest.mark.usefixtures("rencana")
def test_c12_a_visit_for_a_task_that_nobody_has_begun_ends_with_409(fhir, sop, pasien):
    task = tugaskan(fhir)[0]["id"]

    said = sop("POST", "kunjungan-rumah", kunjungan(pasien(), task, **SELESAI))

    assert said.status == 409
    assert "C12" in str(said.json)


def evaluasi(task, **lain):
    return {
        "faskes": PUSTU,
        "tugas": task,
        "jenis": "tindak-lanjut-pws",
        "penilai": BIDAN,
        "waktu": "2024-07-15T13:00:00+07:00",
        "tercapai": True,
        **lain,
    }


@pytest.mark.usefixtures("rencana")
def test_c13_only_what_has_ended_is_evaluated_and_as_what_it_was(fhir, sop, pasien):
    task = tugaskan(fhir)[0]["id"]
    early = sop("POST", "evaluasi-kegiatan", evaluasi(task))
    moved(sop, task, "diterima", "dikerjakan")
    sop.made("kunjungan-rumah", kunjungan(pasien(), task, **SELESAI))

    wrong = sop("POST", "evaluasi-kegiatan", evaluasi(task, jenis="rutin"))
    made = sop.made("evaluasi-kegiatan", evaluasi(task))

    assert (early.status, wrong.status) == (409, 422)
    assert "C13" in str(early.json)
    assert sop.read(f"tindak-lanjut/{task}")["evaluasi"] == [made["id"]]
    outputs = fhir.read(f"Task/{task}")["output"]
    refers = {"reference": f"QuestionnaireResponse/{made['id']}"}
    assert refers in [each.get("valueReference") for each in outputs]


def laporan(fhir, mulai="2024-07-01"):
    parameters = [{"name": "mulai", "valueDate": mulai}, {"name": "penyusun", "valueId": BIDAN}]
    body = {"resourceType": "Parameters", "parameter": parameters}
    return fhir("POST", f"Organization/{PUSTU}/$laporan-pustu", body)


@pytest.mark.usefixtures("rencana")
def test_c14_the_pustu_reports_its_month_and_the_puskesmas_receives_it(fhir, sop, pasien):
    first, posyandu, second = (each["id"] for each in tugaskan(fhir))
    moved(sop, first, "diterima", "dikerjakan")
    sop.made("kunjungan-rumah", kunjungan(pasien(), first, **SELESAI))
    judged = sop.made("evaluasi-kegiatan", evaluasi(first))

    said = laporan(fhir)

    assert said.status == 201, said.json
    report = sop.read(f"laporan-pustu/{said.json['id']}")
    assert (report["mulai"], report["sampai"]) == ("2024-07-01", "2024-07-31")
    assert (report["pustu"], report["faskes"]) == (PUSTU, PKM)
    assert sorted(report["tugas"]) == sorted([first, second])
    assert posyandu not in report["tugas"]
    assert report["evaluasi"] == [judged["id"]]
    assert report["kunjunganRumah"] == {"direncanakan": 2, "selesai": 1, "cakupan": 50.0}
    (receipt,) = fhir.read(f"Task?owner=Organization/{PKM}&code={TUGAS}|terima-laporan")["entry"]
    task = receipt["resource"]
    assert task["status"] == "requested"
    assert task["focus"] == {"reference": f"Composition/{said.json['id']}"}
    assert laporan(fhir).status == 200
    fhir.kept(f"Task/{task['id']}", {**fhir.read(f"Task/{task['id']}"), "status": "completed"})
    assert sop.read(f"laporan-pustu/{said.json['id']}")["status"] == "diterima"
    assert laporan(fhir).status == 409


@pytest.mark.usefixtures("pustu")
def test_c14_a_report_covers_whole_months(sop):
    def report(first, last):
        dokumen = {
            "pustu": PUSTU,
            "faskes": PKM,
            "mulai": first,
            "sampai": last,
            "penyusun": BIDAN,
            "waktu": "2024-08-02T10:00:00+07:00",
        }
        return sop("POST", "laporan-pustu", dokumen)

    assert report("2024-07-02", "2024-07-31").status == 422
    assert report("2024-07-01", "2024-08-31").status == 422
    assert "2024-07-31" in str(report("2024-07-01", "2024-07-30").json)
    assert report("2024-07-01", "2024-07-31").status == 201


@pytest.mark.usefixtures("rencana")
def test_c12_a_posyandu_day_closes_its_task(fhir, sop):
    task = tugaskan(fhir)[1]["id"]
    moved(sop, task, "diterima", "dikerjakan")

    day = {
        "faskes": PUSTU,
        "nomor": "KP-2024-0007",
        "jenis": "posyandu",
        "kelompok": "sasaran-sidorejo",
        "petugas": BIDAN,
        "lokasi": "posyandu-melati",
        "mulai": "2024-07-11T08:00:00+07:00",
        "selesai": "2024-07-11T11:00:00+07:00",
        "hasil": "selesai",
        "sasaran": 40,
        "hadir": 31,
        "tugas": task,
    }
    made = sop.made("kegiatan-posyandu", day)

    assert fhir.read(f"Task/{task}")["status"] == "completed"
    assert fhir.read(f"Encounter/{made['id']}")["subject"] == {
        "reference": "Group/sasaran-sidorejo"
    }
    assert sop.read(f"kegiatan-posyandu/{made['id']}")["hadir"] == 31


@pytest.mark.usefixtures("rencana")
def test_c14_the_report_is_printed_and_signed_by_a_person(client, fhir, sop, pasien):
    fhir.kept(
        f"PractitionerRole/{BIDAN}",
        {
            "resourceType": "PractitionerRole",
            "id": BIDAN,
            "organization": {"reference": f"Organization/{PUSTU}"},
            "practitioner": {"reference": "Practitioner/nastiti"},
        },
    )
    name = [{"text": "Bidan Nastiti"}]
    fhir.kept(
        "Practitioner/nastiti", {"resourceType": "Practitioner", "id": "nastiti", "name": name}
    )
    task = tugaskan(fhir)[0]["id"]
    moved(sop, task, "diterima", "dikerjakan")
    sop.made("kunjungan-rumah", kunjungan(pasien(), task, **SELESAI))

    page = client.get(
        f"/sop/v1/laporan-pustu/{laporan(fhir).json['id']}/surat", headers={"Accept": "text/html"}
    )

    assert page.status_code == 200
    assert "Kunjungan rumah: 50,0" in page.text
    assert "Bidan Nastiti" in page.text
