"""What the audit trail, and a token beside it, cost of the rate at full load; not run by pytest.

    PYTHONPATH=. python -m tests.performance.bench_trail "python fhirbench.py" [LIVES] [WORKLOAD]

Three servers, without a trail, with it, and with it and a token for each request, are asked by the
load generator in turn, a second each, in an order drawn anew for each round: the machine changes
its speed by more than what is looked for, and so the rates of one round are compared, not those of
the run. One server is slower than another of the same kind for as long as it lives, so they are
started anew after twelve rounds. Prints the median rates, and what is lost of the first server's:
the geometric mean of the lives, and its standard error.
"""

import contextlib
import json
import math
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.performance.bench_signed import signed_in
from tests.support.server import end_on_term, running

CONNECTIONS, SECONDS, PATIENTS = "64", "1", "500"
LIFE = 12
"""Rounds that a server lives."""
SIDES = {
    "without": {"FHIR_AUDIT": "0"},
    "trail": {"FHIR_AUDIT": "1"},
    "token and trail": {"FHIR_AUDIT": "1"},
}
USUAL = {
    "FHIR_WORKERS": "2",
    "FHIR_THREADS": "32",
    "FHIR_LOG_LEVEL": "warning",
    "FHIR_RATE_LIMIT": "0",
}
"""As a server is that nobody has set, but for its log and its limit of requests."""


def addressed(server, folder, name):
    """Give the arguments that say which server is asked, and as whom."""
    said = ["--base", f"{server.url}/fhir", "--state", str(folder / "state.json")]
    if name == "token and trail":
        token = folder / "token"
        token.write_text(signed_in(server.url, folder)["Authorization"].removeprefix("Bearer "))
        said += ["--token-file", str(token)]
    return said


def run(load, *arguments):
    """Run the load generator; give the lines it prints."""
    line = [*shlex.split(load), *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()


def rate(load, address, workload):
    """Give the requests a second of one turn, all of them answered rightly."""
    long = ("--duration", SECONDS, "--warmup", "0.3")
    wanted = ("--workloads", workload, "--concurrency", CONNECTIONS, *long)
    said = json.loads(next(each for each in run(load, "run", *address, *wanted) if each[0] == "{"))
    if not said["valid"]:
        raise SystemExit(f"not every answer was right: {said.get('error_kinds')}")
    return said["ops_s"]


def lived(load, workload, draw):
    """Give the rates of one life of the servers, by side."""
    with contextlib.ExitStack() as stack:
        addresses, rates = {}, {name: [] for name in SIDES}
        for name, own in SIDES.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
            server = stack.enter_context(running(folder, USUAL | own))
            addresses[name] = addressed(server, folder, name)
            run(load, "load", *addresses[name], "--patients", PATIENTS)
        for _ in range(LIFE):
            for name in draw.sample(list(SIDES), len(SIDES)):
                rates[name].append(rate(load, addresses[name], workload))
    return rates


def main(load, lives, workload):
    """Measure, and say what is lost."""
    end_on_term()
    draw = random.Random(1)  # noqa: S311 - an order
    found = [lived(load, workload, draw) for _ in range(lives)]
    for name in SIDES:
        lost = [statistics.mean(map(_lost, each[name], each["without"])) for each in found]
        error = 100 * statistics.stdev(lost) / math.sqrt(lives)
        change = 100 * math.expm1(statistics.mean(lost))
        median = statistics.median(value for each in found for value in each[name])
        click.echo(f"{name:16} {median:7.0f} requests/s {change:+5.1f} % (± {error:.1f})")


def _lost(mine, first):
    return math.log(mine / first)


if __name__ == "__main__":
    main(sys.argv[1], int((sys.argv[2:] or ["9"])[0]), (sys.argv[3:] or ["W1"])[0])
