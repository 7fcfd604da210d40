"""What sign-in and the audit trail cost together, over HTTP; run by hand, not by pytest.

    PYTHONPATH=. python -m tests.performance.bench_signed [ROUNDS]

Two servers of one process each, one that asks nobody who they are and keeps no trail, one that
wants a token and keeps one, answer the same requests in turn. Prints the processor time of a
request, the server's processes and its mongod together (microseconds, the median of the rounds),
and the rate that is left of the first server's where processors are what is short.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import click
import requests

from tests.performance.bench_audit import KINDS, PATIENTS, observation, patient, spent
from tests.support.processes import children
from tests.support.server import command, end_on_term, running

THREADS, SHARE = 8, 2
"""Of the requests of ``bench_audit`` every other: the clients are in Python, and slow."""
SIDES = {"without": {"FHIR_AUDIT": "0"}, "with": {"FHIR_AUDIT": "1"}}
USUAL = {"FHIR_WORKERS": "1", "FHIR_LOG_LEVEL": "warning", "FHIR_RATE_LIMIT": "0"}


def signed_in(url, folder):
    """Register an application; give the headers of its requests."""
    given = os.environ | {"DATA": str(folder / "data")}
    made = subprocess.run(
        command("client", "add", "app"), env=given, capture_output=True, text=True, check=True
    )
    secret = made.stdout.partition("client_secret=")[2].strip()
    form = {"grant_type": "client_credentials"}
    said = requests.post(f"{url}/oauth2/token", data=form, auth=("app", secret), timeout=60)
    return {"Authorization": f"Bearer {said.json()['access_token']}"}


def asked(url, headers, number, make):
    """Ask from several threads."""

    def one(first):
        session = requests.Session()
        session.headers.update(headers)
        for n in range(first, number, THREADS):
            method, path, *body = make(n)
            said = session.request(
                method, f"{url}/fhir/{path}", json=(body or [None])[0], timeout=60
            )
            said.raise_for_status()

    threads = [threading.Thread(target=one, args=(each,)) for each in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def cost(server, headers, number, make):
    """Give microseconds of processor time for a request, of all processes of a server."""
    pids = {server.process.pid, *children(server.process.pid)}
    begun = sum(map(spent, pids))
    asked(server.url, headers, number, make)
    return 1e6 * (sum(map(spent, pids)) - begun) / number


def main(rounds):
    """Measure all kinds."""
    end_on_term()
    with contextlib.ExitStack() as stack:
        sides = {}
        for name, own in SIDES.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
            server = stack.enter_context(running(folder, USUAL | own))
            headers = signed_in(server.url, folder) if name == "with" else {}
            sides[name] = (server, headers)
            asked(server.url, headers, PATIENTS, lambda n: ("PUT", f"Patient/p{n}", patient(n)))
            asked(
                server.url, headers, PATIENTS * 8, lambda n: ("POST", "Observation", observation(n))
            )
        for kind, (number, make) in KINDS.items():
            found = {name: [] for name in sides}
            for each in range(rounds):
                for name in list(sides) if each % 2 else reversed(sides):
                    found[name].append(cost(*sides[name], number // SHARE, make))
            without, with_ = (statistics.median(found[name]) for name in ("without", "with"))
            click.echo(f"{kind:28}{without:>8.0f}{with_:>8.0f} µs{100 * without / with_:>7.1f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
