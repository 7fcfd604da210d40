"""Every LOINC code we publish or write has its check digit."""

import json
import re
from pathlib import Path

import pytest

from fhir_server.mappings.codes import LOINC
from fhir_server.mappings.loinc_lab import TESTS
from fhir_server.sop.pemeriksaan_lab import DAFTAR, angka_uji_benar, dikenal, saran

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "fhir_server" / "mappings").glob("*.py"))
CASES = sorted((ROOT / "tests" / "mappings").glob("*.yaml"))
SHIPPED = [
    *(ROOT / "fhir_server").rglob("*.py"),
    *(ROOT / "fhir_server" / "demo").glob("*.yaml"),
    *(ROOT / "docs").rglob("*.md"),
]
LOOKS_LIKE_LOINC = re.compile(r"(?<![\w.\-/])\d{3,5}-\d(?![\w\-])")

PROFILES = sorted((ROOT / "profiles").rglob("*.json"))


def loinc_codes(value):
    if isinstance(value, dict):
        if value.get("system") == LOINC:
            yield value.get("code")
        for each in value.values():
            yield from loinc_codes(each)
    elif isinstance(value, list):
        for each in value:
            yield from loinc_codes(each)


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("718-7", True),
        ("75377-2", True),
        ("10331-7", True),
        ("57133-1", True),
        ("718-8", False),
        ("42902-8", False),
        ("14367-8", False),
        ("7187", False),
        ("-7", False),
        ("718-", False),
        ("hb", False),
        ("٧١٨-7", False),
    ],
)
def test_check_digit_is_modulus_10(code, right):
    assert angka_uji_benar(code) is right


def test_every_test_has_a_loinc_code_and_no_two_the_same():
    assert set(TESTS) == set(DAFTAR)
    assert len({code for code, _ in TESTS.values()}) == len(TESTS)
    assert [code for code, _ in TESTS.values() if not angka_uji_benar(code)] == []


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_codes_in_profiles(path):
    codes = [code for code in loinc_codes(json.loads(path.read_text("utf-8"))) if code]

    assert [code for code in codes if not angka_uji_benar(code)] == []


def test_codes_in_mappings():
    found = {
        (path.name, word)
        for path in [*SOURCES, *CASES]
        for word in path.read_text("utf-8").replace('"', " ").replace(",", " ").split()
        if word.replace("-", "").isdecimal() and word[:-1].count("-") == 1 and word[-2] == "-"
    }

    assert len(found) > 20
    assert [each for each in sorted(found) if not angka_uji_benar(each[1])] == []


def test_codes_in_everything_we_ship():
    found = {
        (path.name, code)
        for path in SHIPPED
        for code in LOOKS_LIKE_LOINC.findall(path.read_text("utf-8"))
    }

    assert {"85354-9", "8339-4", "75377-2"} <= {code for _, code in found}
    assert [each for each in sorted(found) if not angka_uji_benar(each[1])] == []


def test_a_misspelt_test_is_answered_with_the_nearest():
    assert not dikenal("hbsg")
    assert saran("hbsg")[0] == "hbsag"
