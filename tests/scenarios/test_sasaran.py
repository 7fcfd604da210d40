"""SATU-SASARAN: a village has one set of targets in a year, by either API."""

from concurrent.futures import ThreadPoolExecutor

DOKUMEN = {"faskes": "pkm", "desa": "9902012001", "tahun": 2024, "ibuHamil": 24}


def test_a_second_set_of_targets_is_refused_by_both_apis(sop, fhir):
    made = sop.made("sasaran-desa", DOKUMEN)
    group = fhir.read(f"Group/{made['id']}-ibu-hamil")

    by_sop = sop("POST", "sasaran-desa", DOKUMEN)
    by_fhir = fhir("POST", "Group", {**group, "quantity": 30})

    assert (by_sop.status, by_fhir.status) == (409, 409)
    assert "SATU-SASARAN" in str(by_sop.json)
    assert "9902012001-ibu-hamil" in by_fhir.issues[0]["diagnostics"]


def test_the_same_set_may_change_and_another_year_or_village_may_come(sop):
    made = sop.made("sasaran-desa", DOKUMEN)

    document = {k: v for k, v in made.items() if k not in {"id", "versi", "diubah"}}
    assert sop.kept(f"sasaran-desa/{made['id']}", {**document, "ibuHamil": 30})["ibuHamil"] == 30
    sop.made("sasaran-desa", {**DOKUMEN, "tahun": 2025})
    sop.made("sasaran-desa", {**DOKUMEN, "desa": "9902012002"})


def test_a_number_that_was_taken_out_is_known_no_more(sop, fhir):
    made = sop.made("sasaran-desa", {**DOKUMEN, "penduduk": 1000})

    document = {k: v for k, v in made.items() if k not in {"id", "versi", "diubah", "ibuHamil"}}
    changed = sop.kept(f"sasaran-desa/{made['id']}", document)

    assert "ibuHamil" not in changed
    assert "quantity" not in fhir.read(f"Group/{made['id']}-ibu-hamil")


def test_targets_stay_those_of_their_village_and_year(sop):
    made = sop.made("sasaran-desa", DOKUMEN)

    document = {k: v for k, v in made.items() if k not in {"id", "versi", "diubah"}}
    answer = sop("PUT", f"sasaran-desa/{made['id']}", {**document, "tahun": 2025})

    assert answer.status == 409


def test_of_two_at_once_one_is_stored(sop):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: sop("POST", "sasaran-desa", DOKUMEN).status, range(2)))

    assert sorted(both) == [201, 409]
