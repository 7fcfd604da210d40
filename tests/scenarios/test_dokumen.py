"""What every SOP document says of itself, and by what people and places are found (domain §2.1)."""

from __future__ import annotations

import pytest

SD = "https://puskesmas.example/fhir/StructureDefinition"
IHS = "https://fhir.kemkes.go.id/id"
KARTU = {
    "nikIbu": "9902014107600002",
    "ihs": "P00000000009",
    "noKK": "9902010101100009",
    "noBPJS": "9900000000099",
    "noBukuKIA": "KIA-2024-0900",
    "hp": "6280000000099",
}


@pytest.fixture
def siti(pasien):
    return pasien(**KARTU)


def test_a_document_says_when_it_was_made_and_when_changed(sop, siti):
    made = sop.read(f"pasien/{siti}")
    changed = sop.kept(f"pasien/{siti}", {**made, "alamat": "Dusun Krajan"})
    (listed,) = sop.read("pasien")["dokumen"]

    assert made["dibuat"] == made["diubah"]
    assert changed["dibuat"] == made["dibuat"] < changed["diubah"]
    assert listed["dibuat"] == made["dibuat"]


@pytest.mark.parametrize(("bidang", "nilai"), KARTU.items())
def test_a_patient_is_found_by_each_card_but_never_in_a_url(sop, siti, pasien, bidang, nilai):
    pasien(nama="Orang Lain", nik="9902015405830015", lahir="1983-05-14")

    found = sop("POST", "pasien/_cari", {bidang: nilai}).json["dokumen"]
    in_url = sop("GET", f"pasien?{bidang}={nilai}")

    assert [each["id"] for each in found] == [siti]
    assert in_url.status == 422


@pytest.mark.parametrize("system", ["ihs-number", "patient-ihs-number"])
def test_the_ihs_number_is_found_by_either_name_of_its_system(fhir, sop, system):
    """§2.1/1: SATUSEHAT's pages name the system in two ways."""
    for number, written in enumerate(("ihs-number", "patient-ihs-number")):
        identifier = [{"system": f"{IHS}/{written}", "value": f"P0000000001{number}"}]
        fhir.kept(
            f"Patient/p{number}",
            {"resourceType": "Patient", "id": f"p{number}", "identifier": identifier},
        )

    for number in range(2):
        found = fhir.read(f"Patient?identifier={IHS}/{system}|P0000000001{number}")
        assert [each["resource"]["id"] for each in found["entry"]] == [f"p{number}"]
        assert sop.read(f"pasien/p{number}")["ihs"] == f"P0000000001{number}"


def test_a_village_is_an_area_and_a_room_is_not(sop, fhir):
    desa = {"nama": "Sidorejo", "jenis": "desa", "kode": "9902012001"}
    desa = sop.made("lokasi", desa)
    ruang = sop.made("lokasi", {"nama": "Ruang KIA", "jenis": "ruang"})

    worn = [fhir.read(f"Location/{each['id']}")["meta"]["profile"] for each in (desa, ruang)]
    assert worn == [[f"{SD}/Ruang", f"{SD}/WilayahKerja"], [f"{SD}/Ruang"]]


def test_what_is_an_area_no_more_says_so_no_more(sop, fhir):
    desa = sop.made("lokasi", {"nama": "Sidorejo", "jenis": "desa", "kode": "9902012001"})

    sop.kept(f"lokasi/{desa['id']}", {**desa, "jenis": "dusun"})

    assert fhir.read(f"Location/{desa['id']}")["meta"]["profile"] == [f"{SD}/Ruang"]


