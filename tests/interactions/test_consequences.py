"""Effects: what follows from a write is stored with it, whoever writes and however often."""

import dataclasses

import pytest

from fhir_server.errors import RuleBroken
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.rules import Rule, Rules
from fhir_server.store.ops import Check
from tests.support.fhir import Server, bundle, entry


def always(document, new):  # noqa: ARG001 - as Effect has it
    return True


def adds(text):
    """Make an effect that writes a word into a Patient's names and counts on a Basic."""

    def follow(patients, reader):
        changed = {}
        for each in patients:
            names = [*each.get("name", ()), {"text": text}]
            changed[f"Patient/{each['id']}"] = {**each, "name": names}
            count = reader.read("Basic/count") or basic()
            words = count["code"]["text"].split()
            changed["Basic/count"] = {**count, "code": {"text": " ".join([*words, text])}}
        return Consequences(changed)

    return Effect(text, frozenset({"Patient"}), always, follow)


def basic(text=""):
    return {"resourceType": "Basic", "id": "count", "code": {"text": text}}


@pytest.fixture
def made(context):
    """Give a server with these effects and rules, and no others."""

    def make(*effects, rules=()):
        own = Rules(rules, context.rules.facts, effects)
        return Server(dataclasses.replace(context, rules=own))

    return make


def names(ask, patient="p"):
    return [each["text"] for each in ask("GET", f"Patient/{patient}").json.get("name", ())]


def test_each_effect_sees_what_the_one_before_has_changed(made):
    ask = made(adds("satu"), adds("dua"))

    assert ask("PUT", "Patient/p", {"resourceType": "Patient", "id": "p"}).status == 201

    assert names(ask) == ["satu", "dua"]
    assert ask("GET", "Basic/count").json["code"]["text"] == "satu dua"
    assert ask("GET", "Basic/count").json["meta"]["versionId"] == "1"


def test_an_effect_sees_what_its_own_transaction_writes(made):
    ask = made(adds("satu"))
    both = bundle(
        "transaction",
        entry("PUT", "Patient/p", {"resourceType": "Patient", "id": "p"}),
        entry("PUT", "Basic/count", {**basic("nol"), "meta": {"tag": [{"code": "uji"}]}}),
    )

    assert ask("POST", "", both).status == 200

    stored = ask("GET", "Basic/count").json
    assert stored["code"]["text"] == "nol satu"
    assert stored["meta"]["tag"] == [{"code": "uji"}]
    assert stored["meta"]["versionId"] == "1"


def test_a_resource_written_twice_is_refused_as_ever(made):
    ask = made(adds("satu"))
    patient = {"resourceType": "Patient", "id": "p"}
    twice = [entry("PUT", "Patient/p", patient), entry("PUT", "Patient/p", patient)]

    assert ask("POST", "", bundle("transaction", *twice)).status == 400
    assert ask.count("Basic") == 0


def test_what_is_deleted_in_the_same_transaction_is_not_there(made):
    ask = made(adds("satu"))
    ask("PUT", "Patient/p", {"resourceType": "Patient", "id": "p"})
    gone = [
        entry("DELETE", "Patient/p"),
        entry("PUT", "Patient/q", {"resourceType": "Patient", "id": "q"}),
    ]

    assert ask("POST", "", bundle("transaction", *gone)).status == 200
    assert names(ask, "q") == ["satu"]


def test_rules_judge_what_follows_and_nothing_is_half_written(made):
    def check(concerns, facts):  # noqa: ARG001 - as Rule has it
        def decide(found):  # noqa: ARG001 - as Check has it
            raise RuleBroken("no Basic here")

        return Check((), (), decide)

    ask = made(adds("satu"), rules=[Rule("none", frozenset({"Basic"}), always, check)])

    assert ask("PUT", "Patient/p", {"resourceType": "Patient", "id": "p"}).status == 409
    assert ask.count("Patient") == 0
    assert ask.count("Basic") == 0


def test_a_stale_version_of_the_writers_own_is_not_tried_again(made):
    ask = made(adds("satu"))
    patient = {"resourceType": "Patient", "id": "p"}
    ask("PUT", "Patient/p", patient)
    ask("PUT", "Patient/p", {**patient, "active": True})

    assert ask("PUT", "Patient/p", patient, if_match='W/"1"').status == 412
