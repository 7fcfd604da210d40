"""Loading by the road of every write, with what is refused told."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from fhir_server.cli import main
from fhir_server.commands import loading
from fhir_server.commands.loading import Direct
from tests.conformance.shared import archive
from tests.support.server import running


def write(path, *resources):
    path.write_text("\n".join(json.dumps(each) for each in resources), "utf-8")
    return path


def patients(*ids, **elements):
    return [{"resourceType": "Patient", "id": each, **elements} for each in ids]


@pytest.fixture(scope="module")
def synthea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthea")
    for name, content in archive("synthea-r4-14-bundles.tar.xz").items():
        (folder / name).write_bytes(content)
    return sorted(folder.glob("*.json"))


def test_the_synthea_bundles_load_with_no_refusal_and_the_right_counts(context, synthea):
    wanted = Counter(
        entry["resource"]["resourceType"]
        for path in synthea
        for entry in json.loads(path.read_bytes())["entry"]
    )

    report = loading.load(reversed(synthea), Direct(context))

    assert len(synthea) == 14
    assert report.refusals == []
    assert report.stored == wanted
    assert context.store.statistics() == dict(wanted)


def test_loading_again_stores_nothing_twice(context, tmp_path):
    path = write(tmp_path / "p.ndjson", *patients("a", "b"), {"resourceType": "Patient"})

    loading.load([path], Direct(context))
    loading.load([path], Direct(context))

    assert context.store.statistics() == {"Patient": 3}


def test_after_a_halt_half_way_the_counts_are_right(context, tmp_path, monkeypatch):
    monkeypatch.setattr(loading.sources, "CHUNK", 2)
    path = write(tmp_path / "p.ndjson", *patients(*(f"p{n}" for n in range(7))))
    done = set()

    def note(chunk):
        done.add(loading.key(chunk))
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loading.load([path], Direct(context), jobs=1, on_chunk=note)
    report = loading.load([path], Direct(context), jobs=1, done=done)

    assert context.store.statistics() == {"Patient": 7}
    assert report.skipped == 4


def test_a_bad_line_is_refused_by_its_number_and_the_others_are_stored(context, tmp_path):
    bad = {"resourceType": "Patient", "id": "bad", "birthDate": "1994-02-30"}
    path = write(tmp_path / "p.ndjson", *patients("a"), bad, *patients("b"))

    report = loading.load([path], Direct(context))

    (refusal,) = report.refusals
    assert (refusal.place, refusal.status) == ("line 2", 422)
    assert "birthDate" in refusal.issues[0]
    assert context.store.statistics() == {"Patient": 2}


def test_a_transaction_with_a_bad_entry_is_refused_whole(context, tmp_path):
    entries = [
        {"resource": each, "request": {"method": "POST", "url": "Patient"}}
        for each in [*patients("a"), *patients("b", gender="none")]
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    report = loading.load([write(tmp_path / "t.json", bundle)], Direct(context))

    assert "entry[1]" in report.refusals[0].issues[0]
    assert context.store.statistics() == {}


def test_a_server_that_is_busy_is_asked_again(monkeypatch):
    monkeypatch.setattr(loading.time, "sleep", lambda _: None)
    replies = [loading.Reply(503, {}), loading.Reply(429, {}), loading.Reply(200, {"entry": []})]

    class Busy:
        def send(self, _):
            return replies.pop(0)

    assert loading._patiently(Busy(), b"").status == 200


def test_the_command_loads_into_a_running_server_and_reports(tmp_path):
    good = write(tmp_path / "p.ndjson", *patients("a", "b"))
    bad = write(tmp_path / "q.ndjson", *patients("c", gender="none"))
    refused = tmp_path / "refused.ndjson"

    with running(tmp_path) as server:
        arguments = ["load", "--url", server.fhir, "--report", str(refused), str(good), str(bad)]
        result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 1
    assert "1 refused" in result.output
    assert json.loads(refused.read_text("utf-8"))["place"] == "line 1"


def test_the_command_says_that_no_server_answers(tmp_path):
    path = write(tmp_path / "p.ndjson", *patients("a"))

    result = CliRunner().invoke(main, ["load", "--url", "http://127.0.0.1:9/fhir", str(path)])

    assert result.exit_code == 1
    assert "does not answer" in result.output
