"""The worker beside the server, as a process: it can be killed, and what it did goes on."""

import os
import signal
import time

import orjson
import pytest
import requests

from fhir_server.commands.background import NAME
from tests.support.processes import named, until
from tests.support.server import running

PATIENTS = 3000
ASYNC = {"Prefer": "respond-async"}


def workers(server):
    """Name the processes for long work of a server."""
    return named(server.process.pid, NAME)


def fill(server):
    entries = [
        {
            "resource": {"resourceType": "Patient", "id": f"p{number}", "active": True},
            "request": {"method": "PUT", "url": f"Patient/p{number}"},
        }
        for number in range(PATIENTS)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert requests.post(server.fhir, json=bundle, timeout=60).status_code == 200


def test_killed_hard_in_the_middle_its_export_is_whole(tmp_path):
    with running(tmp_path) as server:
        fill(server)
        until(lambda: len(workers(server)) == 1)
        (first,) = workers(server)
        kicked = requests.get(f"{server.fhir}/$export?_type=Patient", headers=ASYNC, timeout=60)
        where = kicked.headers["Content-Location"]
        until(
            lambda: (
                "written" in requests.get(where, timeout=60).headers.get("X-Progress", "written")
            )
        )
        os.kill(first, signal.SIGKILL)
        until(lambda: workers(server) - {first})
        requests.put(
            f"{server.fhir}/Patient/p0",
            json={"resourceType": "Patient", "id": "p0", "active": False},
            timeout=60,
        )
        until(lambda: requests.get(where, timeout=60).status_code == 200)

        (file,) = requests.get(where, timeout=60).json()["output"]
        lines = requests.get(file["url"], timeout=60).content.splitlines()

    people = [orjson.loads(line) for line in lines]
    assert file["count"] == len(lines) == PATIENTS
    assert len({each["id"] for each in people}) == PATIENTS
    assert {each["active"] for each in people} == {True}


@pytest.mark.parametrize("number", ["0", "2"])
def test_as_many_as_the_setting_says(tmp_path, number):
    with running(tmp_path, {"FHIR_BACKGROUND": number}) as server:
        until(lambda: len(workers(server)) >= int(number))
        time.sleep(0.1)

        assert len(workers(server)) == int(number)
