"""The referral of S5 and its choreography (domain §5): by the puskesmas in SOP, the RS in FHIR."""

from urllib.parse import quote

import pytest

from fhir_server.mappings.codes import NIK, SNOMED, code_system, sid
from fhir_server.mappings.status_rujukan import STATUS
from fhir_server.sop.status_rujukan import BERIKUT

TUGAS, JENIS = code_system("jenis-tugas"), code_system("jenis-rujukan")
STATUS_RUJUKAN = code_system("status-rujukan")


@pytest.fixture
def siti(pasien):
    return pasien()


def surat(pasien, nomor="RJ-2024-0412", tujuan="rs-a", **lain):
    return {
        "faskes": "pkm-todanan",
        "nomor": nomor,
        "pasien": pasien,
        "jenis": "medis",
        "prioritas": "darurat",
        "layanan": "gawat-darurat",
        "tujuan": tujuan,
        "alasan": "Preeklampsia berat, 31 minggu, mohon tata laksana",
        "diagnosis": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
        "kondisi": {"sistolik": 168, "diastolik": 112, "kesadaran": "compos-mentis"},
        "tindakanPra": ["MgSO4 4 g intravena"],
        "transport": "ambulans",
        "penjamin": {"jenis": "bpjs-pbi", "nomor": "9900000000001"},
        "perujuk": "dokter-todanan",
        "waktu": "2024-08-20T19:42:00+07:00",
        **lain,
    }


@pytest.fixture
def rujukan(sop, siti):
    return sop.made("rujukan", surat(siti))


def tugas(fhir, rujukan, owner="rs-a"):
    """Find the Task of a referral as the hospital does."""
    query = f"Task?owner=Organization/{owner}&focus=ServiceRequest/{rujukan['id']}"
    (entry,) = fhir.read(query)["entry"]
    return entry["resource"]


def moved(task, status, state=None, **also):
    coding = {"system": STATUS_RUJUKAN, "code": state or status}
    return {**task, "status": status, "businessStatus": {"coding": [coding]}, **also}


def put(fhir, task):
    tag = {"If_Match": f'W/"{task["meta"]["versionId"]}"'}
    return fhir("PUT", f"Task/{task['id']}", task, **tag)


def changed(dokumen, **lain):
    return {k: v for k, v in dokumen.items() if k not in {"id", "peringatan"}} | lain


def found(fhir, query, mode=None):
    entries = fhir.read(query).get("entry", [])
    return sorted(
        f"{e['resource']['resourceType']}/{e['resource']['id']}"
        for e in entries
        if mode in {None, e["search"]["mode"]}
    )


def test_the_letter_becomes_a_request_and_the_work_of_one_hospital(fhir, rujukan):
    request = fhir.read(f"ServiceRequest/{rujukan['id']}")
    task = tugas(fhir, rujukan)

    assert (request["status"], request["priority"]) == ("active", "stat")
    assert request["locationCode"][0]["coding"][0]["code"] == "AMB"
    assert request["code"]["coding"][0]["code"] == "385868005"
    assert (task["status"], task["owner"]["reference"]) == ("requested", "Organization/rs-a")
    assert task["requester"]["reference"] == "Organization/pkm-todanan"
    assert task["restriction"]["period"]["end"] == "2024-08-20T19:57:00+07:00"
    letter = fhir.read(task["input"][0]["valueReference"]["reference"])
    assert [each["title"] for each in letter["section"]] == [
        "Alasan rujukan",
        "Diagnosis",
        "Kondisi saat dirujuk",
        "Tindakan pra-rujukan",
    ]
    entries = [e["reference"] for section in letter["section"] for e in section.get("entry", ())]
    assert [fhir.read(each)["resourceType"] for each in entries] == [
        "Condition",
        "Observation",
        "Observation",
        "Procedure",
    ]


@pytest.mark.parametrize(
    ("prioritas", "batas"),
    [
        ("darurat", "2024-08-20T19:57:00+07:00"),
        ("segera", "2024-08-20T21:42:00+07:00"),
        ("elektif", "2024-08-21T19:42:00+07:00"),
    ],
)
def test_the_hospital_has_to_answer_by_priority(sop, siti, prioritas, batas):
    assert sop.made("rujukan", surat(siti, prioritas=prioritas))["batasJawab"] == batas


