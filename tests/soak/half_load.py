"""A working day at half load: does memory stay flat, and does nothing fail? Run by hand.

    PYTHONPATH=. python -m tests.soak.half_load [MINUTES] [REQUESTS A SECOND]

Reads, searches, creates, updates, transactions and visits by the SOP API, with the audit trail, as
many a second as was said; what the machine cannot bear is not made up for later. Every minute says
how many were answered, the slowest, and the memory of every process (PSS). An answer of 5xx, or one
that is not what it must be, is an error and shown. The last line holds the growth of every process
over the second half against that of the first.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import click
import requests

from tests.support.fhir import bundle, entry
from tests.support.processes import children, name_of
from tests.support.server import end_on_term, running

PEOPLE, CLIENTS, WARM_MINUTES = 500, 8, 2
STEPS = {"read": 50, "search": 20, "create": 10, "update": 10, "transaction": 4, "visit": 6}
"""Out of a hundred requests."""


@dataclass
class Minute:
    """What was answered, and how long it took."""

    seconds: list[float] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class Clerk:
    """One client, who asks at a pace."""

    def __init__(self, url: str, number: int, minute: Minute) -> None:
        self.url, self.number, self.minute = url, number, minute
        self.random = random.Random(number)  # noqa: S311 - nothing is secret
        self.session = requests.Session()
        self.count = itertools.count()

    def run(self, stop: threading.Event, pause: float) -> None:
        """Ask one thing after another; what took too long is not made up for."""
        while not stop.is_set():
            begun = time.monotonic()
            (step,) = self.random.choices(list(STEPS), list(STEPS.values()))
            try:
                getattr(self, step)(f"n{self.number}-{next(self.count)}")
            except requests.RequestException as error:
                self.minute.errors.append(f"{step}: {type(error).__name__}")
            taken = time.monotonic() - begun
            self.minute.seconds.append(taken)
            self.minute.steps[step] += 1
            stop.wait(max(0.0, pause - taken))

    def send(self, method: str, path: str, body=None, expect: int = 200):
        """Send one request and note an answer that must not be."""
        answer = self.session.request(method, f"{self.url}/{path}", json=body, timeout=120)
        if answer.status_code != expect:
            said = answer.text[:200]
            self.minute.errors.append(f"{method} {path}: {answer.status_code} {said}")
        return answer

    def somebody(self) -> str:
        return f"p{self.random.randrange(PEOPLE)}"

    def read(self, _):
        self.send("GET", f"fhir/Patient/{self.somebody()}")

    def search(self, _):
        chosen = self.random.choice(
            [
                "Observation?patient={}&_sort=-date",
                "Patient?identifier=urn:n|{}",
                "Encounter?patient={}",
            ]
        )
        self.send("GET", f"fhir/{chosen.format(self.somebody())}")

    def create(self, token):
        self.send("POST", "fhir/Observation", observation(self.somebody(), token), expect=201)

    def update(self, token):
        mine = f"own-{self.number}"
        body = {"resourceType": "Basic", "id": mine, "code": {"text": token}}
        answer = self.session.put(f"{self.url}/fhir/Basic/{mine}", json=body, timeout=120)
        if answer.status_code not in {200, 201}:
            self.minute.errors.append(f"PUT Basic: {answer.status_code}")

    def transaction(self, token):
        parts = (
            entry("POST", "Observation", observation(self.somebody(), token)) for _ in range(5)
        )
        self.send("POST", "fhir", bundle("transaction", *parts))

    def visit(self, token):
        document = visit(token, self.somebody())
        answer = self.send("POST", "sop/v1/kunjungan", document, expect=201)
        if answer.status_code == 201:
            self.send("GET", f"sop/v1/kunjungan/{answer.json()['id']}")


def visit(token, patient):
    return {
        "faskes": "pkm",
        "noReg": f"RG-20240402-{token}",
        "pasien": patient,
        "kelas": "AMB",
        "unit": "umum-dewasa",
        "klaster": "klaster-3",
        "mulai": "2024-04-02T07:45:00+07:00",
        "status": "tiba",
        "caraBayar": "umum",
    }


def observation(patient, token):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}], "text": token},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2024-04-02T08:00:00+07:00",
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }


def memory(pid: int) -> dict[str, float]:
    """Give the megabytes (PSS) of the server's processes, by name and number."""
    found = {}
    for each in sorted({pid, *children(pid)}):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        pss = next((line for line in lines if line.startswith("Pss:")), "Pss: 0 kB")
        found[f"{name_of(each)} {each}"] = int(pss.split()[1]) / 1024
    return found


def main(minutes: int, rate: int) -> None:
    """Run it and say what was seen."""
    end_on_term()
    usual = {"FHIR_WORKERS": "2", "FHIR_THREADS": "32", "FHIR_LOG_LEVEL": "warning"}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), usual) as server:
        _prepare(server.url)
        held, answered, errors = _watched(server, minutes, rate)
    for name, each in sorted(held.items()):
        late = each[min(WARM_MINUTES, len(each) - 1) :]
        half = len(late) // 2 or 1
        first, second = statistics.fmean(late[:half]), statistics.fmean(late[half:] or late)
        click.echo(f"{name}: {first:.0f} MB in the first half, {second:.0f} MB in the second")
    total = sum(answered.values())
    click.echo(f"{total} requests in {minutes} min: {dict(answered)}; errors {len(errors)}")
    for each in errors[:10]:
        click.echo(each)


def _prepare(url: str) -> None:
    who = [{"resourceType": "Organization", "id": "pkm", "name": "Puskesmas Contoh"}]
    for n in range(PEOPLE):
        number = [{"system": "urn:n", "value": f"p{n}"}]
        who.append({"resourceType": "Patient", "id": f"p{n}", "identifier": number})
    parts = (entry("PUT", f"{each['resourceType']}/{each['id']}", each) for each in who)
    requests.post(f"{url}/fhir", json=bundle("transaction", *parts), timeout=300).raise_for_status()


def _watched(server, minutes: int, rate: int):
    minute, stop = Minute(), threading.Event()
    clerks = [Clerk(server.url, n, minute) for n in range(CLIENTS)]
    threads = [threading.Thread(target=c.run, args=(stop, CLIENTS / rate)) for c in clerks]
    for each in threads:
        each.start()
    held, answered, errors = defaultdict(list), Counter(), []
    try:
        for number in range(1, minutes + 1):
            time.sleep(60)
            now = memory(server.process.pid)
            for name, megabytes in now.items():
                held[name].append(megabytes)
            seconds = sorted(minute.seconds[:])
            minute.seconds.clear()
            shown = ", ".join(f"{name} {each:.0f}" for name, each in now.items())
            p99 = seconds[int(len(seconds) * 0.99)] if seconds else 0.0
            click.echo(
                f"{number} min: {len(seconds) / 60:.0f}/s, p99 {p99 * 1000:.0f} ms; {shown} MB"
            )
    finally:
        stop.set()
        for each in threads:
            each.join()
    answered.update(minute.steps)
    errors += minute.errors
    return held, answered, errors


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(30, 200)[len(given) :])
