"""The coverage of the SOPs is written down, and what it names is there."""

import re
from pathlib import Path

import pytest

from fhir_server.mappings.alur import jaga
from fhir_server.resources.definitions import load_definitions
from fhir_server.sop import entitas
from fhir_server.sop.sla import BATAS, HARIAN
from tools import build_cakupan

ROOT = Path(__file__).parents[2]
STEPS = [
    pytest.param(step, id=f"{procedure['sop']}:{step['id']}")
    for procedure in build_cakupan.procedures()
    for step in procedure["langkah"]
]
RULES = [
    "BR-A0",
    "BR-A3",
    "BR-A5",
    "BR-A6",
    "BR-B3",
    "BR-B6",
    "BR-B9",
    "BR-B10",
    "BR-B11",
    "BR-B13",
    "BR-B20",
    "BR-B21",
    "BR-B22",
    "BR-C1",
    "BR-C2",
    "BR-C3",
    "BR-C4",
    "BR-C5",
    "BR-C9",
    "BR-C11",
    "BR-D1",
    "BR-D2",
    "BR-D7",
    "BR-D8",
    "BR-E1",
    "BR-E2",
    "BR-E3",
    "BR-R1",
    "BR-R2",
    "BR-R3",
    "BR-W1",
    "BR-W2",
    "BR-W3",
]
DOCUMENTS = {each.dokumen.__name__ for each in entitas().values()}
TABLES = {each.alur.nama for each in jaga()}


def sources(folder):
    return "\n".join(path.read_text("utf-8") for path in sorted((ROOT / folder).rglob("*.py")))


SERVER = sources("fhir_server")
NAMED = re.compile(r"def (test_\w+)\(|\"\"\"(.*?)\"\"\"", re.DOTALL)


def rules_of(path):
    """Give the rules that the names and docstrings of a test file name."""
    for name, docstring in NAMED.findall(path.read_text("utf-8")):
        said = (name.removeprefix("test_") or docstring).lower()
        yield from (f"BR-{each.upper()}" for each in re.findall(r"br[-_]([a-z]\d+)", said))


TESTED = {
    rule
    for path in sorted((ROOT / "tests").rglob("test_*.py"))
    if path != Path(__file__)
    for rule in rules_of(path)
}


def named(cell):
    return [each for each in cell if not each.startswith(build_cakupan.NOTE)]


def test_the_page_is_current():
    assert build_cakupan.PAGE.read_text("utf-8") == build_cakupan.text()


@pytest.mark.parametrize("step", STEPS)
def test_every_document_and_resource_that_a_step_names_is_there(step):
    types = load_definitions().types
    kinds = [each.partition("(")[0] for each in named(step["sumber_daya"])]

    assert set(named(step["entitas"])) <= DOCUMENTS
    assert [each for each in kinds if each not in types] == []


@pytest.mark.parametrize("step", STEPS)
def test_every_rule_that_a_step_names_is_there(step):
    missing = [
        rule
        for rule in named(step["aturan"])
        if not (
            rule in (*BATAS, *HARIAN)
            or (rule.startswith("alur:") and rule.removeprefix("alur:") in TABLES)
            or (rule.startswith("BR-") and f'"{rule}"' in SERVER)
        )
    ]

    assert missing == []


@pytest.mark.parametrize("step", STEPS)
def test_every_test_that_a_step_names_is_there(step):
    missing = []
    for proof in step["uji"]:
        file, _, function = proof.partition("::")
        path = ROOT / file
        if not path.is_file() or f"def {function}(" not in path.read_text("utf-8"):
            missing.append(proof)

    assert missing == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_named_by_a_test(rule):
    assert rule in TESTED


@pytest.mark.parametrize("procedure", build_cakupan.procedures(), ids=lambda each: each["sop"])
def test_no_cell_of_a_step_is_empty(procedure):
    empty = [
        f"{step['id']}: {cell}"
        for step in procedure["langkah"]
        for cell in build_cakupan.CELLS
        if not step[cell] or (cell == "uji" and step[cell] != named(step[cell]))
    ]

    assert empty == []
