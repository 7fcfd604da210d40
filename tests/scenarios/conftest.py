"""The people and places of the scenarios (domain §7), as the SOP API takes them."""

import pytest

FASKES = "pkm-dharma-rini"


@pytest.fixture
def pasien(sop):
    """Register a patient; gives the id."""

    def register(nama="Siti Rahmawati", nik="9902015203860001", lahir="1986-03-12", **lain):
        dokumen = {
            "faskes": FASKES,
            "noRM": f"RM-{nik[-4:]}",
            "nama": nama,
            "nik": nik,
            "tanggalLahir": lahir,
            "jenisKelamin": "female",
            "provinsi": "99",
            "kabupaten": "9902",
            "kecamatan": "990201",
            "desa": "9902012001",
        }
        return sop.made("pasien", {**dokumen, **lain})["id"]

    return register


@pytest.fixture
def kunjungan(sop):
    """Open a visit that is being served in a room of its unit; gives the id."""

    def visit(pasien, unit="kia", mulai="2024-04-02T07:45:00+07:00", **lain):
        dokumen = {
            "faskes": FASKES,
            "noReg": f"RG-{unit}-{mulai[:10]}",
            "pasien": pasien,
            "kelas": "AMB",
            "unit": unit,
            "klaster": "klaster-2",
            "mulai": mulai,
            "status": "dilayani",
            "lokasi": f"ruang-{unit}",
        }
        return sop.made("kunjungan", {**dokumen, **lain})["id"]

    return visit
