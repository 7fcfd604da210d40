"""Server processes that all write the same things at once, and the histories of what they saw.

    PYTHONPATH=. python -m tests.soak.races [ROUNDS] [PROCESSES]

Each history must be linearizable: some order of its calls, one after another, explains every
answer. The small version is in tests/interactions/test_linearizability.py.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import click

from fhir_server.app import build_context, create_app
from fhir_server.config import Settings
from fhir_server.mappings.penugasan_mahasiswa import KIND, PERAN, TIM
from fhir_server.rest.logs import configure
from fhir_server.store.embedded import Embedded
from tests.soak.linearizability import Call, counter, explained, lease, once, register
from tests.soak.mixed import QUEUE
from tests.support.clinic import Clinic
from tests.support.fhir import Server, bundle, entry

CONTEXT = multiprocessing.get_context("spawn")
MODELS = {
    "register": (register, (0, None)),
    "crossing": (register, (0, None)),
    "once": (once, ""),
    "lease": (lease, ""),
    "queue": (counter, 0),
}
STUDENT, CLIENT, BUSY = "mahasiswa", "klien", 409


class Racer:
    """One process: does what the others do, at the same time, and notes every call."""

    def __init__(self, context, process: int, seed: int) -> None:
        self.ask, self.clinic = Server(context), Clinic(create_app(context).test_client())
        self.process = process
        self.random = random.Random(seed * 100 + process)  # noqa: S311 - nothing is secret
        self.seen, self.number = 0, 0
        self.calls: dict[str, list[Call]] = defaultdict(list)

    def note(self, thing, asked, op, result) -> None:
        """Take down a call and its answer."""
        self.calls[thing].append(Call(self.process, asked, time.monotonic(), op, result))

    def token(self) -> str:
        self.number += 1
        return f"{self.process}-{self.number}"

    def register(self, name: str) -> None:
        """Read, write or write on a condition one resource with versions."""
        thing, asked = f"register {name}", time.monotonic()
        how, token = self.random.choice(["read", "write", "write-if", "write-if"]), self.token()
        if how == "read":
            said = self.ask("GET", f"Basic/{name}")
            seen = (version(said), said.json["code"]["text"]) if said.status == 200 else (0, None)
            self.seen = seen[0]
            self.note(thing, asked, ("read",), seen)
            return
        match = {"if_match": f'W/"{self.seen}"'} if how == "write-if" and self.seen else {}
        said = self.ask("PUT", f"Basic/{name}", basic(token, id=name), **match)
        if said.status == 412:
            self.note(thing, asked, ("write-if", self.seen, token), "refused")
        elif said.status != BUSY:
            op = ("write-if", self.seen, token) if match else ("write", token)
            self.seen = version(said)
            self.note(thing, asked, op, self.seen)

    def crossing(self, name: str) -> None:
        """Write two resources in one transaction, in one order or the other."""
        both = [f"{name}-a", f"{name}-b"]
        self.random.shuffle(both)
        token, asked = self.token(), time.monotonic()
        puts = [entry("PUT", f"Basic/{each}", basic(token, id=each)) for each in both]
        said = self.ask("POST", "", bundle("transaction", *puts))
        if said.status != BUSY:
            for each, answer in zip(both, said.entries, strict=True):
                made = int(answer["response"]["etag"].strip('W/"'))
                self.note(f"crossing {each}", asked, ("write", token), made)

    def once(self, name: str) -> None:
        """Create something if it is not there."""
        system, asked = "urn:once", time.monotonic()
        body = {"resourceType": "Patient", "identifier": [{"system": system, "value": name}]}
        said = self.ask("POST", "Patient", body, if_none_exist=f"identifier={system}|{name}")
        if said.status != BUSY:
            made = said.headers["Location"].split("/Patient/")[1].split("/")[0]
            how = "made" if said.status == 201 else "there"
            self.note(f"once {name}", asked, ("make",), (how, made))

    def lease(self, name: str) -> None:
        """Assign the student to the client; who has it gives it back."""
        thing, asked = f"lease {name}", time.monotonic()
        said = self.ask("POST", "CareTeam", team(name, "active"))
        if said.status != 201:
            assert said.error is not None
            if any(each.rule == "BR-E1" for each in said.error.issues):
                self.note(thing, asked, ("take",), "refused")
            return
        made = said.json["id"]
        self.note(thing, asked, ("take",), made)
        asked = time.monotonic()
        said = self.ask("PUT", f"CareTeam/{made}", team(name, "inactive") | {"id": made})
        assert said.status == 200, said.issues
        self.note(thing, asked, ("give", made), "given")

    def queue(self, name: str) -> None:
        """Take a number."""
        day = f"2024-04-{1 + int(name) % 28:02d}"
        ticket = {**QUEUE, "tanggal": day, "pasien": CLIENT, "ambil": f"{day}T07:40:00+07:00"}
        asked = time.monotonic()
        said = self.clinic.post("antrean", ticket)
        if said.status_code != BUSY:
            assert said.status_code == 201, said.text
            self.note(f"queue {day}", asked, ("take",), said.json["nomor"])


def version(said) -> int:
    return int(said.headers["ETag"].strip('W/"'))


def basic(token, **more):
    return {"resourceType": "Basic", "code": {"text": token}, **more}


def team(name, status):
    member = {"reference": f"PractitionerRole/{STUDENT}-{name}"}
    return {
        "resourceType": "CareTeam",
        "status": status,
        "category": [{"coding": [{"system": TIM, "code": KIND}]}],
        "subject": {"reference": f"Patient/{CLIENT}"},
        "period": {"start": "2024-04-02"},
        "participant": [
            {"role": [{"coding": [{"system": PERAN, "code": "mahasiswa"}]}], "member": member}
        ],
    }


def prepare(context, names) -> None:
    """Store the client and the students."""
    ask = Server(context)
    client = {"resourceType": "Patient", "id": CLIENT, "name": [{"text": "Pasien Rekaan"}]}
    assert ask("PUT", f"Patient/{CLIENT}", client).status == 201
    for name in names:
        key = f"{STUDENT}-{name}"
        code = [{"coding": [{"system": PERAN, "code": "mahasiswa"}]}]
        role = {"resourceType": "PractitionerRole", "id": key, "code": code}
        assert ask("PUT", f"PractitionerRole/{key}", role).status == 201


def work(settings, barrier, process, names, times, seed):  # noqa: PLR0913, PLR0917
    """Do everything with every name, at the same time as the others; give the calls."""
    configure("error")
    context = build_context(settings, settings.mongodb_uri)
    try:
        racer = Racer(context, process, seed)
        for name in names:
            racer.seen = 0
            for does in (racer.register, racer.crossing, racer.once, racer.lease, racer.queue):
                barrier.wait(300)
                for _ in range(times):
                    does(name)
        return dict(racer.calls)
    finally:
        context.store.close()


def race(settings, names, processes=3, times=4, seed=1) -> dict[str, list[Call]]:
    """Run the processes; give the history of each thing."""
    with CONTEXT.Manager() as manager, CONTEXT.Pool(processes) as pool:
        barrier = manager.Barrier(processes)
        jobs = [
            pool.apply_async(work, (settings, barrier, each, names, times, seed))
            for each in range(processes)
        ]
        histories: dict[str, list[Call]] = defaultdict(list)
        for job in jobs:
            for thing, calls in job.get(600).items():
                histories[thing] += calls
    return histories


def unexplained(histories) -> list[str]:
    """Name the histories that no order of their calls explains."""
    wrong = []
    for thing, calls in histories.items():
        model, begin = MODELS[thing.split()[0]]
        if explained(calls, model, begin) is None:
            wrong.append(thing)
    return wrong


def crossed(histories, names) -> list[str]:
    """Name the pairs whose two histories were not written by the same transactions in one order."""

    def tokens(thing):
        return [call.op[1] for call in sorted(histories[thing], key=lambda call: call.result)]

    return [n for n in names if tokens(f"crossing {n}-a") != tokens(f"crossing {n}-b")]


def main(rounds: int, processes: int) -> None:
    """Run the rounds, and say how many calls of how many histories were explained."""
    configure("error")
    names = [str(number) for number in range(rounds)]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        with Embedded.start(settings) as database:
            settings = dataclasses.replace(settings, mongodb_uri=database.uri)
            context = build_context(settings, database.uri)
            prepare(context, names)
            context.store.close()
            histories = race(settings, names, processes, seed=random.randrange(10**6))  # noqa: S311
    calls = Counter(thing.split()[0] for thing, each in histories.items() for _ in each)
    click.echo(f"{len(histories)} histories, calls {dict(calls)}")
    click.echo(f"not explained: {unexplained(histories)}; crossed: {crossed(histories, names)}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(20, 4)[len(given) :])