def test_what_the_hospital_does_by_fhir_is_seen_by_sop_at_once(sop, fhir, rujukan):
    seen = []
    steps = [
        ("received", "diterima-sistem"),
        ("accepted", "disetujui"),
        ("in-progress", "pasien-tiba"),
        ("in-progress", "dalam-perawatan"),
        ("completed", "dirujuk-balik"),
    ]
    for status, state in steps:
        assert put(fhir, moved(tugas(fhir, rujukan), status, state)).status == 200
        seen.append(sop.read(f"rujukan/{rujukan['id']}")["status"])

    assert seen == [state for _, state in steps]


def test_a_hospital_that_only_sets_the_status_is_understood(sop, fhir, rujukan):
    assert put(fhir, {**tugas(fhir, rujukan), "status": "accepted"}).status == 200

    assert sop.read(f"rujukan/{rujukan['id']}")["status"] == "disetujui"


@pytest.mark.parametrize(
    ("path", "illegal"),
    [
        ([], ("in-progress", "pasien-tiba")),
        ([], ("completed", "dirujuk-balik")),
        ([("accepted", "disetujui")], ("rejected", "ditolak")),
        ([("rejected", "ditolak")], ("accepted", "disetujui")),
        ([("accepted", "disetujui")], ("requested", "dikirim")),
    ],
)
def test_br_r1_illegal_move_by_fhir_is_refused_with_what_is_allowed(fhir, rujukan, path, illegal):
    why = {"statusReason": {"text": "penuh"}}
    for step in path:
        assert put(fhir, moved(tugas(fhir, rujukan), *step, **why)).status == 200
    before = tugas(fhir, rujukan)
    state = path[-1][1] if path else "dikirim"

    refused = put(fhir, moved(before, *illegal, **why))

    assert refused.status == 409
    assert "BR-R1" in refused.issues[0]["diagnostics"]
    assert "RJ-2024-0412" in refused.issues[0]["diagnostics"]
    assert all(each in refused.issues[0]["diagnostics"] for each in BERIKUT[state])
    assert tugas(fhir, rujukan) == before


def test_br_r1_holds_in_a_transaction(fhir, rujukan):
    task = moved(tugas(fhir, rujukan), "completed", "dirujuk-balik")
    request = {"method": "PUT", "url": f"Task/{task['id']}", "ifMatch": 'W/"1"'}
    entry = {"request": request, "resource": task}

    said = fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})

    assert said.status == 409
    assert tugas(fhir, rujukan)["status"] == "requested"


def test_br_r1_holds_by_sop(sop, rujukan):
    refused = sop("PUT", f"rujukan/{rujukan['id']}", changed(rujukan, status="dalam-perawatan"))

    assert refused.status == 409
    assert "BR-R1" in str(refused.json)
    assert "diterima-sistem, disetujui, ditolak, dibatalkan" in str(refused.json)


def test_history_may_be_loaded_in_any_state(fhir, rujukan):
    task = moved(tugas(fhir, rujukan), "completed", "dirujuk-balik")

    assert fhir("PUT", "Task/lama", {**task, "id": "lama"}).status == 201


def test_refused_referral_goes_to_another_hospital_as_new_work(sop, fhir, rujukan):
    reason = {"coding": [{"system": code_system("alasan-tolak"), "code": "penuh"}]}
    refused = moved(tugas(fhir, rujukan), "rejected", "ditolak", statusReason=reason)
    assert put(fhir, refused).status == 200
    letter = sop.read(f"rujukan/{rujukan['id']}")

    again = sop.kept(
        f"rujukan/{rujukan['id']}",
        changed(letter, tujuan="rs-b", status="dikirim", dikirim="2024-08-20T19:50:00+07:00"),
    )

    assert letter["alasanTolak"] == "penuh"
    assert again["riwayatTujuan"][0]["tujuan"] == "rs-a"
    assert again["riwayatTujuan"][0]["alasanTolak"] == "penuh"
    assert again["batasJawab"] == "2024-08-20T20:05:00+07:00"
    assert "alasanTolak" not in again
    assert tugas(fhir, rujukan, "rs-a")["status"] == "rejected"
    assert tugas(fhir, rujukan, "rs-b")["status"] == "requested"
    assert found(fhir, "ServiceRequest?performer=Organization/rs-a") == []
    assert put(fhir, moved(tugas(fhir, rujukan, "rs-b"), "accepted", "disetujui")).status == 200
    assert sop.read(f"rujukan/{rujukan['id']}")["status"] == "disetujui"


