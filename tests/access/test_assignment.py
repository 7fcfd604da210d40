"""BR-E2: a student reads the mother she accompanies, while she does, and nobody else."""

import dataclasses
from datetime import UTC, datetime

import pytest

from fhir_server.access import registry

DURING, AFTER = datetime(2019, 10, 7, 3, tzinfo=UTC), datetime(2020, 1, 1, 3, tzinfo=UTC)
ROLE = {
    "resourceType": "PractitionerRole",
    "id": "putri-osoc",
    "active": True,
    "period": {"start": "2019-09-26", "end": "2019-12-31"},
    "practitioner": {"reference": "Practitioner/putri"},
}
TEAM = {
    "resourceType": "CareTeam",
    "id": "putri-nur",
    "status": "active",
    "subject": {"reference": "Patient/nur"},
    "period": {"start": "2019-10-01", "end": "2019-12-31"},
    "participant": [{"member": {"reference": "PractitionerRole/putri-osoc"}}],
}


@pytest.fixture
def context(context):
    """Let the test say what time it is."""
    return dataclasses.replace(context, clock=lambda: Clock.now)


class Clock:
    now = DURING


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(Clock, "now", DURING)


@pytest.fixture
def pkm(caller):
    pkm = caller("pkm")
    for name in ("nur", "kartika"):
        pkm("PUT", f"Patient/{name}", {"resourceType": "Patient", "id": name})
        condition = {"resourceType": "Condition", "id": name, "code": {"text": "risti"}}
        condition["subject"] = {"reference": f"Patient/{name}"}
        pkm("PUT", f"Condition/{name}", condition)
    pkm("PUT", "PractitionerRole/putri-osoc", ROLE)
    pkm("PUT", "CareTeam/putri-nur", TEAM)
    return pkm


@pytest.fixture
def putri(caller, pkm):
    assert pkm.id == "pkm"
    scopes = ["system/*.crus"]
    return caller("putri", scopes=scopes, person="Practitioner/putri", reach="assignment")


def test_br_e2_the_student_meets_her_mother_and_nobody_else(putri):
    """BR-E2."""
    assert putri("GET", "Patient/nur").status_code == 200
    assert putri("GET", "Patient/kartika").status_code == 403
    assert putri.ids("Patient") == ["Patient/nur"]
    assert putri.ids("Condition") == ["Condition/nur"]
    assert putri.ids("Condition?patient=Patient/kartika") == []
    assert putri("GET", "Condition/kartika").status_code == 403
    assert putri("GET", "Patient/kartika/$everything").status_code == 403
    assert putri("GET", "$export", Prefer="respond-async").status_code == 403


@pytest.mark.parametrize(
    "over",
    [
        ("PractitionerRole/putri-osoc", ROLE | {"active": False}),
        ("CareTeam/putri-nur", TEAM | {"status": "inactive"}),
        ("CareTeam/putri-nur", TEAM | {"period": {"end": "2019-10-06"}}),
        None,
    ],
)
def test_br_e2_it_ends_with_the_role_and_with_the_assignment(putri, pkm, over, monkeypatch):
    """BR-E2: after 2019-12-31 her role is over."""
    assert putri("GET", "Patient/nur").status_code == 200

    if over is None:
        monkeypatch.setattr(Clock, "now", AFTER)
    else:
        assert pkm("PUT", *over).status_code == 200

    assert putri("GET", "Patient/nur").status_code == 403
    assert putri.ids("Condition") == []


def test_br_e2_she_writes_into_that_record_only(putri):
    note = {"resourceType": "Condition", "code": {"text": "bengkak"}}

    for name, status in (("nur", 201), ("kartika", 403)):
        note["subject"] = {"reference": f"Patient/{name}"}
        assert putri("POST", "Condition", note).status_code == status


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("PractitionerRole/putri-osoc", ROLE | {"period": {"end": "2030-12-31"}}),
        ("CareTeam/putri-nur", TEAM | {"period": {"end": "2030-12-31"}}),
        ("CareTeam/mine", TEAM | {"id": "mine", "subject": {"reference": "Patient/kartika"}}),
        ("Organization/o", {"resourceType": "Organization", "id": "o", "name": "x"}),
    ],
)
def test_br_e2_she_cannot_give_herself_more(putri, name, body):
    assert putri("PUT", name, body).status_code == 403
