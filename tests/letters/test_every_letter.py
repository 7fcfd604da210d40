"""Every entity that can be printed is, from each of its cases, and from what others left bare."""

from pathlib import Path

import pytest
import yaml

from fhir_server.letters import letter_for, load_letters
from fhir_server.letters.berkas import Berkas
from fhir_server.letters.cetak import html
from fhir_server.letters.laporan_desa import temuan
from fhir_server.mappings import load_mappings, part_id
from fhir_server.rest.surat import is_printable

CASES = Path(__file__).parents[1] / "mappings"
PRINTABLE = [
    (entity, case)
    for entity in load_mappings()
    if is_printable(entity) and (CASES / f"{entity}.yaml").is_file()
    for case in yaml.safe_load((CASES / f"{entity}.yaml").read_text("utf-8"))
]
PEOPLE = [
    {"resourceType": "Patient", "id": "endang", "name": [{"text": "Endang Suryani"}]},
    {
        "resourceType": "Communication",
        "id": "pesan-s4-2",
        "status": "completed",
        "sent": "2024-08-05T09:40:00+07:00",
        "payload": [{"contentString": "kaki agak bengkak"}],
    },
]


def berkas(case):
    own = [{**each, "id": part_id(case["id"], role)} for role, each in case["fhir"].items()]
    return Berkas([*own, *PEOPLE])


@pytest.mark.parametrize(("entity", "case"), PRINTABLE)
def test_every_case_is_printed(entity, case):
    papers = berkas(case)

    page = html(letter_for(papers, entity), papers)

    assert page.startswith("<!doctype html>")
    assert page.count("<h1>") == 1


@pytest.mark.parametrize("letter", [e for e in load_letters() if e.entitas])
def test_a_letter_survives_a_bare_resource(letter):
    kind = load_mappings()[letter.entitas].resource_type

    page = html(letter, Berkas([{"resourceType": kind, "id": "1"}]))

    assert "None" not in page


def test_laporan_desa_lists_every_patient_with_contacts_and_findings():
    case = next(each for entity, each in PRINTABLE if entity == "laporan_pemantauan_desa")
    papers = berkas(case)

    page = html(letter_for(papers, "laporan_pemantauan_desa"), papers)

    for each in (
        *("Endang Suryani", "Pasien lilis", "5 Agustus 2024: <strong>Terlewat"),
        *("kaki agak bengkak", "50,0 %", "9902012003"),
    ):
        assert each in page


def test_laporan_desa_says_a_measurement_once_and_with_its_unit():
    panel = {
        "resourceType": "Observation",
        "id": "tensi",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "component": [{"valueQuantity": {"value": 128}}, {"valueQuantity": {"value": 82}}],
    }
    form = {
        "resourceType": "QuestionnaireResponse",
        "id": "isian",
        "status": "completed",
        "item": [
            {"linkId": "sistolik", "answer": [{"valueInteger": 128}]},
            {"linkId": "keluhanLain", "answer": [{"valueString": "pusing"}]},
        ],
    }

    assert temuan([panel, form]) == ["Tekanan darah: 128/82 mmHg", "Keluhan lain: pusing"]
    assert temuan([form]) == ["Sistolik: 128", "Keluhan lain: pusing"]


VILLAGE = {
    "resourceType": "Location",
    "id": "sidorejo",
    "name": "Sidorejo",
    "identifier": [
        {"system": "http://sys-ids.kemkes.go.id/administrative-area", "value": "9902012003"}
    ],
}


def printed(entity, *others, name=None):
    """Print the first case of an entity, or the one of an id."""
    case = next(c for e, c in PRINTABLE if e == entity and name in {None, c["id"]})
    papers = Berkas([*berkas(case), *others])
    return html(letter_for(papers, entity), papers)


@pytest.mark.parametrize(
    "entity", ["laporan_pendampingan", "laporan_pustu", "rekap_pendampingan", "analisis_pws"]
)
def test_the_id_of_a_report_is_not_printed_as_its_number(entity):
    assert "Nomor:" not in printed(entity)


def test_the_number_of_another_systems_letter_is_printed():
    letter = {"resourceType": "Composition", "id": "c", "identifier": {"value": "440/12/2024"}}

    assert "Nomor: 440/12/2024" in html(letter_for(Berkas([letter])), Berkas([letter]))


def test_a_month_in_a_heading_is_written_out_and_what_only_looks_like_one_is_not():
    def headed(title):
        letter = Berkas([{"resourceType": "Composition", "id": "c", "title": title}])
        return html(letter_for(letter), letter)

    assert "Analisis PWS Juni 2024" in printed("analisis_pws", name="analisis-b")
    for title in ("Nomor 12-2024-06", "Berkas 2024-06-a", "2024-13", "440/2024-06/X"):
        assert f"<title>{title}</title>" in headed(title)
    assert "<title>Laporan 5 Juni 2024, Juli 2024</title>" in headed("Laporan 2024-06-05, 2024-07")


def test_where_there_was_nothing_to_count_it_is_said_in_words():
    page = printed("laporan_pustu")

    assert "Posyandu: tidak ada yang dihitung" in page
    assert "penyebut" not in page


def test_a_village_is_called_by_the_name_of_its_location_with_its_code():
    assert "Sidorejo (9902012003)" in printed("laporan_pemantauan_desa", VILLAGE)
    assert "(desa Sidorejo (9902012003))" in printed("analisis_pws", VILLAGE, name="analisis-b")


def test_an_analysis_says_of_which_village_a_problem_is():
    case = next(each for _, each in PRINTABLE if each["id"] == "analisis-b")
    papers = berkas(case)

    page = html(letter_for(papers, "analisis_pws"), papers)

    assert "di bawah target dan menurun (desa 9902012003)" in page
    assert "8 Juli 2024 s.d. 20 Juli 2024" in page
