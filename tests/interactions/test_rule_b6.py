"""BR-B6 through the FHIR API: a finished visit and an open lab slip exclude each other."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from fhir_server.config import CANONICAL
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.rules import load_rules
from tests.support.fhir import bundle, entry

AMB = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


def encounter(status="in-progress", resource_id="anc", **elements):
    return {
        "resourceType": "Encounter",
        "id": resource_id,
        "status": status,
        "class": AMB,
        **elements,
    }


def slip(status="requested", visit="Encounter/anc", number="LAB-1", kind="pengantar-lab", **also):
    return {
        "resourceType": "Task",
        "groupIdentifier": {"system": sid("no-pengantar-lab", "pkm"), "value": number},
        "status": status,
        "intent": "order",
        "code": {"coding": [{"system": code_system("jenis-tugas"), "code": kind}]},
        "encounter": {"reference": visit},
        **also,
    }


def put(ask, resource):
    return ask("PUT", f"{resource['resourceType']}/{resource['id']}", resource)


@pytest.mark.parametrize(
    "status", ["draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"]
)
def test_open_slip_keeps_the_visit_from_finishing(ask, status):
    put(ask, encounter())
    put(ask, slip(status, id="slip"))

    refused = put(ask, encounter("finished"))

    assert refused.status == 409
    (issue,) = refused.issues
    assert (issue.code, issue.rule) == ("business-rule", "BR-B6")
    assert issue.expression == "Encounter.status"
    assert "LAB-1" in issue.diagnostics
    assert "LAB-1" in issue.indonesian
    assert ask("GET", "Encounter/anc").json["status"] == "in-progress"


@pytest.mark.parametrize(
    "status", ["completed", "cancelled", "failed", "rejected", "entered-in-error"]
)
def test_closed_slip_lets_the_visit_finish(ask, status):
    put(ask, encounter())
    put(ask, slip(status, id="slip", statusReason={"text": "Pasien menolak"}))

    assert put(ask, encounter("finished")).status == 200


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_slip_is_given_up_only_with_a_reason(ask, status):
    put(ask, encounter())
    put(ask, slip(id="slip"))

    refused = put(ask, slip(status, id="slip"))

    assert refused.status == 422
    (issue,) = refused.issues
    assert (issue.rule, issue.expression) == ("BR-B6", "Task.statusReason")
    assert put(ask, encounter("finished")).status == 409


def test_names_only_the_slips_of_this_visit(ask):
    put(ask, encounter())
    put(ask, encounter(resource_id="other"))
    put(ask, slip(id="mine", number="LAB-MINE"))
    put(ask, slip(id="theirs", number="LAB-THEIRS", visit="Encounter/other"))

    refused = put(ask, encounter("finished"))

    assert "LAB-MINE" in refused.issues[0].diagnostics
    assert "LAB-THEIRS" not in refused.issues[0].diagnostics


def test_other_work_of_the_visit_does_not_count(ask):
    put(ask, encounter())
    put(ask, slip(id="drug", kind="antar-obat"))

    assert put(ask, encounter("finished")).status == 200


def test_refuses_a_slip_for_a_finished_visit(ask):
    put(ask, encounter("finished"))

    refused = ask("POST", "Task", slip())

    assert refused.status == 409
    assert refused.issues[0].rule == "BR-B6"
    assert refused.issues[0].expression == "Task.encounter"
    assert ask.count("Task") == 0


def test_reopening_a_slip_of_a_finished_visit_is_refused(ask):
    put(ask, encounter())
    put(ask, slip("completed", id="slip"))
    put(ask, encounter("finished"))

    assert put(ask, slip("in-progress", id="slip")).status == 409


def test_absolute_reference_to_the_visit_counts_too(ask):
    put(ask, encounter())
    put(ask, slip(id="slip", visit="https://puskesmas.example/fhir/Encounter/anc"))

    assert put(ask, encounter("finished")).status == 409


def test_completing_and_finishing_in_one_transaction_passes(ask):
    put(ask, encounter())
    put(ask, slip(id="slip"))

    done = ask(
        "POST",
        "",
        bundle(
            "transaction",
            entry("PUT", "Encounter/anc", encounter("finished")),
            entry("PUT", "Task/slip", slip("completed", id="slip")),
        ),
    )

    assert done.status == 200
    assert ask("GET", "Encounter/anc").json["status"] == "finished"


def test_opening_and_finishing_in_one_transaction_is_refused_whole(ask):
    put(ask, encounter())

    refused = ask(
        "POST",
        "",
        bundle(
            "transaction",
            entry("PUT", "Encounter/anc", encounter("finished")),
            entry("POST", "Task", slip()),
        ),
    )

    assert refused.status == 409
    assert {issue.rule for issue in refused.issues} == {"BR-B6"}
    assert {issue.expression for issue in refused.issues} == {
        "Bundle.entry[0].resource.status",
        "Bundle.entry[1].resource.encounter",
    }
    assert ask("GET", "Encounter/anc").json["status"] == "in-progress"
    assert ask.count("Task") == 0


def test_new_finished_visit_with_its_own_open_slip_is_refused(ask):
    visit = encounter("finished")
    del visit["id"]

    refused = ask(
        "POST",
        "",
        bundle(
            "transaction",
            entry("POST", "Encounter", visit, "urn:uuid:a7b0ed1c-5df1-4d51-a9d2-2f0ed7a3bb2f"),
            entry("POST", "Task", slip(visit="urn:uuid:a7b0ed1c-5df1-4d51-a9d2-2f0ed7a3bb2f")),
        ),
    )

    assert refused.status == 409
    assert ask.count("Encounter") == 0


def test_one_transaction_judges_many_visits_at_a_constant_price(ask, commands):
    for number in range(12):
        put(ask, encounter(resource_id=f"v{number}"))
    many = [entry("PUT", f"Encounter/v{n}", encounter("finished", f"v{n}")) for n in range(12)]
    ask("POST", "", bundle("transaction", *many[:1]))
    commands.clear()

    assert ask("POST", "", bundle("transaction", *many[1:10])).status == 200
    of_nine = commands.round_trips
    commands.clear()
    assert ask("POST", "", bundle("transaction", *many[10:])).status == 200

    assert of_nine == commands.round_trips


@pytest.mark.parametrize("attempt", range(8))
def test_of_finishing_and_opening_at_once_exactly_one_wins(ask, attempt):
    visit = f"race-{attempt}"
    put(ask, encounter(resource_id=visit))
    together = Barrier(2)

    def finish():
        together.wait()
        return put(ask, encounter("finished", visit)).status

    def open_slip():
        together.wait()
        return ask("POST", "Task", slip(visit=f"Encounter/{visit}")).status

    with ThreadPoolExecutor() as pool:
        finished, opened = (f.result() for f in [pool.submit(finish), pool.submit(open_slip)])

    assert (finished, opened) in {(200, 409), (409, 201)}
    ended = ask("GET", f"Encounter/{visit}").json["status"] == "finished"
    assert ended == (ask.count("Task", f"encounter=Encounter/{visit}") == 0)


def test_rules_follow_the_operators_canonical_base(parameters, settings):
    theirs = dataclasses.replace(settings, canonical="https://dinkes.example/fhir/")
    rules = load_rules(parameters, theirs)
    moved = json.loads(json.dumps(slip(id="s")).replace(CANONICAL, "https://dinkes.example/fhir"))

    judged = [
        {each.rule for each in rules.concerns(some, "s", new=False)}
        for some in (moved, slip(id="s"))
    ]
    assert ["BR-B6" in each for each in judged] == [True, False]


def test_an_unguarded_write_carries_no_concern(context):
    patient = {"resourceType": "Patient"}
    running = encounter("in-progress")

    assert context.rules.concerns(patient, "p", new=False) == ()
    assert context.rules.concerns(running, "e", new=False) == ()
    assert context.rules.concerns(encounter("finished"), "e", new=True) == ()
    assert context.rules.checks(()) == ()
