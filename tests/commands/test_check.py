"""The check finds what is wrong, and the worker mends what it can."""

import re
import threading
from dataclasses import replace

import pytest
from click.testing import CliRunner
from msgspec import structs
from pymongo import MongoClient

from fhir_server import worker
from fhir_server.cli import main
from fhir_server.commands import check
from fhir_server.errors import Unavailable
from fhir_server.interactions.write import commit, prepare
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse
from tests.support.processes import until


@pytest.fixture
def environment(settings, monkeypatch):
    monkeypatch.setenv("FHIR_MONGODB_URI", settings.mongodb_uri)
    monkeypatch.setenv("FHIR_MONGODB_DATABASE", settings.mongodb_database)


@pytest.fixture
def database(settings):
    with MongoClient(settings.mongodb_uri) as client:
        yield client[settings.mongodb_database]


def store(context, body=b'{"resourceType":"Patient","id":"siti","gender":"female"}'):
    put = prepare(context, body, "siti")
    commit(context, [put])
    return put


@pytest.mark.usefixtures("environment")
def test_a_sound_database_passes(context):
    store(context)

    result = CliRunner().invoke(main, ["check", "--indexes"])

    assert result.exit_code == 0, result.output
    assert "Patient" in result.output
    assert "Nothing is wrong" in result.output


@pytest.mark.usefixtures("environment")
def test_an_index_that_is_not_what_the_text_says_is_found(context):
    put = prepare(context, b'{"resourceType":"Patient","id":"siti","gender":"female"}', "siti")
    commit(context, [structs.replace(put, index={**put.index, "gender": "male"})])

    result = CliRunner().invoke(main, ["check", "--indexes"])

    assert result.exit_code == 1
    assert "Patient/siti: the search index of gender" in result.output.replace("\n", " ")


def test_a_text_that_breaks_r4_is_found(context):
    put = store(context)
    commit(
        context,
        [
            structs.replace(
                put, text=structs.replace(put.text, raw=put.text.raw.replace(b"fem", b"x"))
            )
        ],
    )
    ((stored, held),) = context.store.sample("Patient", 1)

    assert any("gender" in each for each in check.disagreements(context, stored, held))


class Broken:
    def __init__(self, missing):
        self.missing = missing
        self.made = []

    def missing_indexes(self):
        return self.missing

    def build_indexes(self, resource_type):
        self.made.append(resource_type)
        del self.missing[resource_type]


def test_the_worker_makes_missing_indexes_one_type_at_a_time(context):
    broken = Broken({"Patient": ["a"], "Encounter": ["b"]})
    given = replace(context, store=broken)

    found = [worker.make_indexes(given) for _ in range(3)]

    assert found == [True, True, False]
    assert broken.made == ["Patient", "Encounter"]


def test_the_worker_goes_on_after_a_failure(context):
    stop = threading.Event()
    calls = []

    def fails(_):
        calls.append("fails")
        raise Unavailable("The database is away.")

    def ends(_):
        calls.append("ends")
        stop.set()
        return False

    worker.work(context, stop, (worker.Step(fails, 0), worker.Step(ends, 0)), pause=0)

    assert calls == ["fails", "ends"]


@pytest.mark.usefixtures("environment")
def test_the_index_that_a_search_lacked_is_made_on_demand(context):
    bodies = (
        b'{"resourceType":"Patient","id":"p%d","gender":"male"}' % number for number in range(40)
    )
    commit(context, [prepare(context, body, f"p{n}") for n, body in enumerate(bodies)])
    query = parse("Patient", [("gender", "female")], context.parameters)
    plan = compile_query(query, context.parameters, context.settings)
    before = context.store.explain(plan)
    context.store.search(plan)
    until(context.store.proposed_indexes)

    result = CliRunner().invoke(main, ["check", "--build"])

    after = context.store.explain(plan)
    assert before.scans
    assert before.proposal == "Patient: ix.gender"
    assert "ix.gender of Patient" in result.output.replace("\n", " ")
    assert not after.scans
    assert after.indexes == ("ix.gender_1",)
    assert context.store.proposed_indexes() == {}


