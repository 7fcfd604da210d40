"""The SOP API for staff of a puskesmas: documents of their patients, in lists and by id."""

from __future__ import annotations

import pytest

from fhir_server.sop import entitas
from tests.access.leaks.world import VILLAGES
from tests.access.test_roles import _at_once, context, person, puskesmas  # noqa: F401

PATIENT = {
    "faskes": "rs-a",
    "tanggalLahir": "1990-01-01",
    "jenisKelamin": "female",
    "provinsi": "99",
    "kabupaten": "9901",
    "kecamatan": "990102",
}
VISIT = {
    "faskes": "pkm",
    "kelas": "AMB",
    "unit": "kia",
    "klaster": "klaster-2",
    "mulai": "2026-11-20T08:10:00+07:00",
    "status": "dilayani",
}
SLIP = {
    "faskes": "pkm",
    "pemeriksaan": ["hb"],
    "unitAsal": "kia",
    "peminta": "dokter",
    "waktu": "2026-11-20T08:30:00+07:00",
    "lab": "unit",
}


@pytest.fixture
def documents(caller, http, person):  # noqa: F811
    """Register one patient in the midwife's village and one elsewhere, each with a visit."""
    assert person
    app = caller("app")

    def post(entity, document):
        said = http.post(f"/sop/v1/{entity}", json=document, headers=app.headers)
        assert said.status_code == 201, said.text
        return said.json["id"]

    made = {}
    for number, village in enumerate((VILLAGES[0], VILLAGES[3])):
        named = {"noRM": f"00{number}", "nama": f"Nyonya Rahasia {number}", "desa": village}
        patient = post("pasien", PATIENT | named | {"nik": f"990201520386000{number}"})
        visit = post("kunjungan", VISIT | {"noReg": f"REG-{number}", "pasien": patient})
        slip = {"nomor": f"LAB-{number}", "pasien": patient, "kunjungan": visit}
        made[number] = {
            "pasien": patient,
            "kunjungan": visit,
            "pengantar-lab": post("pengantar-lab", SLIP | slip),
        }
    return made


def test_2_3_a_midwife_reads_documents_of_her_villages(documents, person, http):  # noqa: F811
    bidan = person("bidan")
    mine, others = documents[0], documents[1]

    for entity in mine:
        listed = http.get(f"/sop/v1/{entity}", headers=bidan.headers).json["dokumen"]
        found = {each["id"] for each in listed}
        assert mine[entity] in found
        assert others[entity] not in found
        for what in ("", "/jejak"):
            url = f"/sop/v1/{entity}/{mine[entity]}{what}"
            assert http.get(url, headers=bidan.headers).status_code == 200
            url = f"/sop/v1/{entity}/{others[entity]}{what}"
            assert http.get(url, headers=bidan.headers).status_code == 403
    assert http.get(
        f"/sop/v1/pengantar-lab/{others['pengantar-lab']}/surat", headers=bidan.headers
    ).status_code in {403, 404}


def test_2_3_no_list_of_any_entity_shows_another_village(documents, person, http):  # noqa: F811
    bidan = person("bidan")
    hidden = [*documents[1].values(), "Nyonya Rahasia 1", "9902015203860001"]

    for each in entitas().values():
        url = f"/sop/v1/{each.alamat}"
        for said in (
            http.get(url, headers=bidan.headers),
            http.post(f"{url}/_cari", json={}, headers=bidan.headers),
        ):
            assert said.status_code < 500, f"{url} {said.text}"
            assert not [word for word in hidden if word in said.text], f"{url} {said.text}"
    for name in ("pws", "beban-penyakit"):
        assert http.get(f"/sop/v1/{name}", headers=bidan.headers).status_code == 403
    found = {"nik": "9902015203860001"}
    said = http.post("/sop/v1/pasien/_cari", json=found, headers=bidan.headers)
    assert said.json == {"dokumen": []}


def test_2_3_staff_write_documents_of_their_patients_only(documents, person, http):  # noqa: F811
    bidan = person("bidan")

    for number, status in ((0, 201), (1, 403)):
        visit = VISIT | {"noReg": f"B-{number}", "pasien": documents[number]["pasien"]}
        said = http.post("/sop/v1/kunjungan", json=visit, headers=bidan.headers)
        assert said.status_code == status, said.text


@pytest.mark.parametrize("name", ["kader", "loket", "operator", "camat", "putri", "tamu"])
def test_2_3_who_sees_parts_is_not_answered_in_documents(person, http, name):  # noqa: F811
    assert http.get("/sop/v1/pasien", headers=person(name).headers).status_code == 403
