"""The command line as its user meets it: words, exit codes, no traces."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from fhir_server.cli import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(name):
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_help_names_every_command():
    result = CliRunner().invoke(main, ["--help"])

    assert [name for name in COMMANDS if name not in result.output] == []


def test_help_imports_neither_server_nor_database():
    code = "import sys, fhir_server.cli; print('flask' in sys.modules, 'pymongo' in sys.modules)"

    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout

    assert output.split() == [b"False", b"False"]


def test_an_unknown_command_is_refused():
    result = CliRunner().invoke(main, ["sreve"])

    assert result.exit_code == 2
    assert "No such command" in result.output
