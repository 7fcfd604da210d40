"""BR-A3 through the FHIR API: a village report holds every patient with a contact in its period."""

import dataclasses

import pytest

from fhir_server.config import CANONICAL
from fhir_server.mappings.codes import ADMINISTRATIVE_CODE, code_system, structure
from fhir_server.mappings.rules import load_rules
from tests.support.fhir import bundle, entry

NGELO = "9902012003"


def coded(system, code):
    return {"coding": [{"system": code_system(system), "code": code}]}


def patient(name, village=NGELO):
    inner = [{"url": "village", "valueCode": village}]
    address = {"extension": [{"url": ADMINISTRATIVE_CODE, "extension": inner}]}
    return {"resourceType": "Patient", "id": name, "address": [address]}


def contact(name, day="2024-08-05", status="active"):
    return {
        "resourceType": "CommunicationRequest",
        "id": f"kontak-{name}",
        "status": status,
        "category": [coded("kategori-komunikasi", "pemantauan")],
        "subject": {"reference": f"Patient/{name}"},
        "occurrenceDateTime": day,
    }


def case(name, status="in-progress"):
    return {
        "resourceType": "Task",
        "id": f"kasus-{name}",
        "status": status,
        "intent": "order",
        "businessStatus": coded("status-pemantauan", "menjawab"),
        "code": coded("layanan-konsultasi", "pemantauan"),
        "for": {"reference": f"Patient/{name}"},
        "authoredOn": "2024-08-05T20:00:00+07:00",
    }


def report(*names, **elements):
    sections = [
        {
            "title": name,
            "focus": {"reference": f"Patient/{name}"},
            "text": {"status": "generated", "div": "<div>kontak</div>"},
        }
        for name in names
    ]
    for each in sections:
        each["text"]["div"] = '<div xmlns="http://www.w3.org/1999/xhtml">kontak</div>'
    return {
        "resourceType": "Composition",
        "extension": [{"url": structure("desa-laporan"), "valueCode": NGELO}],
        "status": "final",
        "type": coded("jenis-dokumen", "laporan-pemantauan-desa"),
        "date": "2024-08-05",
        "author": [{"reference": "PractitionerRole/bidan"}],
        "title": "Laporan",
        "event": [{"period": {"start": "2024-08-05", "end": "2024-08-05"}}],
        **({"section": sections} if sections else {}),
        **elements,
    }


@pytest.fixture
def ngelo(fhir):
    for each in (patient("endang"), patient("lilis"), patient("jauh", "9902012001")):
        fhir.kept(f"Patient/{each['id']}", each)
    for each in (contact("endang", status="completed"), contact("lilis"), contact("jauh")):
        fhir.kept(f"CommunicationRequest/{each['id']}", each)
    return fhir


def test_br_a3_both_the_kept_and_the_missed_contact_must_be_in_it(ngelo):
    refused = ngelo("POST", "Composition", report("endang"))

    assert refused.status == 422
    (issue,) = refused.issues
    assert issue["expression"] == ["Composition.section"]
    assert issue["diagnostics"].startswith("BR-A3")
    assert "lilis" in issue["diagnostics"]
    assert "jauh" not in issue["diagnostics"]
    assert ngelo.read("Composition")["total"] == 0


def test_br_a3_a_whole_report_is_stored(ngelo):
    assert ngelo("POST", "Composition", report("endang", "lilis")).status == 201


def test_br_a3_a_complaint_of_her_own_counts(ngelo):
    ngelo("PUT", "Patient/mira", patient("mira"))
    ngelo("PUT", "Task/kasus-mira", case("mira"))

    refused = ngelo("POST", "Composition", report("endang", "lilis"))

    assert "mira" in refused.issues[0]["diagnostics"]


def test_br_a3_what_was_entered_in_error_or_revoked_does_not_count(ngelo):
    ngelo("PUT", "CommunicationRequest/kontak-lilis", contact("lilis", status="revoked"))

    assert ngelo("POST", "Composition", report("endang")).status == 201


def test_br_a3_a_draft_may_be_incomplete(ngelo):
    assert ngelo("POST", "Composition", report("endang", status="preliminary")).status == 201


@pytest.mark.parametrize(
    ("elements", "element"),
    [({"extension": []}, "extension"), ({"event": []}, "event")],
)
def test_br_a3_a_report_says_its_village_and_period(ngelo, elements, element):
    document = report("endang", "lilis", **elements)
    document = {key: value for key, value in document.items() if value != []}

    refused = ngelo("POST", "Composition", document)

    assert refused.status == 422
    assert refused.issues[0]["expression"] == [f"Composition.{element}"]
    assert "BR-A3" in refused.issues[0]["diagnostics"]


def test_br_a3_holds_in_a_transaction_for_what_it_brings_itself(ngelo):
    mira = [entry("PUT", "Patient/mira", patient("mira"))]
    mira.append(entry("PUT", "CommunicationRequest/kontak-mira", contact("mira")))

    refused = ngelo(
        "POST",
        "",
        bundle("transaction", *mira, entry("POST", "Composition", report("endang", "lilis"))),
    )

    assert refused.status == 422
    assert "mira" in refused.issues[0]["diagnostics"]
    assert ngelo.read("Patient?_id=mira")["total"] == 0


def test_br_a3_another_document_is_not_judged(ngelo):
    other = report("endang", type=coded("jenis-dokumen", "rekap"))

    assert ngelo("POST", "Composition", other).status == 201


def test_br_a3_holds_under_another_canonical_base(context):
    theirs = dataclasses.replace(context.settings, canonical="https://dinkes.example/fhir")
    rules = load_rules(context.parameters, theirs)
    document = report("endang")
    kind = document["type"]["coding"][0]
    base = kind["system"].replace(CANONICAL, theirs.canonical)
    moved = {**document, "type": {"coding": [{**kind, "system": base}]}}

    concerned = [
        {each.rule for each in rules.concerns(some, "1", new=True)} for some in (moved, document)
    ]

    assert ["BR-A3" in each for each in concerned] == [True, False]


def plan(status, **elements):
    return {
        "resourceType": "CarePlan",
        "id": "asuhan",
        "status": status,
        "intent": "plan",
        "category": [coded("kategori-rencana", "ibu-hamil-risti")],
        "subject": {"reference": "Patient/endang"},
        **elements,
    }


@pytest.mark.parametrize("status", ["completed", "revoked"])
def test_a_plan_that_ends_plans_no_further_contact(fhir, status):
    based = {"basedOn": [{"reference": "CarePlan/asuhan"}]}
    fhir.kept("CarePlan/asuhan", plan("active"))
    for name, day in (("lalu", "2024-08-05"), ("nanti", "2999-08-05")):
        made = contact(name, day) | based
        fhir.kept(f"CommunicationRequest/{made['id']}", made)

    fhir.kept("CarePlan/asuhan", plan(status))

    found = {
        name: fhir.read(f"CommunicationRequest/kontak-{name}")["status"]
        for name in ("lalu", "nanti")
    }
    assert found == {"lalu": "active", "nanti": "revoked"}
