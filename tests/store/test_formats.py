"""What every format wrote is opened by this server: read, searched, judged, and sound."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from pymongo import MongoClient

from fhir_server import migrations
from fhir_server.app import build_context, create_app
from fhir_server.cli import main
from fhir_server.commands import opening, sealing
from fhir_server.commands.check import disagreements
from fhir_server.errors import Unavailable
from fhir_server.interactions.write import commit, prepare
from fhir_server.migrations import index_and_keys
from fhir_server.store import backup
from fhir_server.store.formats import FORMAT, FORMATS

KEPT = Path(__file__).parent / "formats"
NIK = "https://fhir.kemkes.go.id/id/nik"


@pytest.fixture
def database(settings):
    with MongoClient(settings.mongodb_uri) as client:
        yield client[settings.mongodb_database]


def restored(settings, number):
    with sealing.opened(KEPT / str(number) / "data.backup", None) as source:
        backup.restore(settings.mongodb_uri, settings.mongodb_database, source)


def wrong(context):
    """Everything that check --all says."""
    kinds = context.store.statistics()
    return [
        *context.store.torn(),
        *(each for kind in kinds for each in context.store.unclaimed(kind, context.rules.keys)),
        *(
            each
            for kind in kinds
            for stored, held in context.store.walk(kind)
            for each in disagreements(context, stored, held)
        ),
    ]


def found(client, query):
    answer = client.get(f"/fhir/{query}")
    assert answer.status_code == 200, answer.text
    return [each["resource"]["id"] for each in answer.json.get("entry", ())]


def test_data_of_every_format_are_kept():
    kept = {int(each.parent.name) for each in KEPT.glob("*/data.backup")}

    assert kept == set(range(FORMAT + 1)), "tools/keep_format.py keeps them"
    assert set(migrations.STEPS) == kept - {0}


@pytest.mark.parametrize("number", range(FORMAT + 1))
def test_data_of_a_format_open_in_this_server(settings, number):
    restored(settings, number)

    with opening.opened(settings, settings.mongodb_uri) as context:
        client = create_app(context).test_client()
        assert wrong(context) == []
        assert context.store.formats.number() == FORMAT
        assert client.get("/fhir/Patient/p2").json["active"] is False
        assert client.get("/fhir/Patient/p2/_history/1").json["active"] is True
        assert client.get("/fhir/Patient/p2/_history").json["total"] == 2
        assert client.get("/fhir/Patient/p4").status_code == 410
        assert found(client, f"Patient?identifier={NIK}|9901010101010003") == ["p3"]
        assert set(found(client, "Patient?name=aminah")) >= {"p0", "p1", "p2", "p3"}
        assert len(found(client, "Observation?subject=Patient/p1&value-quantity=120.5")) == 1
        patient = found(client, "Encounter?_include=Encounter:subject&_count=1")
        assert client.get(f"/sop/v1/kunjungan/{patient[0]}").status_code == 200
        again = {**client.get("/fhir/Patient/p3").json, "id": "p9"}
        again.pop("meta")
        two = [
            client.put(f"/fhir/Patient/p{n}", json={**again, "active": True, "id": f"p{n}"})
            for n in (3, 9)
        ]
        assert [each.status_code for each in two] in ([200, 409], [200, 422])


def test_a_new_database_has_the_present_format(context):
    assert context.store.formats.number() == FORMAT
    assert migrations.bring_up(context, pytest.fail) == 0


def test_data_of_a_newer_server_are_left_alone(context, database):
    commit(context, [prepare(context, b'{"resourceType":"Patient","id":"siti"}', "siti")])
    database[FORMATS].update_one({}, {"$set": {"number": FORMAT + 1}})
    settings = context.settings

    opened = opening.opened(settings, settings.mongodb_uri)

    with pytest.raises(click.ClickException, match="newer fhir-server"), opened:
        pass
    assert database[FORMATS].find_one()["number"] == FORMAT + 1


class Cut(Exception):
    """A migration that is cut off."""


def test_a_migration_that_was_cut_off_goes_on_where_it_was(settings, monkeypatch, database):
    restored(settings, 0)
    context = build_context(settings, settings.mongodb_uri)
    slices, whole = [], context.store.reindex

    def cut(parameters, kind, after, limit, **more):
        slices.append(kind)
        if len(slices) == 10:
            raise Cut
        return whole(parameters, kind, after, limit, **more)

    monkeypatch.setattr(context.store, "reindex", cut)
    with pytest.raises(Cut):
        migrations.bring_up(context, slices.append)
    number = context.store.formats.number()
    migrations.bring_up(context, lambda _: None)

    assert number == 0
    assert slices.count(slices[1]) == 1
    assert slices.count(slices[9]) == 1 + 1
    assert wrong(context) == []
    assert database[FORMATS].find_one() == {"_id": "format", "number": FORMAT}
    context.store.close()


def test_of_two_with_the_same_key_only_one_has_it_and_the_other_is_named(context, database):
    for name in ("siti", "sita"):
        body = (
            '{"resourceType":"Patient","id":"%s","active":true,'
            '"identifier":[{"system":"%s","value":"%s"}]}'
        )
        value = "9901010101010001" if name == "siti" else "9901010101010002"
        commit(context, [prepare(context, (body % (name, NIK, value)).encode(), name)])
    raw = database["Patient"].find_one({"_id": "siti"})["raw"]
    database["Patient"].update_one(
        {"_id": "sita"}, {"$set": {"raw": raw.replace(b'"siti"', b'"sita"')}, "$unset": {"c": 1}}
    )

    index_and_keys.run(context, FORMAT)

    (said,) = context.store.unclaimed("Patient", context.rules.keys)
    assert said.startswith("Patient/sita")


def test_the_command_says_what_it_brings_up(settings, monkeypatch):
    restored(settings, 0)
    monkeypatch.setenv("FHIR_MONGODB_URI", settings.mongodb_uri)
    monkeypatch.setenv("FHIR_MONGODB_DATABASE", settings.mongodb_database)

    first, second = (CliRunner().invoke(main, ["migrate"]).output for _ in range(2))

    assert "search index and keys of every resource" in first
    assert second == f"The data have format {FORMAT}, that of this version.\n"


def test_what_was_not_restored_to_the_end_gets_no_format(settings, database):
    database.create_collection(backup.UNFINISHED)

    context = build_context(settings, settings.mongodb_uri)

    assert database.list_collection_names() == [backup.UNFINISHED]
    with pytest.raises(Unavailable):
        context.store.ready()
    context.store.close()
