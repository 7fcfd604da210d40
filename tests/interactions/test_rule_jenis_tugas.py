"""JENIS-TUGAS: a Task of an SOP keeps its kind, and an escalation is not deleted."""

import pytest

from fhir_server.mappings.codes import code_system
from tests.support.fhir import entry

KINDS = code_system("jenis-tugas")


def task(kind, **elements):
    coding = [{"system": KINDS, "code": kind}] if kind else [{"code": "theirs"}]
    return {
        "resourceType": "Task",
        "id": "t",
        "status": "requested",
        "intent": "order",
        "code": {"coding": coding},
        **elements,
    }


def escalation():
    return task("eskalasi-darurat", owner={"reference": "PractitionerRole/dokter"})


@pytest.mark.parametrize("other", ["tindak-lanjut", None])
def test_a_task_of_an_sop_stays_what_it_is(ask, other):
    assert ask("PUT", "Task/t", escalation()).status == 201

    said = ask("PUT", "Task/t", task(other))

    assert said.status == 409
    assert said.issues[0].rule == "JENIS-TUGAS"
    assert "eskalasi-darurat" in said.issues[0].indonesian


def test_a_task_of_another_becomes_what_its_owner_wants(ask):
    assert ask("PUT", "Task/t", task(None)).status == 201

    said = ask("PUT", "Task/t", task(None, code={"coding": [{"code": "something"}]}))

    assert said.status == 200


@pytest.mark.parametrize("url", ["Task/t", "Task?_id=t"])
def test_an_escalation_is_not_deleted(ask, url):
    assert ask("PUT", "Task/t", escalation()).status == 201

    said = ask("DELETE", url)

    assert said.status == 409
    assert said.issues[0].rule == "JENIS-TUGAS"
    assert ask("GET", "Task/t").status == 200


def test_an_escalation_is_not_deleted_in_a_transaction(ask, transact):
    assert ask("PUT", "Task/t", escalation()).status == 201

    assert transact(entry("DELETE", "Task/t")).status == 409


def test_other_tasks_are_deleted(ask):
    assert ask("PUT", "Task/t", task(None)).status == 201

    assert ask("DELETE", "Task/t").status == 204
