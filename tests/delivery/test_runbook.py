"""Rows of docs/runbook.md as a person walks them: dead, our own fault, a target taken out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from fhir_server import targets
from fhir_server.bridges.plain.target import make
from fhir_server.cli import main

URL = "https://fhir.rsud.example/fhir"
TABLE = f"""
[[target]]
name = "rsud"
kind = "fhir"
url = "{URL}"
types = ["Patient"]
"""


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "targets.toml"
    found.write_text(TABLE)
    return found


@pytest.fixture
def rsud(bench_of, file, settings, mongodb_uri):
    """A target that gives up after two failures, and the command line beside it."""
    table = {"name": "rsud", "url": URL, "types": ["Patient"]}
    target = make(table, settings)
    target.pace = replace(target.pace, attempts=2, first=0.0, longest=0.0)
    bench = bench_of(target)
    environment = {
        "FHIR_MONGODB_URI": mongodb_uri,
        "FHIR_MONGODB_DATABASE": settings.mongodb_database,
        "FHIR_TARGETS": str(file),
        "FHIR_LOG_LEVEL": "error",
        "COLUMNS": "200",
    }

    def bridge(*arguments):
        targets.load.cache_clear()
        done = CliRunner().invoke(main, ["bridge", *arguments], env=environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output

    bench.bridge = bridge
    yield bench
    targets.load.cache_clear()


def test_what_is_dead_shows_each_attempt_and_goes_when_it_is_tried_again(rsud, requests_mock):
    requests_mock.put(f"{URL}/Patient/bad", status_code=503)
    requests_mock.get(f"{URL}/Patient/bad", status_code=404)
    requests_mock.put(f"{URL}/Patient/good", status_code=201)
    rsud.write("Patient/bad")
    rsud.write("Patient/good")

    rsud.deliver()

    assert "1 dead: It answered 503" in rsud.bridge("explain", "rsud")
    told = rsud.bridge("explain", "rsud", "Patient/bad")
    assert "Patient/bad: dead" in told
    assert told.count("version 1 failed") == 2
    assert rsud.state("Patient/good").state == "accepted"
    requests_mock.put(f"{URL}/Patient/bad", status_code=201)
    assert "1 deliveries are tried again" in rsud.bridge("retry", "rsud", "Patient/bad")
    rsud.again()
    assert rsud.state("Patient/bad").state == "accepted"


def test_a_fault_of_ours_is_named_holds_up_nobody_and_is_tried_again(rsud, requests_mock, capfd):
    requests_mock.put(f"{URL}/Patient/bad", status_code=201)
    requests_mock.put(f"{URL}/Patient/good", status_code=201)
    render = rsud.target.render

    def broken(resource, view):
        if resource.id == "bad":
            raise KeyError("a bug")
        return render(resource, view)

    rsud.target.render = broken
    rsud.write("Patient/bad")
    rsud.write("Patient/good")

    rsud.deliver()

    told = rsud.bridge("explain", "rsud", "Patient/bad")
    (line,) = [each for each in told.splitlines() if "reason:" in each]
    assert "This is a fault of the server" in line
    number = next(word.strip(".,") for word in line.split() if word.count("-") == 4)
    assert number in "".join(capfd.readouterr())
    assert rsud.state("Patient/good").state == "accepted"
    rsud.target.render = render
    rsud.bridge("retry", "rsud", "Patient/bad")
    rsud.again()
    assert rsud.state("Patient/bad").state == "accepted"


def test_a_target_that_was_taken_out_keeps_its_states_and_goes_on(rsud, file, requests_mock):
    for name in ("waiting", "meanwhile"):
        requests_mock.put(f"{URL}/Patient/{name}", status_code=201)
    rsud.write("Patient/waiting")
    file.write_text(TABLE.replace("rsud", "other"))

    rsud.write("Patient/meanwhile", silently=True)  # nobody is told while nobody is named
    rsud.engine._take_in()

    assert "not configured any more" in rsud.bridge("status")
    file.write_text(TABLE)
    assert "not configured any more" not in rsud.bridge("status")
    rsud.deliver()
    assert rsud.state("Patient/waiting").state == "accepted"
    assert rsud.state("Patient/meanwhile") is None
