"""A referral as the kunjungan of BPJS P-Care: what the specification says of each field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from fhir_server.bridges.pcare import codes
from fhir_server.bridges.pcare.codes import Codes
from fhir_server.bridges.pcare.kunjungan import Incomplete, View, is_referral, kunjungan
from fhir_server.commands import pcare
from fhir_server.mappings import part_id

CASES = Path(__file__).parents[2] / "mappings"
CODES = Codes(
    poli={"ugd": "005"},
    dokter={"dokter-todanan": "100001"},
    ppk={"rs-a": "0001R001"},
    subspesialis={"Obstetri dan ginekologi": {"kdSubSpesialis1": "3", "kdSarana": "1"}},
    tetap={"kdTkp": "10"},
)
VISIT = {
    "resourceType": "Encounter",
    "id": "darurat-s5",
    "period": {"start": "2024-08-20T19:30:00+07:00"},
    "serviceType": {
        "coding": [
            {"system": "https://puskesmas.example/fhir/CodeSystem/unit-layanan", "code": "ugd"}
        ]
    },
}


def measured(own_id, loinc, value, moment="2024-08-20T19:35:00+07:00"):
    return {
        "resourceType": "Observation",
        "id": own_id,
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
        "encounter": {"reference": "Encounter/darurat-s5"},
        "effectiveDateTime": moment,
        "valueQuantity": {"value": value},
    }


MEASURED = (
    measured("berat", "29463-7", 61.5),
    measured("tinggi", "8302-2", 152),
    measured("perut", "8280-0", 88),
)


def record(*more, without=()):
    """Give the referral of scenario S5, with its visit and measurements, by `Type/id`."""
    case = yaml.safe_load((CASES / "rujukan.yaml").read_text("utf-8"))[0]
    parts = [{**each, "id": part_id(case["id"], role)} for role, each in case["fhir"].items()]
    found = (*parts, VISIT, *MEASURED, *more)
    own = {f"{each['resourceType']}/{each['id']}": each for each in found}
    return {name: each for name, each in own.items() if name not in without}


def view(own):
    def referring(kind, parameter, name):
        return [
            each
            for each in own.values()
            if each["resourceType"] == kind and (each.get(parameter) or {}).get("reference") == name
        ]

    return View(own.get, referring)


def written(*more, given=CODES, without=(), **elements):
    own = record(*more, without=without)
    referral = own["ServiceRequest/rujukan-s5"] | elements
    return kunjungan(referral, view(own), given)


def missing(**arguments):
    result = written(**arguments)
    assert isinstance(result, Incomplete), result
    return dict(result.missing)


def test_a_referral_rides_the_visit():
    payload = written()

    assert payload["noKartu"] == "9900000000001"
    assert payload["tglDaftar"] == payload["tglPulang"] == "20-08-2024"
    assert (payload["kdPoli"], payload["kdDokter"]) == ("005", "100001")
    assert payload["kdStatusPulang"] == "4"
    assert (payload["kdDiag1"], payload["kdDiag2"], payload["kdDiag3"]) == ("O14.1", "O34.2", None)
    assert payload["rujukLanjut"] == {
        "tglEstRujuk": "20-08-2024",
        "kdppk": "0001R001",
        "subSpesialis": {"kdSubSpesialis1": "3", "kdSarana": "1"},
        "khusus": None,
    }
    assert (payload["kdTkp"], payload["rujukBalik"]) == ("10", 0)
    assert json.dumps(payload)


def test_vital_signs_are_those_of_the_letter_and_else_of_the_visit():
    payload = written(measured("nadi-lama", "8867-4", 60, "2024-08-20T19:00:00+07:00"))

    assert (payload["sistole"], payload["diastole"]) == (168, 112)
    assert (payload["heartRate"], payload["respRate"]) == (98, 22)
    assert (payload["suhu"], payload["kdSadar"]) == ("36,9", "01")
    assert (payload["beratBadan"], payload["tinggiBadan"], payload["lingkarPerut"]) == (
        61.5,
        152,
        88,
    )


def test_of_two_measurements_at_the_visit_the_newer_counts():
    payload = written(measured("berat-2", "29463-7", 62, "2024-08-20T19:40:00+07:00"))

    assert payload["beratBadan"] == 62


def test_what_was_done_before_goes_as_treatment_without_drugs():
    assert written()["terapiNonObat"] == "MgSO4 4 g intravena; Nifedipin 10 mg oral"


def test_a_complaint_has_at_most_400_letters():
    payload = written(code={"text": "a" * 500})

    assert payload["keluhan"] == "a" * 400


@pytest.mark.parametrize(
    ("word", "code"),
    [("tanpa", -1), ("waktu", 1), ("usia", 2), ("komplikasi", 3), ("komorbid", 4)],
)
def test_tacc_goes_as_its_number(word, code):
    own = record()
    task = own["Task/rujukan-s5-tugas"]
    base = "https://puskesmas.example/fhir/CodeSystem"

    def parameter(kind, **value):
        return {"type": {"coding": [{"system": f"{base}/parameter-tugas", "code": kind}]}, **value}

    coded = {"coding": [{"system": f"{base}/tacc", "code": word}]}
    own["Task/rujukan-s5-tugas"] = task | {
        "input": [
            parameter("tacc", valueCodeableConcept=coded),
            parameter("alasan-tacc", valueString="usia ibu 38 tahun"),
        ]
    }

    payload = kunjungan(own["ServiceRequest/rujukan-s5"], view(own), CODES)

    assert (payload["kdTacc"], payload["alasanTacc"]) == (code, "usia ibu 38 tahun")


def test_a_special_programme_takes_the_place_of_the_speciality():
    special = {"kdKhusus": "HDL", "kdSubSpesialis": None, "catatan": "Hemodialisa"}

    onward = written(
        given=Codes(
            ppk=CODES.ppk,
            poli=CODES.poli,
            dokter=CODES.dokter,
            khusus={"Obstetri dan ginekologi": special},
        )
    )["rujukLanjut"]

    assert (onward["khusus"], onward["subSpesialis"]) == (special, None)


def test_everything_that_is_missing_is_said_at_once():
    found = missing(given=Codes(), without=("Observation/rujukan-s5-tekanan-darah",))

    assert set(found) == {
        "kdPoli",
        "kdDokter",
        "sistole",
        "diastole",
        "rujukLanjut.kdppk",
        "rujukLanjut.subSpesialis",
    }
    assert "FHIR_PCARE_KODE" in found["kdPoli"]


def test_the_card_of_the_patient_serves_where_the_referral_names_no_payer():
    patient = {
        "resourceType": "Patient",
        "id": "siti",
        "identifier": [{"system": "https://puskesmas.example/fhir/sid/no-bpjs", "value": "99001"}],
    }

    assert written(patient, insurance=[])["noKartu"] == "99001"
    assert "noKartu" in missing(insurance=[])


@pytest.mark.parametrize("kind", ["sosial", "hukum", "internal", "rujuk-balik"])
def test_only_medical_referrals_ride_a_visit(kind):
    request = record()["ServiceRequest/rujukan-s5"]
    category = json.loads(json.dumps(request["category"]).replace("medis", kind))

    assert is_referral(request)
    assert not is_referral(request | {"category": category})


def test_a_laboratory_request_is_no_referral():
    own = record()

    assert not is_referral(own["ServiceRequest/rujukan-s5"] | {"category": []})
    assert not is_referral(own["Task/rujukan-s5-tugas"])


def test_the_file_of_codes_is_read_table_by_table(tmp_path):
    path = tmp_path / "kode.toml"
    path.write_text('[poli]\nkia = "003"\n[subspesialis."Bedah"]\nkdSubSpesialis1 = "4"\n', "utf-8")

    found = codes.read(path)

    assert (found.poli, found.subspesialis) == (
        {"kia": "003"},
        {"Bedah": {"kdSubSpesialis1": "4"}},
    )


@pytest.mark.parametrize("text", ["[poly]\n", "poli = 3\n", "[poli\n"])
def test_a_file_that_cannot_be_read_says_where(tmp_path, text):
    path = tmp_path / "kode.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(ValueError, match=r"kode\.toml"):
        codes.read(path)


def test_the_command_says_that_it_is_off(monkeypatch):
    monkeypatch.delenv("FHIR_PCARE_RUJUK_LANJUT", raising=False)

    result = CliRunner().invoke(pcare.command, ["rujukan-s5"])

    assert result.exit_code == 1
    assert "FHIR_PCARE_RUJUK_LANJUT=1" in result.output
