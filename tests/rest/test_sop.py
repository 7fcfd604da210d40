"""The SOP API over the real store: documents in, FHIR out, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.sop import arsip

SITI = {
    "faskes": "pkm-dharma-rini",
    "noRM": "RM-000117",
    "nama": "Siti Rahmawati",
    "tanggalLahir": "1986-03-12",
    "jenisKelamin": "female",
    "provinsi": "99",
    "kabupaten": "9902",
    "kecamatan": "990201",
    "desa": "9902012001",
    "nik": "9902015203860001",
}
KUNJUNGAN = {
    "faskes": "pkm-dharma-rini",
    "noReg": "RG-1",
    "pasien": "siti",
    "kelas": "AMB",
    "unit": "kia",
    "klaster": "klaster-2",
    "mulai": "2024-04-02T07:45:00+07:00",
    "status": "tiba",
}


def issues(answer):
    assert answer.json["resourceType"] == "OperationOutcome"
    return {each["expression"][0]: each["diagnostics"] for each in answer.json["issue"]}


def test_what_is_created_is_read_back_by_both_apis(clinic):
    made = clinic.post("pasien", SITI)

    read = clinic.get(made.headers["Location"])
    patient = clinic.fhir(f"Patient/{made.json['id']}")

    assert made.status_code == 201
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"] == 'W/"1"'
    assert read.json.items() >= SITI.items()
    assert patient["birthDate"] == SITI["tanggalLahir"]
    assert patient["meta"]["profile"][0].endswith("/PasienPuskesmas")


def test_a_change_by_fhir_is_at_once_seen_by_sop(clinic):
    made = clinic.made("pasien", SITI)
    patient = clinic.fhir(f"Patient/{made['id']}")

    patient["telecom"] = [{"system": "phone", "value": "62811"}]
    clinic.client.put(f"/fhir/Patient/{made['id']}", json=patient)

    read = clinic.get(f"/sop/v1/pasien/{made['id']}").json
    assert (read["hp"], read["versi"]) == ("62811", 2)


def test_a_change_by_sop_keeps_what_others_added(clinic):
    made = clinic.made("pasien", SITI)
    patient = clinic.fhir(f"Patient/{made['id']}")
    patient["identifier"].append({"system": "https://rs-a.example/mrn", "value": "77"})
    patient["contact"] = [{"name": {"text": "Budi"}}]
    clinic.client.put(f"/fhir/Patient/{made['id']}", json=patient)

    clinic.changed("pasien", {**made, "versi": 2}, nama="Siti R.", nik=None)

    after = clinic.fhir(f"Patient/{made['id']}")
    assert after["name"][0]["text"] == "Siti R."
    assert after["contact"] == patient["contact"]
    assert [each["value"] for each in after["identifier"]] == ["RM-000117", "77"]


def test_a_patient_of_another_system_can_be_read(clinic):
    patient = {"resourceType": "Patient", "name": [{"family": "Wiyono", "given": ["Karto"]}]}
    made = clinic.client.post("/fhir/Patient", json=patient).json

    read = clinic.get(f"/sop/v1/pasien/{made['id']}").json

    assert read["nama"] == "Karto Wiyono"
    assert "noRM" not in read


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"tanggalLahir": "12-03-1986"}, "tanggalLahir", "TTTT-BB-HH"),
        ({"jenisKelamin": "P"}, "jenisKelamin", "male, female"),
        ({"nama": 7}, "nama", "bukan teks"),
        ({"nik": "123"}, "nik", "16 angka"),
        ({"desa": "99"}, "desa", "10 angka"),
        ({"desa": "9903012001"}, "desa", "berawal 990201"),
        ({"tglLahir": "1986-03-12"}, "tglLahir", "tanggalLahir?"),
        ({"noRM": None}, "noRM", "wajib diisi"),
    ],
)
def test_a_wrong_field_is_refused_in_indonesian(clinic, wrong, field, says):
    answer = clinic.post("pasien", {**SITI, **wrong})

    assert answer.status_code == 422
    assert says in issues(answer)[field]


def test_every_wrong_field_is_named_at_once(clinic):
    answer = clinic.post("pasien", {"nama": "Siti", "tanggalLahir": "kemarin"})

    assert {"tanggalLahir", "noRM", "desa", "faskes"} <= issues(answer).keys()


def test_a_nik_that_does_not_fit_is_kept_with_a_warning(clinic):
    made = clinic.made("pasien", {**SITI, "jenisKelamin": "male"})

    assert "Dukcapil" in made["peringatan"][0]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"nama": ', "application/json", 400),
        (b'{"nama": "\xff"}', "application/json", 400),
        (b"nama=Siti", "application/x-www-form-urlencoded", 415),
        (b"[1]", "application/json", 422),
        (b"7", "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(clinic, body, content_type, status):
    answer = clinic.client.post("/sop/v1/pasien", data=body, content_type=content_type)

    assert answer.status_code == status
    assert answer.json["resourceType"] == "OperationOutcome"


def test_who_read_an_old_version_cannot_overwrite_the_new_one(clinic):
    made = clinic.made("pasien", SITI)
    clinic.changed("pasien", made, nama="Siti R.")

    stale = clinic.put("pasien", made, nama="Siti S.")
    tag = clinic.client.put(
        f"/sop/v1/pasien/{made['id']}", json=SITI, headers={"If-Match": 'W/"1"'}
    )

    assert (stale.status_code, tag.status_code) == (412, 412)
    assert clinic.get(f"/sop/v1/pasien/{made['id']}").json["nama"] == "Siti R."


def test_what_is_not_there_is_404_and_what_was_deleted_410(clinic):
    made = clinic.made("pasien", SITI)
    clinic.client.delete(f"/fhir/Patient/{made['id']}")

    assert clinic.get("/sop/v1/pasien/nobody").status_code == 404
    assert clinic.get(f"/sop/v1/pasien/{made['id']}").status_code == 410
    assert clinic.put("pasien", made).status_code == 410


def test_lists_go_on_page_after_page(clinic):
    wanted = {clinic.pasien(number)["id"] for number in range(7)}

    found, address = [], "/sop/v1/pasien?jumlah=3&desa=9901022001"
    pages = 0
    while address is not None:
        page = clinic.get(address).json
        found += [each["id"] for each in page["dokumen"]]
        address = page.get("berikutnya")
        pages += 1

    assert (len(found), set(found), pages) == (7, wanted, 3)


def test_who_somebody_is_never_stands_in_an_address(clinic):
    for number in range(3):
        clinic.pasien(number, nama="Siti Rahmawati")

    by_address = clinic.get("/sop/v1/pasien", nik=SITI["nik"])
    page = clinic.client.post("/sop/v1/pasien/_cari", json={"nama": "Siti", "jumlah": 2}).json

    assert by_address.status_code == 422
    assert "_cari" in issues(by_address)["nik"]
    assert len(page["dokumen"]) == 2
    assert "siti" not in page["berikutnya"].lower()
    assert len(clinic.get(page["berikutnya"]).json["dokumen"]) == 1


def test_a_search_by_nik_finds_one(clinic):
    clinic.pasien(1)
    made = clinic.made("pasien", SITI)

    found = clinic.client.post("/sop/v1/pasien/_cari", json={"nik": SITI["nik"]}).json

    assert [each["id"] for each in found["dokumen"]] == [made["id"]]


@pytest.mark.parametrize("query", ["desa=9902012001", "kecamatan=990201", "jenisKelamin=female"])
def test_filters_are_fhir_searches(clinic, query):
    clinic.pasien(1, jenisKelamin="male")
    made = clinic.made("pasien", SITI)

    found = clinic.get(f"/sop/v1/pasien?{query}").json

    assert [each["id"] for each in found["dokumen"]] == [made["id"]]


def test_the_trace_names_the_field_of_every_element(clinic):
    made = clinic.made("pasien", SITI)

    rows = clinic.get(f"/sop/v1/pasien/{made['id']}/jejak").json

    assert {row["sumberDaya"] for row in rows} == {f"Patient/{made['id']}"}
    of = {row["elemen"]: row["bidang"] for row in rows}
    assert of["Patient.name[0].text"] == ["nama"]
    assert of["Patient.birthDate"] == ["tanggalLahir"]
    assert all(row["bidang"] or row["tetap"] for row in rows)


def test_the_same_key_gives_the_first_answer_again(clinic):
    first = clinic.post("pasien", SITI, key="k1")
    clinic.changed("pasien", first.json, nama="Siti R.")

    again = clinic.post("pasien", SITI, key="k1")

    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(clinic.get("/sop/v1/pasien").json["dokumen"]) == 1


def test_the_same_key_with_another_document_is_refused(clinic):
    clinic.post("pasien", SITI, key="k1")

    other = clinic.post("pasien", {**SITI, "nama": "Siti R."}, key="k1")

    assert other.status_code == 422
    assert other.json["issue"][0]["code"] == "duplicate"


def test_a_refused_document_gives_its_key_back(clinic):
    refused = clinic.post("antrean", ticket("nobody"), key="k1")
    pasien = clinic.made("pasien", SITI)

    accepted = clinic.post("antrean", ticket(pasien["id"]), key="k1")

    assert (refused.status_code, accepted.status_code) == (422, 201)


def test_many_requests_with_one_key_make_one_document(clinic):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: clinic.post("pasien", SITI, key="k"), range(16)))

    assert {each.status_code for each in answers} == {201}
    assert len({each.json["id"] for each in answers}) == 1
    assert len(clinic.get("/sop/v1/pasien").json["dokumen"]) == 1


def test_every_document_is_archived_word_for_word(clinic):
    body = '{ "nama": "Siti Rahmawati",\n' + str(SITI).replace("'", '"')[1:]

    made = clinic.client.post("/sop/v1/pasien", data=body, content_type="application/json").json

    (kept,) = arsip.riwayat("pasien", made["id"])
    assert kept.naskah == body
    assert kept.keadaan == "selesai"
    assert kept.menjadi == [f"Patient/{made['id']}/_history/1"]


def ticket(pasien, **fields):
    known = {"faskes": "pkm", "unit": "kia", "tanggal": "2024-04-02", "pasien": pasien}
    return {**known, "ambil": "2024-04-02T07:45:00+07:00", **fields}


def test_numbers_are_unique_and_without_gap(clinic):
    pasien = clinic.made("pasien", SITI)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: clinic.made("antrean", ticket(pasien["id"])), range(20)))
    clinic.post("antrean", ticket("nobody"))
    last = clinic.made("antrean", ticket(pasien["id"]))

    assert sorted(each["nomor"] for each in made) == list(range(1, 21))
    assert last["nomor"] == 21


def test_each_unit_day_and_puskesmas_counts_from_one(clinic):
    pasien = clinic.made("pasien", SITI)["id"]
    clinic.made("antrean", ticket(pasien))

    others = [{"unit": "kb"}, {"faskes": "pkm-todanan"}, {"tanggal": "2024-04-03", "ambil": None}]
    others[2]["ambil"] = "2024-04-03T07:00:00+07:00"

    assert [clinic.made("antrean", ticket(pasien, **each))["nomor"] for each in others] == [1] * 3


def test_an_elder_goes_first_without_anybody_saying_so(clinic):
    elder = clinic.pasien(1, tanggalLahir="1957-08-17", jenisKelamin="male")

    made = clinic.made("antrean", ticket(elder["id"]))

    assert (made["prioritas"], made["alasanPrioritas"]) == (True, "lansia")
    appointment = clinic.fhir(f"Appointment/{made['id']}")
    assert appointment["priority"] == 1


def test_a_document_about_nobody_is_refused_in_words_of_the_sop(clinic):
    answer = clinic.post("kunjungan", KUNJUNGAN, key="once")

    assert answer.status_code == 422
    said = issues(answer)["pasien"]
    assert "tidak ada pasien dengan id siti" in said
    assert "there is no patient with id siti" in said
    assert "entry" not in clinic.fhir("Encounter")
    clinic.known("siti")
    assert clinic.post("kunjungan", KUNJUNGAN, key="once").status_code == 201


def test_an_illegal_move_of_a_visit_is_409_in_both_languages(clinic):
    clinic.known("siti")
    made = clinic.made("kunjungan", KUNJUNGAN)

    answer = clinic.put("kunjungan", made, status="selesai")

    assert answer.status_code == 409
    says = issues(answer)["status"]
    assert "ditriase, dilayani, batal" in says
    assert "triaged, in-progress, cancelled" in says


def test_fhir_meets_the_same_course_of_a_visit(clinic):
    clinic.known("siti")
    made = clinic.made("kunjungan", KUNJUNGAN)
    encounter = clinic.fhir(f"Encounter/{made['id']}")

    illegal = clinic.client.put(
        f"/fhir/Encounter/{made['id']}", json={**encounter, "status": "finished"}
    )
    legal = clinic.client.put(
        f"/fhir/Encounter/{made['id']}", json={**encounter, "status": "in-progress"}
    )

    assert (illegal.status_code, legal.status_code) == (409, 200)
    assert illegal.json["issue"][0]["code"] == "business-rule"
    assert clinic.get(f"/sop/v1/kunjungan/{made['id']}").json["status"] == "dilayani"


def test_an_encounter_of_no_puskesmas_is_not_judged(clinic):
    encounter = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "arrived",
        "class": {"code": "AMB"},
    }
    clinic.client.put("/fhir/Encounter/e", json=encounter)

    done = clinic.client.put("/fhir/Encounter/e", json={**encounter, "status": "finished"})

    assert done.status_code == 200


def test_a_visit_takes_its_number_along(clinic):
    pasien = clinic.made("pasien", SITI)
    taken = clinic.made("antrean", ticket(pasien["id"]))

    visit = clinic.made("kunjungan", {**KUNJUNGAN, "pasien": pasien["id"], "antrean": taken["id"]})
    clinic.changed("kunjungan", visit, status="dilayani")

    assert clinic.get(f"/sop/v1/antrean/{taken['id']}").json["status"] == "dipanggil"


def test_a_role_and_its_person_are_one_document(clinic):
    made = clinic.made(
        "petugas-kesehatan",
        {"nama": "Wulan", "peran": "bidan", "faskes": "pkm", "aktifDari": "2023-01-02"},
    )

    role = clinic.fhir(f"PractitionerRole/{made['id']}")
    person = clinic.fhir(role["practitioner"]["reference"])

    assert person["name"][0]["text"] == "Wulan"
    found = clinic.client.post("/sop/v1/petugas-kesehatan/_cari", json={"nama": "wulan"}).json
    assert [each["id"] for each in found["dokumen"]] == [made["id"]]
