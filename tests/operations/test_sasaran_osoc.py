"""``$sasaran-osoc``: a running pregnancy and a card of KRT or KRST (domain §1.E E4b)."""

import pytest

from fhir_server.mappings.codes import structure
from tests.support.profiles import faults

FASKES = "pkm-dharma-rini"
UNSAID = {"id", "versi", "diubah", "peringatan"}
PASIEN = {
    "nama": "Ibu",
    "tanggalLahir": "1995-01-01",
    "jenisKelamin": "female",
    "provinsi": "99",
    "kabupaten": "9901",
    "kecamatan": "990102",
    "desa": "9901022001",
}


@pytest.fixture
def ibu(sop):
    def register(number, faktor, faskes=FASKES):
        pasien = sop.made("pasien", {**PASIEN, "noRM": f"RM-{number}", "faskes": faskes})["id"]
        episode = {
            "faskes": faskes,
            "pasien": pasien,
            "hpht": "2024-01-15",
            "gravida": 1,
            "partus": 0,
            "abortus": 0,
            "dicatat": "2024-04-02T08:00:00+07:00",
        }
        card = {
            "pasien": pasien,
            "kontak": "I",
            "hpht": "2024-01-15",
            "waktu": "2024-04-02T09:00:00+07:00",
            "penilai": "bidan-kia",
            "faktor": faktor,
        }
        made = sop.made("episode-kehamilan", episode)
        sop.made("skor-poedji-rochjati", card)
        return pasien, made

    return register


def test_the_highest_risk_comes_first_and_low_risk_not_at_all(sop, fhir, ibu):
    fhir.kept(f"Organization/{FASKES}", {"resourceType": "Organization", "id": FASKES, "name": "A"})
    (krt, _), (krst, _) = ibu(1, ["f13"]), ibu(2, ["f10", "f13", "f11ab"])
    ibu(3, [])
    ibu(4, ["f13"], faskes="pkm-lain")
    _, over = ibu(5, ["f13"])
    known = {name: value for name, value in over.items() if name not in UNSAID}
    ended = {"status": "selesai", "selesai": "2024-09-01", "alasanSelesai": "keguguran"}
    sop.kept(f"episode-kehamilan/{over['id']}", {**known, **ended})

    said = fhir("POST", f"Organization/{FASKES}/$sasaran-osoc", {"resourceType": "Parameters"})

    assert said.status == 200, said.json
    assert [e["entity"]["reference"] for e in said.json["member"]] == [
        f"Patient/{krst}",
        f"Patient/{krt}",
    ]
    assert not faults(said.json, structure("SasaranPendampingan"))
    assert fhir.read(f"Group/{said.json['id']}")["quantity"] == 2
