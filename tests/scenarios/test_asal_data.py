"""``sumber``: every document says where it comes from, whoever made it (domain §2)."""

from __future__ import annotations

import pytest

from tests.scenarios.ibu_anak import FASKES, opened, resources, wib

DAY = "2024-05-17"


@pytest.fixture
def dewi(pasien):
    return pasien("Dewi Lestari", "9902014511980002", "1998-11-05")


def pregnancy(woman, **fields):
    said = {"faskes": FASKES, "pasien": woman, "hpht": "2023-08-14"}
    parity = {"gravida": 2, "partus": 1, "abortus": 0}
    return {**said, **parity, "dicatat": wib("2023-10-02", "09:00"), **fields}


def delivery(woman, visit, **fields):
    return {
        "faskes": FASKES,
        "pasien": woman,
        "kunjungan": visit["id"],
        "waktu": wib(DAY, "04:36"),
        "cara": "spontan",
        "peranPenolong": "bidan",
        "penolong": "bidan-vk",
        "jenisTempat": "puskesmas",
        "tempat": "ruang-persalinan",
        "bayi": [{"jenisKelamin": "female", "berat": 3100, "panjang": 49, "apgar1": 8}],
        **fields,
    }


def in_labour(sop, woman):
    arrived = {"kelas": "EMER", "status": "dilayani", "lokasi": "ruang-persalinan"}
    return opened(sop, woman, "persalinan", wib(DAY, "02:10"), **arrived)


def listed(sop, entity):
    return sop.read(entity)["dokumen"]


def test_what_follows_from_a_document_has_its_origin(sop, dewi):
    sop.made("episode-kehamilan", pregnancy(dewi, sumber="entri-manual"))
    birth = sop.made("persalinan", delivery(dewi, in_labour(sop, dewi), sumber="entri-manual"))

    (cohort,) = listed(sop, "kohort-ibu")
    after = sop.read(f"episode-nifas/{birth['id']}-nifas")

    assert cohort["sumber"] == after["sumber"] == "entri-manual"


def test_what_follows_from_fhir_came_by_the_api(sop, fhir, pasien, dewi):
    other = {"reference": f"Patient/{pasien('Rina', '9902014511980003', '1998-11-05')}"}
    birth = sop.made("persalinan", delivery(dewi, in_labour(sop, dewi)))
    procedure = fhir.read(f"Procedure/{birth['id']}")
    by_fhir = {key: each for key, each in procedure.items() if key not in ("id", "meta")}

    made = fhir.made("Procedure", {**by_fhir, "subject": other})

    assert sop.read(f"episode-nifas/{made['id']}-nifas")["sumber"] == "api"
    (found,) = resources(fhir.read(f"EpisodeOfCare?_id={made['id']}-nifas"))
    assert [each["code"] for each in found["meta"]["tag"]] == ["api"]


def test_every_document_of_a_patient_says_where_it_comes_from(sop, fhir, dewi):
    whole = fhir.read(f"Patient/{dewi}")
    del whole["meta"]
    fhir.kept(f"Patient/{dewi}", whole)

    assert sop.read(f"pasien/{dewi}")["sumber"] == "api"
    assert {each["sumber"] for each in listed(sop, "jejak-audit")} == {"api"}
