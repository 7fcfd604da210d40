"""S11, PWS from what the clinic writes: a pregnancy, a birth, a child, by SOP documents alone."""

import pytest

from fhir_server.mappings.codes import code_system
from tests.scenarios.ibu_anak import FASKES, handed_over, opened, prescribed, wib

DESA = "9902012001"
HPHT, LAHIR = "2024-01-15", "2024-10-15"


@pytest.fixture
def wilayah(fhir, sop):
    """A puskesmas of one village, its rooms and its midwife."""
    url = "https://puskesmas.example/fhir/StructureDefinition/wilayah-kerja"
    kept(fhir, "Organization", FASKES, type=[code("jenis-faskes", "puskesmas")], name="PKM")
    organization = fhir.read(f"Organization/{FASKES}")
    extension = [{"url": url, "valueCode": DESA}]
    fhir.kept(f"Organization/{FASKES}", {**organization, "extension": extension})
    kept(fhir, "Location", "ruang-persalinan", type=[code("jenis-lokasi", "ruang")])
    kept(fhir, "PractitionerRole", "bidan-vk", code=[code("peran-petugas", "bidan")])
    target = {"faskes": FASKES, "desa": DESA, "tahun": 2024}
    sop.made("sasaran-desa", {**target, "ibuHamil": 10, "bersalin": 9, "bayi": 8, "pus": 90})


def code(system, value):
    return {"coding": [{"system": code_system(system), "code": value}]}


def kept(fhir, kind, identity, **elements):
    fhir.kept(f"{kind}/{identity}", {"resourceType": kind, "id": identity, **elements})


@pytest.fixture
def mother(sop, pasien, wilayah):  # noqa: ARG001 - the village must be there
    """Write a pregnancy of four contacts, as the midwife does."""
    woman = pasien("Dewi Rekaan", "9902014511980002", "1998-11-05")
    episode = sop.made(
        "episode-kehamilan",
        {
            "faskes": FASKES,
            "pasien": woman,
            "hpht": HPHT,
            "gravida": 2,
            "partus": 1,
            "abortus": 0,
            "dicatat": wib("2024-03-25", "09:00"),
        },
    )["id"]
    days = ("2024-03-25", "2024-06-10", "2024-07-22", "2024-09-02")
    visits = [opened(sop, woman, "kia", wib(day, "08:00"), episode=episode) for day in days]
    sop.made(
        "pemeriksaan-anc",
        {
            "pasien": woman,
            "kunjungan": visits[0]["id"],
            "waktu": wib(days[0], "08:50"),
            "pemeriksa": "bidan-vk",
            "hasil": {"sistolik": 110, "diastolik": 70, "berat": 46, "tinggi": 152, "lila": 22.8},
        },
    )
    sop.made(
        "skor-poedji-rochjati",
        {
            "pasien": woman,
            "kunjungan": visits[0]["id"],
            "kontak": "I",
            "hpht": HPHT,
            "waktu": wib(days[0], "09:10"),
            "penilai": "bidan-vk",
            "faktor": ["f10"],
        },
    )
    sop.made("imunisasi", td(woman, visits[1]["id"]))
    return woman


def td(woman, visit):
    return {
        "faskes": FASKES,
        "pasien": woman,
        "vaksin": "VG139",
        "namaVaksin": "Td",
        "dosisKe": 2,
        "waktu": wib("2024-06-10", "09:40"),
        "alasan": "IM-WUS",
        "kunjungan": visit,
        "petugas": "bidan-vk",
        "lot": "TD-2024-07",
        "kadaluarsa": "2025-11-19",
    }


def birth(sop, mother):
    visit = opened(
        sop,
        mother,
        "persalinan",
        wib(LAHIR, "02:10"),
        kelas="EMER",
        status="dilayani",
        lokasi="ruang-persalinan",
    )
    return sop.made(
        "persalinan",
        {
            "faskes": FASKES,
            "pasien": mother,
            "kunjungan": visit["id"],
            "waktu": wib(LAHIR, "04:36"),
            "cara": "spontan",
            "peranPenolong": "bidan",
            "penolong": "bidan-vk",
            "jenisTempat": "puskesmas",
            "tempat": "ruang-persalinan",
            "bayi": [
                {"jenisKelamin": "female", "berat": 3100, "panjang": 49, "apgar1": 8, "apgar5": 9}
            ],
        },
    )["pasienBayi"][0]


