"""SOP step B12: Td at the unit KIA, a drug against fever by prescription, and home."""

from __future__ import annotations

import pytest

DAY = "2024-05-08"


def at(clock):
    return f"{DAY}T{clock}:00+07:00"


@pytest.fixture
def siti(clinic):
    return clinic.pasien(14, nama="Siti Rahmawati")


def td(pasien, number=2, **fields):
    return {
        "faskes": "pkm-dharma-rini",
        "pasien": pasien["id"],
        "vaksin": "VG139",
        "namaVaksin": "Td",
        "dosisKe": number,
        "waktu": at("09:40"),
        "alasan": "IM-WUS",
        "petugas": "bidan-kia",
        "lot": "TD-2024-07",
        "kadaluarsa": "2025-11-19",
        **fields,
    }


def test_b12_td_with_paracetamol_for_the_fever(clinic, siti):
    """The prescription is for after the vaccine, not for the vaccine (domain §1.B B12)."""
    visit = clinic.made(
        "kunjungan",
        {
            "faskes": "pkm-dharma-rini",
            "noReg": "RG-IM-1",
            "pasien": siti["id"],
            "kelas": "AMB",
            "unit": "imunisasi",
            "klaster": "klaster-2",
            "mulai": at("09:00"),
            "status": "dilayani",
        },
    )
    past = td(siti, 1, historis=True, waktu="2012-05-08T00:00:00+07:00")
    clinic.made("imunisasi", {k: v for k, v in past.items() if k not in {"lot", "kadaluarsa"}})
    dose = clinic.made("imunisasi", td(siti, kunjungan=visit["id"]))
    drug = {"obat": "93000001", "nama": "Parasetamol 500 mg", "jumlah": 6}
    resep = clinic.made(
        "resep",
        {
            "noResep": "RSP-IM-1",
            "asal": "kunjungan",
            "pasien": siti["id"],
            "peresep": "bidan-kia",
            "waktu": at("09:45"),
            "kunjungan": visit["id"],
            "item": [{**drug, "signa": "3 x 1 bila demam"}],
        },
    )
    handed = {"petugas": "apoteker-1", "diserahkan": at("09:55"), "status": "selesai"}
    dispense = {"resep": resep["id"], "pasien": siti["id"], **drug, **handed}
    clinic.made("penyerahan-obat", dispense)

    clinic.changed("kunjungan", visit, status="selesai", statusSejak=at("10:00"))

    found = clinic.fhir(f"Immunization?patient=Patient/{siti['id']}&lot-number=TD-2024-07")
    assert [each["resource"]["id"] for each in found["entry"]] == [dose["id"]]
    listed = clinic.get("/sop/v1/imunisasi", pasien=siti["id"]).json["dokumen"]
    assert sorted((each["dosisKe"], each["historis"]) for each in listed) == [(1, True), (2, False)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kadaluarsa": "2024-05-07"}, "kedaluwarsa"),
        ({"lot": None}, "nomor lot"),
        ({"kadaluarsa": None}, "tanggal kedaluwarsa"),
        ({"alasan": "IM-APA"}, "IM-WUS"),
        ({"vaksin": "TT"}, "VG"),
        ({"dosisKe": 6}, "T5"),
        ({"petugas": None}, "memberikan"),
    ],
)
def test_br_b12_says_in_the_words_of_the_sop_what_is_wrong(clinic, siti, fields, says):
    """BR-B12 by the SOP API."""
    refused = clinic.post("imunisasi", td(siti, **fields))

    assert refused.status_code == 422
    assert says in refused.text
    assert clinic.fhir("Immunization?_summary=count")["total"] == 0