def test_a_hospital_that_declines_in_its_own_words_can_be_replaced_too(sop, fhir, rujukan):
    said = {"statusReason": {"text": "IGD sedang penuh"}}
    assert put(fhir, moved(tugas(fhir, rujukan), "rejected", "ditolak", **said)).status == 200
    letter = sop.read(f"rujukan/{rujukan['id']}")
    sent = {"tujuan": "rs-b", "status": "dikirim", "dikirim": "2024-08-20T19:50:00+07:00"}

    again = sop.kept(f"rujukan/{rujukan['id']}", changed(letter, **sent))

    (past,) = again["riwayatTujuan"]
    assert (past["tujuan"], past["alasanTolak"]) == ("rs-a", "lainnya")
    assert past["keterangan"] == "IGD sedang penuh"
    assert tugas(fhir, rujukan, "rs-b")["status"] == "requested"


def test_br_r1_who_declines_by_fhir_says_why(fhir, rujukan):
    task = tugas(fhir, rujukan)
    tag = f'W/"{task["meta"]["versionId"]}"'
    headers = {"If-Match": tag, "Content-Type": "application/json-patch+json"}
    body = [{"op": "replace", "path": "/status", "value": "rejected"}]

    whole = put(fhir, moved(task, "rejected", "ditolak"))
    part = fhir._client.patch(f"/fhir/Task/{task['id']}", json=body, headers=headers)

    assert (whole.status, part.status_code) == (422, 422)
    (issue,) = whole.issues
    assert issue["expression"] == ["Task.statusReason"]
    assert all(each in issue["diagnostics"] for each in ("BR-R1", "penuh", "tanpa-alat"))
    assert tugas(fhir, rujukan) == task


def test_a_declined_task_may_be_corrected_and_loaded_as_history(fhir, rujukan):
    old = moved(tugas(fhir, rujukan), "rejected", "ditolak") | {"id": "lama"}

    assert fhir("PUT", "Task/lama", old).status == 201
    stored = fhir.read("Task/lama")
    assert put(fhir, stored | {"note": [{"text": "dari arsip"}]}).status == 200


def test_new_addressee_before_a_refusal_is_not_allowed(sop, rujukan):
    refused = sop("PUT", f"rujukan/{rujukan['id']}", changed(rujukan, tujuan="rs-b"))

    assert refused.status == 409
    assert "BR-R1" in str(refused.json)


def test_refused_referral_can_be_given_up(sop, fhir, rujukan):
    reason = {"coding": [{"system": code_system("alasan-tolak"), "code": "tanpa-alat"}]}
    put(fhir, moved(tugas(fhir, rujukan), "rejected", "ditolak", statusReason=reason))
    letter = sop.read(f"rujukan/{rujukan['id']}")

    sop.kept(f"rujukan/{rujukan['id']}", changed(letter, status="dibatalkan"))

    assert sop.read(f"rujukan/{rujukan['id']}")["status"] == "dibatalkan"
    assert tugas(fhir, rujukan)["status"] == "rejected"
    assert fhir.read(f"ServiceRequest/{rujukan['id']}")["status"] == "revoked"


def test_puskesmas_withdraws_an_unanswered_referral(sop, fhir, rujukan):
    why = {"status": "dibatalkan", "keterangan": "Pasien menolak dirujuk"}
    sop.kept(f"rujukan/{rujukan['id']}", changed(rujukan, **why))

    assert tugas(fhir, rujukan)["status"] == "cancelled"
    assert tugas(fhir, rujukan)["statusReason"]["text"] == "Pasien menolak dirujuk"
    assert fhir.read(f"ServiceRequest/{rujukan['id']}")["status"] == "revoked"


def test_what_the_hospital_adds_survives_a_change_by_sop(sop, fhir, rujukan):
    number = {"system": "http://rs-a.example/sid/igd", "value": "IGD-77"}
    task = moved(tugas(fhir, rujukan), "accepted", "disetujui", identifier=[number])
    put(fhir, task)
    letter = sop.read(f"rujukan/{rujukan['id']}")

    sop.kept(f"rujukan/{rujukan['id']}", changed(letter, petunjukPasien="Miring ke kiri"))

    assert tugas(fhir, rujukan)["identifier"] == [number]
    assert tugas(fhir, rujukan)["status"] == "accepted"


