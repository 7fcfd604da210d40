"""How many documents a second the SOP API takes; run by hand, not by pytest.

    PYTHONPATH=. python tests/performance/bench_sop.py [SECONDS] [CONNECTIONS]

Starts a server with its usual processes on an empty folder and posts one Kunjungan after the other,
each of a patient of its own: mapping, validation, profile, rules, one commit. Prints the rate and
the times, and holds the number of Encounters against the number of answers.
"""

import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.performance.visits import PEOPLE, visit
from tests.support.server import end_on_term, running

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
CONNECTIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 16
JSON = {"Content-Type": "application/json"}


def prepare(host, port):
    """Store the puskesmas and the patients."""
    connection = http.client.HTTPConnection(host, port)
    connection.request(
        "POST", "/fhir", json.dumps(PEOPLE), {"Content-Type": "application/fhir+json"}
    )
    assert connection.getresponse().status == 200


def work(host, port, first, until, taken):
    """Post visits over one connection until the time is over."""
    connection = http.client.HTTPConnection(host, port)
    number = first
    while time.perf_counter() < until:
        body = json.dumps(visit(number))
        started = time.perf_counter()
        connection.request("POST", "/sop/v1/kunjungan", body, JSON)
        answer = connection.getresponse()
        said = answer.read()
        taken.append(time.perf_counter() - started)
        assert answer.status == 201, said
        number += CONNECTIONS


def main():
    """Print the figures."""
    end_on_term()
    usual = {"FHIR_WORKERS": "2", "FHIR_THREADS": "32"}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), usual) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        prepare(host, int(port))
        for seconds, shown in ((2.0, False), (SECONDS, True)):
            taken = []
            until = time.perf_counter() + seconds
            first = 0 if not shown else 1_000_000
            threads = [
                threading.Thread(target=work, args=(host, int(port), first + n, until, taken))
                for n in range(CONNECTIONS)
            ]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        milliseconds = sorted(each * 1000 for each in taken)
        p99 = milliseconds[int(len(milliseconds) * 0.99)]
        sys.stdout.write(
            f"Kunjungan: {len(taken) / SECONDS:.0f}/s at {CONNECTIONS} connections, "
            f"median {statistics.median(milliseconds):.1f} ms, p99 {p99:.1f} ms\n"
        )


main()
