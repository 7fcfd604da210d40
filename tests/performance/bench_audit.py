"""What the audit trail costs each request; run by hand, not by pytest.

    PYTHONPATH=. python tests/performance/bench_audit.py [ROUNDS]

Two applications over databases of one embedded mongod, with and without the trail, answer the same
requests in turn from eight threads each, so that reads and writes coalesce as they do in a server.
Prints microseconds of processor time a request costs the server (the thread that stores the trail
included) and mongod, the median of the rounds, and what the trail adds.
"""

import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import click

from fhir_server.app import build_context, create_app
from fhir_server.config import Settings
from fhir_server.rest import logs
from fhir_server.store.embedded import Embedded

THREADS = 8
PATIENTS = 400
TICKS = os.sysconf("SC_CLK_TCK")
PATIENT = {
    "resourceType": "Patient",
    "name": [{"text": "Siti Uji", "family": "Uji", "given": ["Siti"]}],
    "birthDate": "1990-01-01",
    "gender": "female",
    "telecom": [{"system": "phone", "value": "6280000000001"}],
}


def patient(number):
    """Give one of the patients."""
    return {**PATIENT, "id": f"p{number % PATIENTS}"}


def observation(number):
    """Give a result of one patient."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": f"Patient/p{number % PATIENTS}"},
        "effectiveDateTime": "2026-01-01T08:00:00+07:00",
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }


def environ(method, path, body=None):
    """Make the WSGI environment of a request."""
    raw = json.dumps(body).encode() if body is not None else b""
    path, _, query = path.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/fhir/{path}",
        "QUERY_STRING": query,
        "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(raw),
        "CONTENT_TYPE": "application/fhir+json",
        "CONTENT_LENGTH": str(len(raw)),
    }


KINDS = {
    "read": (6000, lambda n: ("GET", f"Patient/p{n % PATIENTS}")),
    "search, 20 of one patient": (
        1500,
        lambda n: ("GET", f"Observation?patient=p{n % PATIENTS}&code=8480-6&_count=20"),
    ),
    "create": (2000, lambda n: ("POST", "Observation", observation(n))),
    "update": (1000, lambda n: ("PUT", f"Patient/p{n % PATIENTS}", patient(n))),
}


def asked(app, number, make):
    """Answer requests from several threads."""

    def one(first):
        for n in range(first, number, THREADS):
            said = []
            app.wsgi_app(environ(*make(n)), lambda status, _headers: said.append(status))  # noqa: B023
            if not said[0].startswith("2"):
                raise SystemExit(f"{make(n)[:2]}: {said[0]}")

    threads = [threading.Thread(target=one, args=(each,)) for each in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def spent(pid):
    """Give the processor time of another process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(app, context, pid, number, make):
    """Give microseconds a request costs the server, and mongod."""
    own, database, begun = time.process_time(), spent(pid), time.perf_counter()
    asked(app, number, make)
    context.store.trail.flush()
    wall = time.perf_counter() - begun
    return [
        1e6 * each / number for each in (time.process_time() - own, spent(pid) - database, wall)
    ]


def main(rounds):
    """Measure all kinds."""
    logs.configure("warning")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
        settings = Settings(data=Path(folder), log_level="warning")
        embedded = stack.enter_context(Embedded.start(settings))
        pid = embedded.pid
        sides = {}
        for name, audit in (("without", False), ("with", True)):
            own = replace(settings, mongodb_database=f"bench_{name}", audit=audit)
            context = build_context(own, embedded.uri)
            sides[name] = (create_app(context), context)
            stack.callback(context.store.close)
            app = sides[name][0]
            asked(app, PATIENTS, lambda n: ("PUT", f"Patient/p{n}", patient(n)))
            asked(app, PATIENTS * 20, lambda n: ("POST", "Observation", observation(n)))
        click.echo(f"{'':28}{'server µs':>20}{'mongod µs':>20}{'wall µs':>20}{'added':>18}")
        for kind, (number, make) in KINDS.items():
            found = {name: [] for name in sides}
            for each in range(rounds):
                order = list(sides) if each % 2 else list(reversed(sides))
                for name in order:
                    app, context = sides[name]
                    found[name].append(measured(app, context, pid, number, make))
            without, with_ = (
                [statistics.median(column) for column in zip(*found[name], strict=True)]
                for name in ("without", "with")
            )
            cells = "".join(f"{a:>10.1f}{b:>10.1f}" for a, b in zip(without, with_, strict=True))
            added = sum(with_[:2]) - sum(without[:2])
            click.echo(f"{kind:28}{cells}{added:>9.1f} µs {100 * added / sum(without[:2]):>4.1f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
