"""The server as a process: how it starts, how it refuses to, how it ends."""

import os
import signal
import socket
import subprocess

import pytest
import requests

from fhir_server.commands.processes import NAME
from tests.support.processes import PATIENCE_SECONDS, children, ended, name_of, named, until
from tests.support.server import command, free_port, running


def serve(data, **settings):
    """Start a server that is expected to end by itself."""
    environment = {"PORT": str(free_port()), "DATA": str(data), "DEMO": "0", **settings}
    return subprocess.run(
        command("serve"),
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def assert_one_clear_line(result, *words):
    lines = result.stderr.strip().splitlines()
    assert result.returncode != 0
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    assert [word for word in words if word not in lines[0]] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_it_prints_the_addresses_and_ends_cleanly_with_all_its_processes(tmp_path, number):
    with running(tmp_path, {"FHIR_WORKERS": "2"}) as server:
        until(lambda: "Ctrl-C" in server.log.read_text("utf-8"))
        processes = children(server.process.pid)
        names = {name_of(pid) for pid in processes}
        server.process.send_signal(number)
        code = server.process.wait(PATIENCE_SECONDS)

    told = server.log.read_text("utf-8")
    assert code == 0
    assert "mongod" in names
    assert [path for path in ("/fhir", "/sop/v1", "/docs", "/health") if path not in told] == []
    assert "Traceback" not in told
    until(lambda: all(map(ended, processes)))


def test_killed_hard_it_takes_workers_and_database_with_it(tmp_path):
    with running(tmp_path, {"FHIR_WORKERS": "2"}) as server:
        processes = children(server.process.pid)
        server.process.kill()
        server.process.wait()

        assert len(processes) >= 3
        until(lambda: all(map(ended, processes)))


def test_what_was_stored_is_there_after_the_next_start(tmp_path):
    with running(tmp_path) as first:
        patient = {"resourceType": "Patient", "id": "siti", "active": True}
        assert (
            requests.put(
                f"{first.fhir}/Patient/siti", json=patient, timeout=PATIENCE_SECONDS
            ).status_code
            == 201
        )
    with running(tmp_path) as second:
        found = requests.get(f"{second.fhir}/Patient/siti", timeout=PATIENCE_SECONDS).json()

    assert found["meta"]["versionId"] == "1"


def test_every_worker_that_dies_is_replaced(tmp_path):
    with running(tmp_path) as server:
        (worker,) = named(server.process.pid, NAME)
        os.kill(worker, signal.SIGKILL)

        until(lambda: named(server.process.pid, NAME) - {worker})
        until(lambda: _answers(server))

        assert worker not in named(server.process.pid, NAME)


def _answers(server):
    try:
        return requests.get(f"{server.url}/health", timeout=5).ok
    except requests.RequestException:
        return False


def test_a_second_server_on_the_same_folder_is_refused(tmp_path):
    with running(tmp_path):
        second = serve(tmp_path / "data")

    assert_one_clear_line(second, "in use", "DATA")


def test_a_taken_port_is_found_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        result = serve(tmp_path / "data", PORT=port)

    assert_one_clear_line(result, port, "PORT=")
    assert not (tmp_path / "data").exists()


def test_a_database_that_does_not_answer_is_said_soon(tmp_path):
    uri = f"mongodb://127.0.0.1:{free_port()}/?directConnection=true"

    result = serve(tmp_path / "data", FHIR_MONGODB_URI=uri)

    assert_one_clear_line(result, "database")


def test_a_uri_that_is_none_is_refused(tmp_path):
    assert_one_clear_line(serve(tmp_path, FHIR_MONGODB_URI="postgres://db"), "FHIR_MONGODB_URI")


def test_a_missing_mongod_is_said(tmp_path):
    result = serve(tmp_path / "data", FHIR_MONGOD=str(tmp_path / "no-mongod"))

    assert_one_clear_line(result, "no-mongod")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - it must refuse
def test_it_refuses_to_be_seen_from_elsewhere(tmp_path, host):
    assert_one_clear_line(serve(tmp_path, HOST=host), host, "127.0.0.1")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("DEMO", "maybe"),
        ("FHIR_LOG_LEVEL", "loud"),
        ("FHIR_WORKERS", "0"),
        ("FHIR_TIMEZONE", "Asia/Nowhere"),
        ("HOST", "no such host"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path, variable, value):
    assert_one_clear_line(serve(tmp_path, **{variable: value}), variable, value)
