"""Feed every parser and every door for as long as one likes; run by hand, not by pytest.

The doors are fed what is hostile, and what schemathesis makes of openapi.yaml: allowed and not.

    PYTHONPATH=. python -m tests.soak.fuzz [SECONDS] [SEED]

It goes on after a finding and prints each once. First each type of R4 is met once, by every road,
for what is compiled when a type is first met stays. Then every minute: cases so far, the memory of
this process and of mongod (resident, PSS), and how many blocks of memory Python uses. At
the end: cases, statuses, findings, and how the memory grew after the first tenth of the time.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pymongo
from hypothesis import HealthCheck, Phase, given, seed, settings

from fhir_server.access.registry import write
from fhir_server.app import build_context, create_app
from fhir_server.auth.clients import Client, digest_of
from fhir_server.auth.scopes import ALL
from fhir_server.config import Settings
from fhir_server.resources.definitions import load_definitions
from fhir_server.rest.logs import configure
from fhir_server.store.embedded import Embedded
from tests.soak.half_load import memory
from tests.support.described import NEGATIVE, POSITIVE, cases
from tests.support.fhir import patient
from tests.support.hostile import PARSERS
from tests.support.hostile_answers import ANSWERS
from tests.support.hostile_http import SETTINGS, Door, requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from fhir_server.context import Context

EACH = 300
STATUS = Path("/proc/self/status")
MINUTE = 60
FORMATS = ("application/fhir+json", "application/fhir+xml")
SECRET = "of the tests"  # noqa: S105
CLIENTS = (
    ("everything", ALL),
    ("referrals", "system/*.rs"),
    ("everything", "system/Patient.cruds"),
)
LOOK = settings(
    max_examples=EACH,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Hunt:
    """Rounds over everything that is fed; each round has a seed of its own."""

    def __init__(self, doors: dict[str, Door], first: int) -> None:
        parsers = PARSERS | ANSWERS
        self.fed = {name: (each.given, each.feed) for name, each in parsers.items()}
        self.fed |= {name: (requests, door.send) for name, door in doors.items()}
        described = cases(POSITIVE, NEGATIVE)
        for name, door in doors.items():
            self.fed[f"{name}, as described"] = (described, door.send_described)
        self.seed = first
        self.cases, self.findings = Counter[str](), Counter[str]()

    def round(self) -> None:
        """Feed each of them some hundred cases."""
        for name, (strategy, feed) in self.fed.items():
            self.seed += 1
            try:
                self._look(name, strategy, feed)
            except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - that is what is looked for
                self._found(name, error)

    def _look(self, name, strategy, feed):
        @seed(self.seed)
        @LOOK
        @given(strategy)
        def look(what):
            self.cases[name] += 1
            feed(what)

        look()

    def _found(self, name, error):
        key = f"{name}: {type(error).__name__}"
        self.findings[key] += 1
        if self.findings[key] == 1:
            click.echo(
                f"{key} (seed {self.seed}): {str(error)[:2000]} {getattr(error, '__notes__', '')}"
            )


def resident() -> float:
    """Give the memory of this process in MB (Linux)."""
    (line,) = [each for each in STATUS.read_text("utf-8").splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


class Curve:
    """Says every minute how much is held."""

    def __init__(self) -> None:
        self._begun = self._said = time.monotonic()

    def say(self, cases: int) -> None:
        """Say it, if a minute has passed."""
        now = time.monotonic()
        if now - self._said < MINUTE and cases:
            return
        self._said = now
        gc.collect()
        shares = ", ".join(f"{name} {each:.1f}" for name, each in memory(os.getpid()).items())
        click.echo(
            f"{(now - self._begun) / MINUTE:.1f} min: {cases} cases; resident {resident():.1f} MB; "
            f"PSS {shares} MB; {sys.getallocatedblocks()} blocks"
        )


def main(seconds: float, first: int) -> None:
    """Hunt, and say what was found."""
    configure("error")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        embedded = opened.enter_context(Embedded.start(Settings(data=Path(folder))))
        doors = {
            "http": opened.enter_context(_door(embedded.uri, "fhir", closed=False)),
            "http, signed in": opened.enter_context(_door(embedded.uri, "closed", closed=True)),
        }
        for door in doors.values():
            _meet(door)
        _hunt(Hunt(doors, first), seconds)
        for name, door in doors.items():
            click.echo(f"answers of {name}: {dict(sorted(door.answered.items()))}")


@contextmanager
def _door(uri: str, name: str, *, closed: bool) -> Iterator[Door]:
    """Give the doors of an application of its own; a closed one has clients, and their tokens."""
    wanted = Settings(
        mongodb_uri=uri, mongodb_database=name, threads=4, token_minutes=60 * 24, **SETTINGS
    )
    with closing(pymongo.MongoClient(uri)) as database:
        context = build_context(wanted, uri)
        client = create_app(context).test_client()
        client.put("/fhir/Patient/x", json=patient(id="x"))
        good = tuple(_tokens(context, client)) if closed else ()
        yield Door(client, database[name], good)
        context.store.close()


def _tokens(context: Context, client: FlaskClient) -> Iterator[str]:
    """Register clients of each reach, and get a token for each."""
    form = {"grant_type": "client_credentials"}
    for number, (reach, scope) in enumerate(CLIENTS):
        made = Client(
            f"client-{number}",
            frozenset({scope}),
            datetime.now(UTC),
            organization="rsud",
            reach=reach,
            digest=digest_of(SECRET),
        )
        context.store.clients.add(write(made))
    for number in range(len(CLIENTS)):
        said = client.post("/oauth2/token", data=form, auth=(f"client-{number}", SECRET))
        yield said.json["access_token"]


def _meet(door: Door) -> None:
    """Create, search and refuse a resource of each type, in both formats."""
    given = {"HTTP_AUTHORIZATION": f"Bearer {door.good[0]}"} if door.good else {}
    for kind in sorted(load_definitions().types):
        bare = {"resourceType": kind, "id": "met", "language": "id"}
        for each in FORMATS:
            asked = {"environ_overrides": given, "headers": {"Accept": each}}
            door.client.put(f"/fhir/{kind}/met", json=bare, **asked)
            door.client.post(f"/fhir/{kind}/$validate", json=bare, **asked)
            door.client.get(f"/fhir/{kind}?_id=met&_sort=-_lastUpdated&_total=accurate", **asked)


def _hunt(hunt: Hunt, seconds: float) -> None:
    begun, warm, curve = time.monotonic(), 0.0, Curve()
    while (passed := time.monotonic() - begun) < seconds:
        curve.say(sum(hunt.cases.values()))
        hunt.round()
        warm = warm or (resident() if passed > seconds / 10 else 0.0)
    click.echo(f"{sum(hunt.cases.values())} cases in {passed:.0f} s: {dict(hunt.cases)}")
    click.echo(
        f"memory {warm:.0f} MB, at the end {resident():.0f} MB; findings {dict(hunt.findings)}"
    )


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]]
    main(*asked, *(60, 1)[len(asked) :])