def reached(sop, bulan="2024-12"):
    """Give the indicators that have anything, by number and denominator."""
    found = sop.read(f"pws?bulan={bulan}&faskes={FASKES}")["tabel"]
    return {
        each["indikator"]: (each["jumlah"]["kumulatif"], each["jumlah"].get("sasaran"))
        for each in found
        if each["jumlah"]["kumulatif"]
    }


def test_s11_estimates_of_a_village_without_official_targets(fhir, sop):
    """§6: 1.10 and 1.05 x CBR x people; 20 % of the pregnant, 15 % of the newborn."""
    url = "https://puskesmas.example/fhir/StructureDefinition/wilayah-kerja"
    area = {"extension": [{"url": url, "valueCode": DESA}], "name": "PKM"}
    kept(fhir, "Organization", FASKES, type=[code("jenis-faskes", "puskesmas")], **area)
    estimated = {"penduduk": 2000, "cbr": 20}
    sop.made("sasaran-desa", {"faskes": FASKES, "desa": DESA, "tahun": 2024, **estimated})

    tables = sop.read(f"pws?bulan=2024-12&faskes={FASKES}")["tabel"]

    targets = {
        each["indikator"]: (each["jumlah"].get("sasaran"), each["jumlah"].get("asalSasaran"))
        for each in tables
    }
    expected = {"K1": 44, "K4": 44, "PF": 42, "KF1": 42, "KN1": 40, "PK": 9, "NKOMP": 6}
    assert {name: targets[name] for name in expected} == {
        name: (number, "perkiraan") for name, number in expected.items()
    }


@pytest.mark.usefixtures("mother")
def test_s11_a_pregnancy_that_the_clinic_wrote_is_counted(sop):
    assert reached(sop) == {
        "K1M": (1, 10),
        "K1": (1, 10),
        "K4": (1, 10),
        "RISTI-DET": (1, 2),
        "TD2": (1, 10),
        "KEK": (1, 1),
    }
    assert reached(sop, "2024-03").keys() == {"K1M", "K1", "RISTI-DET", "KEK"}
    assert "K4" not in reached(sop, "2024-08")


def test_s11_a_birth_and_what_follows_it_are_counted(sop, mother):
    baby = birth(sop, mother)
    opened(sop, mother, "kia", wib(LAHIR, "14:00"), kelas="IMP")
    opened(sop, baby, "kia", wib("2024-10-16", "09:00"))
    visit = opened(sop, mother, "kb", wib("2024-11-15", "08:00"), status="dilayani")
    pill = {"obat": "93999903", "nama": "Pil KB", "signa": "1 x 1", "jumlah": 1}
    slip = prescribed(sop, visit, "RSP-KB-1", wib("2024-11-15", "08:55"), pill)
    handed_over(sop, visit, slip, wib("2024-11-15", "09:05"), pill)
    sop.made(
        "layanan-kb",
        {
            "faskes": FASKES,
            "pasien": mother,
            "kunjungan": visit["id"],
            "metode": "pil",
            "konseling": True,
            "petugas": "bidan-vk",
            "waktu": wib("2024-11-15", "08:50"),
            "resep": slip["id"],
            "status": "selesai",
        },
    )

    found = reached(sop)

    names = ("PF", "PN", "KF1", "KN1", "KB-PP", "KB-AKTIF")
    assert [found.get(name) for name in names] == [(1, 9), (1, 9), (1, 9), (1, 8), (1, 9), (1, 90)]


def test_s11_a_sick_child_with_its_card_is_counted(sop, pasien, wilayah):  # noqa: ARG001
    child = pasien("Alif Rekaan", "9902012804220003", "2022-04-28", jenisKelamin="male")
    first = opened(sop, child, "anak-mtbs", wib("2024-05-07", "08:00"), status="dilayani")
    opened(sop, child, "anak-mtbs", wib("2024-06-07", "08:00"), status="dilayani")
    sop.made(
        "pemeriksaan-mtbs",
        {
            "pasien": child,
            "kunjungan": first["id"],
            "waktu": wib("2024-05-07", "08:40"),
            "pemeriksa": "perawat-anak",
            "hasil": {"suhu": 38.6, "napas": 44},
            "batuk": {"hari": 3},
        },
    )

    assert reached(sop) == {"MTBS": (1, 2)}
