"""The look for known weaknesses says what it found, and when it could not look."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "audit_packages.py"
THERE = TOOL.as_uri()
"""A service that answers."""


@pytest.fixture
def audit():
    described = importlib.util.spec_from_file_location("audit_packages", TOOL)
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def finding(code, words="lodash 1.0 GHSA-1"):
    """A pip-audit that says this."""
    return [sys.executable, "-c", f"import sys; print({words!r}, sys.argv[1:]); sys.exit({code})"]


def test_without_the_service_it_is_skipped_and_says_so(audit, capsys):
    assert audit.main("--strict", service="http://127.0.0.1:1/") == 0
    assert "SKIPPED" in capsys.readouterr().out


def test_without_the_tool_it_is_skipped_and_says_so(audit, capsys, tmp_path):
    tool = [str(tmp_path / "pip-audit")]

    assert audit.main(service=THERE, tool=tool) == 0
    assert "SKIPPED" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--strict",), 1)])
def test_a_weakness_is_told_and_strictly_a_failure(audit, capsys, arguments, code):
    assert audit.main(*arguments, service=THERE, tool=finding(1)) == code
    told = capsys.readouterr().out
    assert "GHSA-1" in told
    assert "requirements.lock" in told
    assert "SEE ABOVE" in told


def test_none_is_told_too(audit, capsys):
    assert audit.main("--strict", service=THERE, tool=finding(0, "none")) == 0
    assert "weaknesses of packages: none" in capsys.readouterr().out
