"""MTBS: fast breathing by age and what the signs of a sick child suggest (S7)."""

import json
from datetime import date
from decimal import Decimal

import pytest

from fhir_server.mappings.pemeriksaan_mtbs import FORM, PARTS
from fhir_server.resources.profiles import load_profiles
from fhir_server.sop.mtbs import (
    Batuk,
    Demam,
    Diare,
    StatusGizi,
    TandaAnak,
    Telinga,
    usulkan,
)
from fhir_server.sop.napas_cepat import ambang_napas, napas_cepat, umur_bulan
from tests.mappings.test_mappings import CASES, resources_of


def suggested(umur=24, **tanda):
    return [each.klasifikasi for each in usulkan(TandaAnak(umurBulan=umur, **tanda))]


@pytest.mark.parametrize(
    ("bulan", "batas"),
    [(0, 60), (1, 60), (2, 50), (11, 50), (12, 40), (59, 40), (60, None)],
)
def test_the_limit_of_fast_breathing_follows_the_age(bulan, batas):
    assert ambang_napas(bulan) == batas
    if batas is not None:
        assert napas_cepat(bulan, batas) is True
        assert napas_cepat(bulan, batas - 1) is False


@pytest.mark.parametrize(
    ("pada", "bulan"),
    [(date(2024, 4, 27), 23), (date(2024, 4, 28), 24), (date(2024, 5, 7), 24)],
)
def test_age_counts_completed_months(pada, bulan):
    assert umur_bulan(date(2022, 4, 28), pada) == bulan


@pytest.mark.parametrize(
    ("tanda", "klasifikasi"),
    [
        ({"batuk": Batuk(hari=3), "napas": 44}, "pneumonia"),
        ({"batuk": Batuk(hari=3), "napas": 39}, "batuk-bukan-pneumonia"),
        ({"batuk": Batuk(hari=3, tarikanDinding=True), "napas": 39}, "pneumonia-berat"),
        ({"batuk": Batuk(hari=3), "spo2": Decimal(91)}, "pneumonia-berat"),
        ({"tandaBahaya": ("kejang",)}, "penyakit-sangat-berat"),
        ({"diare": Diare(hari=1)}, "diare-tanpa-dehidrasi"),
        (
            {"diare": Diare(hari=1, kesadaran="rewel", cubitan="lambat")},
            "diare-dehidrasi-ringan-sedang",
        ),
        ({"diare": Diare(hari=1, mataCekung=True, minum="malas")}, "diare-dehidrasi-berat"),
        ({"diare": Diare(hari=14)}, "diare-persisten"),
        ({"diare": Diare(hari=2, darah=True)}, "disentri"),
        ({"demam": Demam(hari=1, rdtMalaria="positif")}, "malaria"),
        ({"demam": Demam(hari=1, daerahMalaria="tinggi")}, "demam-bukan-malaria"),
        ({"demam": Demam(hari=1, kakuKuduk=True)}, "penyakit-berat-dengan-demam"),
        ({"demam": Demam(hari=3, syok=True)}, "dbd"),
        ({"demam": Demam(hari=3, bintikMerah=True)}, "mungkin-dbd"),
        ({"demam": Demam(hari=3)}, "demam-mungkin-bukan-dbd"),
        ({"demam": Demam(hari=1, campak=True)}, "campak"),
        ({"demam": Demam(hari=1, campak=True, penyulitCampak=True)}, "campak-komplikasi-berat"),
        ({"telinga": Telinga(bengkakBelakang=True)}, "mastoiditis"),
        ({"telinga": Telinga(nanahHari=14)}, "infeksi-telinga-kronis"),
        ({"telinga": Telinga(nanahHari=13)}, "infeksi-telinga-akut"),
        ({"telinga": Telinga()}, "tidak-infeksi-telinga"),
        ({"gizi": StatusGizi(zBbTb=Decimal("-3.1"))}, "gizi-buruk"),
        ({"gizi": StatusGizi(edema=True, pucat="sangat")}, "gizi-buruk-komplikasi"),
        ({"lila": Decimal("12.4")}, "gizi-kurang"),
        ({"lila": Decimal("12.5")}, "gizi-baik"),
        ({"gizi": StatusGizi(pucat="agak")}, "anemia"),
        ({"gizi": StatusGizi(pucat="sangat")}, "anemia-berat"),
    ],
)
def test_signs_suggest_their_classification(tanda, klasifikasi):
    assert klasifikasi in suggested(**tanda)


@pytest.mark.parametrize(
    "tanda",
    [
        {"napas": 60},
        {"suhu": Decimal("37.5")},
        {"suhu": Decimal("35.4")},
        {"tandaBahaya": ("merintih",)},
        {"batuk": Batuk(hari=1, tarikanDinding=True)},
    ],
)
def test_a_young_infant_with_one_sign_is_severely_ill(tanda):
    assert suggested(umur=1, **tanda) == ["infeksi-bakteri-berat"]


def test_what_was_not_looked_at_suggests_nothing():
    assert suggested() == []
    assert suggested(napas=70, suhu=Decimal(39)) == []  # signs without a complaint


def test_every_item_that_is_written_stands_in_the_questionnaire():
    (form,) = [each for each in load_profiles() if each.get("url") == FORM]
    known = set(links(form))
    cases = [case.values for case in CASES if case.values[0] == "pemeriksaan_mtbs"]

    written = {link for each in cases for link in links(resources_of(*each)[2][""])}

    assert set(PARTS) <= known
    assert written <= known
    assert len(written) > 20


def test_every_choice_of_the_questionnaire_has_its_value_set():
    (form,) = [each for each in load_profiles() if each.get("url") == FORM]
    published = {each.get("url") for each in load_profiles()}
    asked = {e["answerValueSet"] for e in walk(form) if "answerValueSet" in e}

    assert asked
    assert asked <= published
    assert "Buku Bagan MTBS" in json.dumps(form)


def walk(element):
    for each in element.get("item", ()):
        yield each
        yield from walk(each)
        for answer in each.get("answer", ()):
            yield from walk(answer)


def links(element):
    return [each["linkId"] for each in walk(element)]
