"""The documentation is complete: every failure and every setting has its row."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from fhir_server import errors
from fhir_server.config import Settings

STRIDE = {"spoofing", "tampering", "repudiation", "disclosure", "denial of service", "elevation"}
DOCS = Path(__file__).parents[2] / "docs"
FAILURES = [
    e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.FhirError)
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.__name__)
def test_every_failure_has_a_row_with_its_status_and_code(failure):
    rows = (DOCS / "errors.md").read_text("utf-8").splitlines()

    assert any(
        row.startswith(f"| {failure.status} | `{failure.code}` | {failure.__name__} |")
        for row in rows
    )


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda s: s.name)
def test_every_setting_has_a_row_with_its_default(setting):
    rows = (DOCS / "operations.md").read_text("utf-8").splitlines()
    default = int(setting.default) if isinstance(setting.default, bool) else setting.default
    shown = f"`{default}`" if str(default) else "empty"

    assert f"| `{setting.metadata['variable']}` | {shown} | {setting.metadata['says']} |" in rows


def test_every_promise_names_a_test_that_is_there():
    promises = (DOCS / "promises.md").read_text("utf-8")
    proofs = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", promises)

    missing = [
        (file, test)
        for file, test in proofs
        if f"def {test}" not in (DOCS.parent / file).read_text("utf-8")
    ]

    assert len(proofs) >= 10
    assert missing == []


def test_every_threat_names_tests_that_are_there():
    security = (DOCS.parent / "SECURITY.md").read_text("utf-8")
    rows = [line for line in security.splitlines() if line.count(" | ") == 3][2:]
    proofs = [re.findall(r"`(tests/[\w/]+\.py)`", row.rpartition(" | ")[2]) for row in rows]

    missing = {each for row in proofs for each in row if not (DOCS.parent / each).exists()}
    kinds = {row.split(" | ")[0].removeprefix("| ") for row in rows}

    assert len(rows) >= 30
    assert all(proofs)
    assert missing == set()
    assert kinds == STRIDE


def test_every_page_is_found_from_the_index():
    index = (DOCS / "index.md").read_text("utf-8")
    pages = {page.name for page in (DOCS / "sop").glob("*.md")}

    assert {name for name in pages if f"(sop/{name})" not in index} == set()
