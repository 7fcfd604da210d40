"""The clocks of LAKON cases as they are read from Tasks, also from few."""

from datetime import datetime

from fhir_server.mappings.jam_lakon import of_cases

LAKON = {"system": "https://puskesmas.example/fhir/CodeSystem/layanan-konsultasi", "code": "lakon"}
STATUS = "https://puskesmas.example/fhir/CodeSystem/status-kasus"
TUGAS = "https://puskesmas.example/fhir/CodeSystem/jenis-tugas"
START = "2021-07-12T08:00:00+07:00"


def case(state="diajukan", status="requested"):
    return {
        "resourceType": "Task",
        "id": "k",
        "status": status,
        "code": {"coding": [LAKON]},
        "businessStatus": {"coding": [{"system": STATUS, "code": state}]},
        "authoredOn": START,
    }


def step(kind, status, start=START, end=None, **more):
    return {
        "resourceType": "Task",
        "id": kind,
        "partOf": [{"reference": "Task/k"}],
        "status": status,
        "code": {"coding": [{"system": TUGAS, "code": kind}]},
        "executionPeriod": {"start": start, **({"end": end} if end else {})},
        **more,
    }


def test_a_case_that_nobody_has_forwarded_has_its_first_clocks():
    found = of_cases([case()], [step("teruskan-ke-tim-dokter", "requested")])

    assert [(each.langkah, each.selesai) for each in found] == [
        ("sla-d5", None),
        ("sla-total", None),
    ]


def test_a_case_without_steps_has_only_the_whole():
    assert [each.langkah for each in of_cases([case()], [])] == ["sla-total"]


def test_a_rejected_case_never_enters():
    steps = [step("teruskan-ke-tim-dokter", "cancelled")]

    assert of_cases([case("ditolak", "rejected")], steps) == []


def test_a_planned_step_has_no_clock():
    assert [each.langkah for each in of_cases([case()], [step("memberi-saran", "draft")])] == [
        "sla-total"
    ]


def test_an_advice_that_nobody_was_asked_to_approve_waits_for_its_approval():
    end = "2021-07-12T08:04:00+07:00"
    written = step("memberi-saran", "completed", end=end, focus={"reference": "Communication/a"})

    (clock,) = [
        each
        for each in of_cases([case("saran-dibuat", "in-progress")], [written])
        if each.langkah == "sla-d7"
    ]

    assert clock.mulai == datetime.fromisoformat(end)
    assert clock.selesai is None