def test_a_visit_with_a_contact_code_is_an_antenatal_one(fhir, kunjungan, siti):
    fhir.kept(
        "EpisodeOfCare/anc-siti",
        {
            "resourceType": "EpisodeOfCare",
            "id": "anc-siti",
            "status": "active",
            "patient": {"reference": f"Patient/{siti}"},
        },
    )

    anc = kunjungan(siti, episode="anc-siti", kodeKontak="K1M")
    gigi = kunjungan(siti, unit="gigi")

    assert f"{SD}/KunjunganANC" in fhir.read(f"Encounter/{anc}")["meta"]["profile"]
    assert f"{SD}/KunjunganANC" not in fhir.read(f"Encounter/{gigi}")["meta"]["profile"]
    issues = fhir.read(f"Encounter/{anc}/$validate?profile={SD}/KunjunganANC")["issue"]
    assert [each for each in issues if each["severity"] == "error"] == []


def test_a_midwife_is_one_in_snomed_too(sop, fhir):
    """§2.1/3: SNOMED CT 309453006."""
    bidan = {"nama": "Bidan Ani", "faskes": "pkm", "aktifDari": "2024-01-01"}
    made = [sop.made("petugas-kesehatan", {**bidan, "peran": p}) for p in ("bidan", "kasir")]

    codings = [fhir.read(f"PractitionerRole/{e['id']}")["code"][0]["coding"] for e in made]
    assert [c["code"] for c in codings[0]] == ["bidan", "309453006"]
    assert [c["code"] for c in codings[1]] == ["kasir"]
    assert [sop.read(f"petugas-kesehatan/{e['id']}")["peran"] for e in made] == ["bidan", "kasir"]


def visit(siti, **lain):
    dokumen = {
        "faskes": "pkm-dharma-rini",
        "noReg": "RG-1",
        "pasien": siti,
        "kelas": "AMB",
        "unit": "kia",
        "klaster": "klaster-2",
        "mulai": "2024-04-02T07:45:00+07:00",
        "status": "tiba",
    }
    return {**dokumen, **lain}


@pytest.mark.parametrize(
    ("mulai", "says"),
    [
        ("2199-04-02T07:45:00+07:00", "belum terjadi"),
        ("1024-04-02T07:45:00+07:00", "tahun 1024"),
        ("2024-04-02T07:45:00", "bukan waktu dengan zona"),
        ("2024-02-30T07:45:00+07:00", "bukan waktu dengan zona"),
        ("kemarin", "bukan waktu dengan zona"),
    ],
)
def test_an_impossible_time_is_said_in_indonesian(sop, fhir, siti, mulai, says):
    said = sop("POST", "kunjungan", visit(siti, mulai=mulai))

    assert said.status == 422
    assert said.issues[0]["expression"] == ["mulai"]
    assert says in said.issues[0]["diagnostics"]
    assert fhir.read("Encounter?_summary=count")["total"] == 0


def test_what_is_planned_may_lie_ahead_and_what_has_happened_may_not(sop, siti):
    ahead = "2199-04-02T07:45:00+07:00"
    planned = sop.made("kunjungan", visit(siti, mulai=ahead, status="direncanakan"))

    begun = sop("PUT", f"kunjungan/{planned['id']}", {**planned, "status": "tiba"})

    assert begun.status == 422
    assert "belum terjadi" in begun.issues[0]["diagnostics"]


@pytest.mark.parametrize("lahir", ["2199-01-01", "1700-01-01", "1990-02-30"])
def test_nobody_is_born_on_an_impossible_day(sop, siti, lahir):
    dokumen = {**sop.read(f"pasien/{siti}"), "nik": None, "tanggalLahir": lahir}

    said = sop("POST", "pasien", dokumen)

    assert said.status == 422
    assert said.issues[0]["expression"] == ["tanggalLahir"]


@pytest.mark.parametrize("body", [[], None, "x", 3])
def test_what_is_no_document_is_said_in_indonesian(sop, body):
    said = sop("POST", "pasien", body)

    assert said.status in {400, 415, 422}
    assert "Invalid" not in str(said.json)


def test_a_unit_of_another_cluster_is_kept_and_pointed_out(sop, siti):
    made = sop.made("kunjungan", visit(siti, klaster="klaster-3"))

    assert "klaster-2" in made["peringatan"][0]
