"""What an administrator does by the command line stands in the audit trail, like any access."""

from __future__ import annotations

import ast
import contextlib
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import fhir_server.commands
from fhir_server.cli import main
from fhir_server.commands import client, opening, webhook
from fhir_server.commands.loading import Direct, load
from fhir_server.commands.recording import account
from fhir_server.resources.validate import validate
from fhir_server.search.plan import Plan, SortKey

NOT_RECORDED = {
    "serve": "what is asked of it is",
    "worker": "what it changes is, as its work",
    "audit verify": "only reads the trail",
    "audit heads": "only reads the trail",
    "restore": "what is restored is the backup, byte for byte, its trail too",
    "backup oplog": "runs every few minutes; the backup that it goes on from is recorded",
    "backup key": "makes a key, and opens no database",
    "backup verify": "reads a file, and opens no database",
    "bridge status": "numbers",
    "bridge explain": "ids and states of deliveries, no record of anybody",
    "client list": "no record of anybody",
    "openapi": "opens no database",
    "webhook status": "numbers",
}
RECORDS = {"recorded", "record", "sender", "_change"}
"""What records a command that is named in its arguments."""


def commands(group, before=""):
    """Give every command by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        words = f"{before} {name}".strip()
        if isinstance(found, click.Group):
            yield from commands(found, words)
        else:
            yield words


def named():
    """Give every command that says its name to the trail."""
    folder = Path(fhir_server.commands.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = getattr(node, "func", None)
            if getattr(called, "id", getattr(called, "attr", "")) in RECORDS:
                for each in node.args:
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        yield each.value.partition(" --")[0]


def test_every_command_is_recorded_or_said_why_not():
    of_group = {"import whatsapp", "import kohort-ibu"}  # the group opens, and records, for them

    assert set(commands(main)) == {*named(), *of_group, *NOT_RECORDED}
    assert not set(named()) & NOT_RECORDED.keys()


def events(context):
    """Give the AuditEvents of commands, the oldest first."""
    plan = Plan("AuditEvent", {}, sort=(SortKey("ix.date.l"), SortKey("_id")), limit=100)
    found = [json.loads(each.raw) for each in context.store.search(plan).resources]
    return [each for each in found if each["agent"][0]["who"]["identifier"]["value"] == "operator"]


def details(event):
    return {each["type"]: each["valueString"] for each in event["entity"][0]["detail"]}


@pytest.fixture
def run(monkeypatch, context):
    """Run a command against the database of the test."""
    monkeypatch.setattr(opening, "settings_given", lambda: context.settings)
    monkeypatch.setattr(opening, "attached", lambda _: contextlib.nullcontext(context))
    return lambda command, *words: CliRunner().invoke(command, list(words))


def test_commands_are_recorded_with_what_they_did_and_how_they_ended(run, context):
    secret = run(client.command, "add", "klinik").output
    run(client.command, "rotate", "klinik")
    run(client.command, "rotate", "nobody")
    run(webhook.command, "retry")

    found = events(context)

    shown = [(each["subtype"][0]["display"], each["outcome"]) for each in found]
    assert shown == [
        ("client add", "0"),
        ("client rotate", "0"),
        ("client rotate", "8"),
        ("webhook retry", "0"),
    ]
    assert [each["type"]["code"] for each in found] == ["110113"] * 3 + ["110100"]
    said = {"account": account(), "client": "klinik", "as": "app", "scope": "system/*.cruds"}
    assert details(found[0]) == said
    assert secret.partition("client_secret=")[2].strip() not in json.dumps(found)
    assert [validate(each, context.definitions) for each in found] == [[]] * 4
    assert not context.store.trail.verify().faults


def test_each_version_that_is_loaded_says_that_it_was(context, tmp_path):
    path = tmp_path / "one.ndjson"
    path.write_text('{"resourceType":"Patient","id":"siti","birthDate":"1990-01-01"}\n', "utf-8")

    load([path], Direct(context))

    (found,) = [each for each in events(context) if each["action"] == "C"]
    whom = [each["what"].get("reference") for each in found["entity"]]
    assert whom == ["Patient/siti/_history/1", "Patient/siti"]
