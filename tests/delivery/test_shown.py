"""A person can see what went where and what is stuck: as FHIR, and on the command line."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest
from click.testing import CliRunner

from fhir_server import targets
from fhir_server.access.guard import entered
from fhir_server.app import create_app
from fhir_server.auth.principals import Principal
from fhir_server.bridges.plain.target import make
from fhir_server.cli import main
from fhir_server.delivery.replay import replayed
from fhir_server.delivery.target import Later, Refused
from fhir_server.delivery.trial import trial
from fhir_server.errors import Forbidden
from fhir_server.interactions.write import checked
from fhir_server.operations.pengiriman import OPERATION
from tests.delivery.fake import Fake

TABLE = """
[[target]]
name = "rsud"
kind = "fhir"
url = "https://fhir.rsud.example/fhir"
types = ["Patient", "Encounter"]
"""


@pytest.fixture
def rsud(bench_of, tmp_path, settings, mongodb_uri):
    """A target as the command line finds it, and a function that runs the command."""
    file = tmp_path / "targets.toml"
    file.write_text(TABLE)
    table = {"name": "rsud", "url": "https://fhir.rsud.example/fhir"}
    bench = bench_of(make(table | {"types": ["Patient", "Encounter"]}, settings))
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


@pytest.fixture
def stuck(rsud, visit, requests_mock):
    """A patient that is refused, and a visit that waits for it."""
    said = {
        "resourceType": "OperationOutcome",
        "issue": [{"code": "required", "diagnostics": "no name"}],
    }
    requests_mock.put("https://fhir.rsud.example/fhir/Patient/a", status_code=422, json=said)
    rsud.write("Patient/a")
    rsud.write("Encounter/e", **visit("Patient/a"))
    rsud.deliver()
    return rsud


def test_the_command_line_counts(stuck):
    output = stuck.bridge("status")

    row = next(line for line in output.splitlines() if "rsud" in line)
    assert row.replace("│", " ").split() == ["rsud", "0", "1", "0", "0", "0", "1", "0", "0"]


def test_the_command_line_explains_what_is_stuck(stuck):
    output = stuck.bridge("explain", "rsud")

    assert "1 refused: 422 required no name" in output
    assert "Perbaiki" in output
    assert "Encounter/e waits for Patient/a (refused)" in output


def test_the_command_line_tells_of_one_resource(stuck):
    output = stuck.bridge("explain", "rsud", "Patient/a")

    assert "Patient/a: refused" in output
    assert "version 1 refused no name" in output
    assert "Nothing is known" in stuck.bridge("explain", "rsud", "Patient/x")


def test_the_command_line_shows_what_would_be_sent(stuck):
    output = stuck.bridge("show", "rsud", "Encounter/e")

    assert "waits for Patient/a (refused)" in output
    assert "PUT Encounter/e" in output
    assert '"status": "finished"' in output


def test_the_command_line_tries_again(stuck, requests_mock):
    requests_mock.put("https://fhir.rsud.example/fhir/Patient/a", status_code=201)
    requests_mock.put("https://fhir.rsud.example/fhir/Encounter/e", status_code=201)

    assert "1 deliveries are tried again" in stuck.bridge("retry", "rsud")
    stuck.again()

    assert stuck.store.dispatches.counts() == {"rsud": {"accepted": 2}}
    assert "2 deliveries are tried again" in stuck.bridge("retry", "rsud", "--resend")


def test_the_command_line_replays_a_day(rsud, visit, requests_mock):
    for name in ("Patient/a", "Encounter/e"):
        requests_mock.put(f"https://fhir.rsud.example/fhir/{name}", status_code=201)
    period = {"period": {"start": "2024-08-17T08:00:00+07:00", "end": "2024-08-17T09:00:00+07:00"}}
    rsud.write("Patient/a", silently=True)
    rsud.write("Encounter/e", silently=True, **visit("Patient/a"), **period)

    output = rsud.bridge("replay", "rsud", "Patient/a", "2024-08-17")
    rsud.deliver()

    assert "2 resources of Patient/a of 2024-08-17" in output
    assert rsud.store.dispatches.counts() == {"rsud": {"accepted": 2}}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "nobody", "Patient/a"], "There is no target nobody; configured: rsud."),
        (["show", "rsud", "pasien"], "is not Type/id"),
        (["show", "rsud", "Patient/x"], "There is no Patient/x here."),
    ],
)
def test_the_command_line_says_what_is_wrong(rsud, arguments, says):
    assert says in " ".join(rsud.bridge(*arguments).split())


def test_a_replay_sends_again_what_is_there(bench):
    bench.write("Patient/a")
    bench.deliver()
    today = bench.context.clock().date()

    number = replayed(bench.context, bench.target, "Patient/a", today)
    bench.deliver()

    assert number == 1
    assert bench.target.names == ["Patient/a", "Patient/a"]


def test_a_trial_sends_nothing_and_names_what_is_missing(bench, visit):
    bench.write("Encounter/e", silently=True, **visit("Patient/a"))

    tried = trial(bench.context, bench.target, "Encounter/e")

    (parcel,) = tried.rendered.parcels
    assert parcel.body["refs"] == {"Patient/a": "[Patient/a is not there yet]"}
    assert tried.missing == (("Patient/a", None),)
    assert bench.target.sent == []


@pytest.fixture
def shown(bench_of, visit, context):
    """Deliveries in several states, and a client to look at them."""
    bench = bench_of(Fake(attempts=1, failures=100))
    bench.target.answers = [Refused("no NIK", rule="10118", remedy="Isi NIK."), Later("broken")]
    bench.write("Patient/a")
    bench.deliver()
    bench.write("Patient/b")
    bench.deliver()
    bench.write("Encounter/e", **visit("Patient/a"))
    bench.write("Patient/c")
    bench.deliver()
    bench.client = create_app(context).test_client()
    return bench


def tasks(bench, query):
    answer = bench.client.get(f"/fhir/$pengiriman?{query}")
    assert answer.status_code == 200, answer.text
    return {
        each["resource"]["focus"]["reference"]: each["resource"]
        for each in answer.json.get("entry", ())
    }


def test_deliveries_are_read_as_tasks(shown):
    found = tasks(shown, "target=fake")

    status = {name: each["status"] for name, each in found.items()}
    assert status == {
        "Patient/a": "rejected",
        "Patient/b": "failed",
        "Encounter/e": "on-hold",
        "Patient/c": "completed",
    }
    assert found["Patient/a"]["statusReason"] == {"text": "10118 no NIK"}
    assert found["Patient/a"]["note"] == [{"text": "Isi NIK."}]
    assert found["Encounter/e"]["statusReason"] == {"text": "waits for Patient/a"}
    assert found["Patient/c"]["output"][0]["valueString"] == "r1"


def test_the_tasks_are_fhir(shown):
    for each in tasks(shown, "target=fake").values():
        assert checked(shown.context, orjson.dumps(each))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=refused,dead", {"Patient/a", "Patient/b"}),
        ("focus=Patient/c", {"Patient/c"}),
        ("target=nobody", set()),
    ],
)
def test_tasks_are_chosen(shown, query, names):
    assert set(tasks(shown, query)) == names


def test_tasks_come_in_pages(shown):
    first = shown.client.get("/fhir/$pengiriman?_count=3").json
    (url,) = [link["url"] for link in first["link"] if link["relation"] == "next"]

    second = shown.client.get(url[url.index("/fhir/") :]).json

    assert (first["total"], len(first["entry"]), len(second["entry"])) == (4, 3, 1)


def test_only_who_may_see_everything_sees_deliveries(shown):
    hospital = Principal(
        "rs", frozenset({"system/*.cruds"}), organization="Organization/rs-a", reach="referrals"
    )
    call = SimpleNamespace(
        all=lambda _: [], one=lambda _: None, request=SimpleNamespace(base="", query="")
    )

    with pytest.raises(Forbidden):
        OPERATION.run(entered(shown.context, hospital), call)

    assert OPERATION.run(shown.context, call).status == 200


def test_an_unknown_state_is_refused(shown):
    answer = shown.client.get("/fhir/$pengiriman?state=lost")

    assert answer.status_code == 400
    assert "refused" in answer.json["issue"][0]["diagnostics"]
