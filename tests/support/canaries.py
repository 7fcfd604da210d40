"""Canaries: no line that any process of the tests logs names a person of the tests.

The people of the tests have numbers (NIK) that begin with 99, and names that stand here. What a
server logs is searched when it ends (``support/server``), what is logged inside the test run itself
after each test. So every test is one of the redaction of logs.
"""

from __future__ import annotations

import re

import pytest

NUMBERS = re.compile(r"(?<![0-9])99[0-9]{14}(?![0-9])")
NAMES = re.compile(r"\b(Siti|Rahmawati|Sulastri|Wulandari|Kartini|Bidan Ani)\b", re.IGNORECASE)
LOGGED = re.compile(r"^(\{.*\}|[0-9-]{10} [0-9:.]+ \[\w+ *\] .*)$", re.MULTILINE)
"""A line of the log, as JSON or as structlog writes it by itself."""


def named(log):
    """Give the lines of a log that name somebody, without the name."""
    lines = [line for line in log.splitlines() if NUMBERS.search(line) or NAMES.search(line)]
    return [NAMES.sub("<name>", NUMBERS.sub("<NIK>", line))[:500] for line in lines]


def expect_none(path):
    """Fail if the log of a process, a file, names somebody."""
    with path.open(encoding="utf-8", errors="replace") as log:
        told = [each for line in log for each in named(line)]
    assert not told, f"{path.name} names a person:\n" + "\n".join(told[:5])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Search what was logged during a phase of a test."""
    report = yield
    shown = "\n".join(text for name, text in report.sections if name.startswith("Captured std"))
    told = named("\n".join(LOGGED.findall(shown)))
    if told and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} ({call.when}): the log names a person:\n" + "\n".join(
            told
        )
    return report