def patients(context):
    for active in (b"true", b"false", b"true"):
        body = b'{"resourceType":"Patient","id":"siti","active":%s}' % active
        commit(context, [prepare(context, body, "siti")])


def invoked(*arguments):
    result = CliRunner().invoke(main, ["check", *arguments])
    return result.exit_code, result.output.replace("\n", " ")


@pytest.mark.usefixtures("environment")
def test_everything_that_is_sound_passes(context):
    patients(context)
    body = b'{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Patient/nobody"}}'
    commit(context, [prepare(context, body)])

    code, says = invoked("--all")

    assert code == 0, says
    assert "1 references lead to what was never stored here" in says
    assert re.search(r"Basic/\S+ refers to Patient/nobody", says)


@pytest.mark.usefixtures("environment")
def test_of_many_references_to_nothing_some_are_shown(context):
    bodies = [
        b'{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Patient/p%d"}}' % n
        for n in range(25)
    ]
    commit(context, [prepare(context, body) for body in bodies])

    code, says = invoked("--all")

    assert code == 0, says
    assert "25 references lead to what was never stored here; 20 of them:" in says
    assert says.count(" refers to Patient/p") == 20


@pytest.mark.usefixtures("environment")
def test_an_index_that_is_wrong_is_mended(context):
    put = prepare(context, b'{"resourceType":"Patient","id":"siti","gender":"female"}', "siti")
    commit(context, [structs.replace(put, index={**put.index, "gender": "male"})])

    assert invoked("--all")[0] == 1
    assert invoked("--all", "--repair")[0] == 0
    assert invoked("--all")[0] == 0


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (
            lambda past, _: past.delete_one({"_id": {"id": "siti", "v": 1}}),
            "there should be 1 to 3",
        ),
        (lambda _, now: now.delete_one({"_id": "siti"}), "its last one is no deletion"),
        (
            lambda past, _: past.update_one({"_id.v": 1}, {"$currentDate": {"u": True}}),
            "another moment",
        ),
    ],
)
def test_a_history_that_is_torn_is_found(context, database, harm, says):
    patients(context)
    harm(database["Patient.past"], database["Patient"])

    code, output = invoked("--all")

    assert code == 1
    assert says in output


@pytest.mark.usefixtures("environment")
def test_when_a_version_ended_is_mended_and_a_lost_one_is_not(context, database):
    patients(context)
    database["Patient.past"].update_one({"_id.v": 2}, {"$currentDate": {"u": True}})

    assert "another moment" in invoked("--all")[1]
    assert invoked("--all", "--repair")[0] == 0
    assert invoked("--all")[0] == 0
    database["Patient.past"].delete_one({"_id.v": 1})
    assert "should be 1 to 3" in invoked("--all", "--repair")[1]


@pytest.mark.usefixtures("environment")
def test_a_key_that_was_taken_away_is_found_and_given_back(context, database):
    body = (
        b'{"resourceType":"Patient","id":"siti","active":true,"identifier":['
        b'{"system":"https://fhir.kemkes.go.id/id/nik","value":"9901010101010001"}]}'
    )
    commit(context, [prepare(context, body, "siti")])
    database["Patient"].update_one({"_id": "siti"}, {"$unset": {"c": 1}})

    assert "Patient/siti: does not hold the keys" in invoked("--all")[1]
    assert invoked("--all", "--repair")[0] == 0
    assert database["Patient"].find_one({"_id": "siti"})["c"]


@pytest.mark.usefixtures("environment")
def test_an_outbox_that_tells_of_what_is_not_there_is_found(context, database):
    patients(context)
    row = {"target": "x", "audience": "", "type": "Patient", "id": "siti", "method": "PUT"}
    database["_outbox"].insert_many([{**row, "v": 3, "n": 0}, {**row, "v": 4, "n": 0}])

    code, output = invoked("--all")

    assert code == 1
    assert "Patient/siti version 4, which is not there" in output
    assert "version 3" not in output