def test_referral_posted_by_fhir_is_read_by_sop(sop, fhir, siti, rujukan):
    request = fhir.read(f"ServiceRequest/{rujukan['id']}")
    task = tugas(fhir, rujukan)
    entries = [
        {
            "fullUrl": "urn:uuid:7c1a2f9c-8a5a-4d5e-9a53-9b9f6a3f0d11",
            "resource": {**request, "id": "x"},
            "request": {"method": "POST", "url": "ServiceRequest"},
        },
        {
            "resource": {
                **task,
                "focus": {"reference": "urn:uuid:7c1a2f9c-8a5a-4d5e-9a53-9b9f6a3f0d11"},
            },
            "request": {"method": "POST", "url": "Task"},
        },
    ]
    said = fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    own_id = said.json["entry"][0]["response"]["location"].split("/")[1 - 4]

    seen = sop.read(f"rujukan/{own_id}")

    assert (seen["status"], seen["tujuan"], seen["pasien"]) == ("dikirim", "rs-a", siti)
    assert seen["diagnosis"][0]["kode"] == "O14.1"
    listed = sop.read("rujukan?status=dikirim")["dokumen"]
    assert {each["id"] for each in listed} == {own_id, rujukan["id"]}


class TestSearches:
    """The searches of domain §5.4."""

    @pytest.fixture(autouse=True)
    def referrals(self, sop, siti, pasien):
        endang = pasien("Endang Suryani", "9902015405830015", "1983-05-14")
        routine = {"prioritas": "elektif", "waktu": "2024-08-20T08:00:00+07:00"}
        self.siti = siti
        self.stat = sop.made("rujukan", surat(siti))["id"]
        self.later = sop.made("rujukan", surat(endang, "RJ-2024-0413", **routine))["id"]
        self.other = sop.made("rujukan", surat(endang, "RJ-2024-0414", "rs-c"))["id"]

    def test_incoming_work_with_its_request_and_patient(self, fhir):
        query = (
            f"Task?owner=Organization/rs-a&code={TUGAS}|rujukan&status=requested,received"
            "&_include=Task:focus&_include=Task:patient&_sort=-priority,authored-on"
        )

        matches = [
            e["resource"]["focus"]["reference"]
            for e in fhir.read(query)["entry"]
            if e["search"]["mode"] == "match"
        ]
        assert matches == [f"ServiceRequest/{self.stat}", f"ServiceRequest/{self.later}"]
        included = found(fhir, query, "include")
        assert f"ServiceRequest/{self.stat}" in included
        assert f"Patient/{self.siti}" in included
        assert f"ServiceRequest/{self.other}" not in included

    def test_incoming_requests_with_their_work(self, fhir):
        query = (
            f"ServiceRequest?performer=Organization/rs-a&category={SNOMED}|3457005"
            "&status=active&_revinclude=Task:focus"
        )

        assert found(fhir, query, "match") == sorted(
            [f"ServiceRequest/{self.stat}", f"ServiceRequest/{self.later}"]
        )
        assert len(found(fhir, query, "include")) == 2

    def test_by_number(self, fhir):
        number = f"{sid('no-rujukan', 'pkm-todanan')}|RJ-2024-0412"

        assert found(fhir, f"ServiceRequest?identifier={number}") == [f"ServiceRequest/{self.stat}"]

    def test_by_the_patients_nik(self, fhir):
        query = f"ServiceRequest?patient.identifier={quote(NIK)}|9902015203860001"

        assert found(fhir, f"{query}&category={SNOMED}|3457005") == [f"ServiceRequest/{self.stat}"]

    def test_by_kind_and_by_due_time(self, fhir):
        assert len(found(fhir, f"ServiceRequest?category={JENIS}|medis")) == 3
        overdue = found(fhir, f"Task?code={TUGAS}|rujukan&due=lt2024-08-20T21:00:00%2B07:00")
        assert len(overdue) == 2

    def test_changes_since(self, fhir):
        assert len(found(fhir, "Task?owner=Organization/rs-a&_lastUpdated=gt2024-01-01")) == 2
        assert found(fhir, "Task?owner=Organization/rs-b&_lastUpdated=gt2024-01-01") == []

    def test_letters_of_a_patient(self, fhir):
        query = f"Composition?type=http://loinc.org|57133-1&patient=Patient/{self.siti}"

        assert found(fhir, query) == [f"Composition/{self.stat}-surat"]

    def test_list_of_the_sop_api(self, sop):
        page = sop.read("rujukan?tujuan=rs-a")["dokumen"]

        assert {each["id"] for each in page} == {self.stat, self.later}
        assert {each["status"] for each in page} == {"dikirim"}


def test_the_table_of_moves_and_the_table_of_statuses_know_the_same_states():
    assert set(BERIKUT) == set(STATUS)
    assert {state for after in BERIKUT.values() for state in after} <= set(STATUS)
