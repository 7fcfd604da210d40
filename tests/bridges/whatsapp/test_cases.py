"""Cases of LAKON that open by themselves: from a message, and from the form of the landing page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fhir_server.app import create_app
from fhir_server.bridges.whatsapp import forms
from fhir_server.bridges.whatsapp.working import FORM, SOURCE, work_off
from tests.bridges.whatsapp.payloads import PEER, SENT, change, message, posted, signed
from tests.support.fhir import Server

CANONICAL = "https://puskesmas.example/fhir"
PATH = "/webhooks/formulir"
SECRET = "rahasia-formulir"  # noqa: S105 - invented
NIK = "9903022107750001"
FORMULIR = {
    "id": "F-2026-0001",
    "waktu": "2026-03-02T08:00:00+07:00",
    "nama": "Bambang Prasetyo",
    "telepon": "0800 0000 003",
    "keluhan": "batuk pilek dua hari",
}


@pytest.fixture
def settings(settings):
    return replace(
        settings,
        whatsapp_penerima="petugas/operator",
        whatsapp_layanan="lakon",
        whatsapp_faskes="tim-lakon",
        lakon_penanggung_jawab="dokter-pj",
        formulir_secret=SECRET,
    )


@pytest.fixture
def fhir(context):
    return Server(context)


@pytest.fixture
def work(context):
    def all_of_it():
        while work_off(context):
            pass

    return all_of_it


@pytest.fixture
def arrive(context, work):
    def deliver(*changes):
        context.store.deliveries.keep(SOURCE, posted(*changes))
        work()

    return deliver


@pytest.fixture
def bambang(fhir):
    elements = {
        "name": [{"text": "Bambang  PRASETYO"}],
        "telecom": [{"system": "phone", "value": f"+{PEER}"}],
        "identifier": [{"system": "https://fhir.kemkes.go.id/id/nik", "value": NIK}],
    }

    def written(**more):
        body = {"resourceType": "Patient", "id": "bambang", **elements, **more}
        assert fhir("PUT", "Patient/bambang", body).status in {200, 201}

    written()
    return written


def cases(fhir):
    found = fhir("GET", f"Task?code={CANONICAL}/CodeSystem/jenis-tugas|konsultasi-daring").json
    return [each["resource"] for each in found.get("entry", ())]


def messages(fhir):
    found = fhir("GET", "Communication?part-of:missing=false&_sort=sent").json
    return [each["resource"] for each in found.get("entry", ())]


def test_the_first_complaint_opens_a_case_and_the_next_ones_join_it(fhir, arrive, bambang):
    assert bambang
    arrive(change([message("wamid.1", body="batuk"), message("wamid.2", at=SENT + 60)]))
    arrive(change([message("wamid.3", at=SENT + 120)]))

    (case,) = cases(fhir)
    assert case["for"] == {"reference": "Patient/bambang"}
    assert case["status"] == "requested"
    assert case["reasonCode"] == {"text": "batuk"}
    assert case["owner"] == {"reference": "PractitionerRole/dokter-pj"}
    assert case["authoredOn"] == "2021-07-12T08:00:00+07:00"
    assert {each["basedOn"][0]["reference"] for each in messages(fhir)} == {f"Task/{case['id']}"}
    step = fhir("GET", f"Task/{case['id']}-d5").json
    assert step["status"] == "requested"


@pytest.mark.parametrize(
    "written",
    [
        message("wamid.1", sender="628000000099"),
        message("wamid.1", kind="reaction", emoji="👍", message_id="wamid.0"),
        message("wamid.1", body="BERHENTI"),
        message("wamid.1", quoted="wamid.0"),
    ],
    ids=["unknown sender", "reaction", "opt-out", "answer"],
)
def test_what_is_no_complaint_of_a_known_patient_opens_none(fhir, arrive, bambang, written):
    assert bambang

    arrive(change([written]))

    assert cases(fhir) == []
    assert len(messages(fhir)) == 1


def test_after_a_case_is_closed_a_new_complaint_opens_another(fhir, arrive, bambang):
    assert bambang
    arrive(change([message("wamid.1")]))
    (case,) = cases(fhir)
    code = {"system": f"{CANONICAL}/CodeSystem/status-kasus", "code": "dibatalkan-pasien"}
    closed = {
        **case,
        "status": "cancelled",
        "businessStatus": {"coding": [code]},
        "statusReason": {"text": "sudah sembuh"},
    }
    said = fhir("PUT", f"Task/{case['id']}", closed, If_Match=f'W/"{case["meta"]["versionId"]}"')
    assert said.status == 200, said.issues

    arrive(change([message("wamid.2", at=SENT + 3600)]))

    assert len(cases(fhir)) == 2


def post(context, form, secret=SECRET):
    body = form if isinstance(form, bytes) else json.dumps(form).encode()
    client = create_app(context).test_client()
    return client.post(PATH, data=body, headers=signed(body, secret))


def test_a_form_opens_the_same_case(context, fhir, work, bambang):
    assert bambang
    for _ in range(2):
        assert post(context, FORMULIR).status_code == 202
        work()

    (case,) = cases(fhir)
    assert case["for"] == {"reference": "Patient/bambang"}
    (found,) = messages(fhir)
    assert found["basedOn"] == [{"reference": f"Task/{case['id']}"}]
    assert found["payload"] == [{"contentString": "batuk pilek dua hari"}]
    assert {c["code"] for m in found["medium"] for c in m["coding"]} == {
        "ONLINEWRIT",
        "landing-page",
    }


def test_a_form_and_a_message_end_in_one_case(context, fhir, work, arrive, bambang):
    assert bambang
    post(context, FORMULIR)
    work()
    arrive(change([message("wamid.1")]))

    (case,) = cases(fhir)
    assert {m["basedOn"][0]["reference"] for m in messages(fhir)} == {f"Task/{case['id']}"}


@pytest.mark.parametrize(
    ("number", "more", "known"),
    [
        (None, {"nik": NIK}, True),
        (None, {"nik": NIK, "nama": "Orang Lain"}, False),
        (None, {}, False),
    ],
    ids=["nik and name", "nik of another", "nothing known"],
)
def test_who_filled_it_in_is_matched_and_never_invented(  # noqa: PLR0913, PLR0917
    context, fhir, work, bambang, number, more, known
):
    bambang(telecom=[{"system": "phone", "value": "+628000000077"}] if number is None else [])

    post(context, {**FORMULIR, **more})
    work()

    (found,) = messages(fhir)
    assert ("subject" in found) == known
    assert ("display" in found["sender"]) == (not known)
    assert len(cases(fhir)) == int(known)
    assert fhir.count("Patient") == 1


def test_an_urgent_form_is_an_emergency(context, fhir, work, bambang):
    assert bambang

    post(context, {**FORMULIR, "darurat": True})
    work()

    (found,) = messages(fhir)
    assert found["priority"] == "stat"
    (case,) = cases(fhir)
    assert case["businessStatus"]["coding"][0]["code"] == "darurat"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("telepon", "bukan nomor"),
        ("telepon", None),
        ("nama", ""),
        ("keluhan", "x" * 4001),
        ("waktu", "kemarin"),
        ("waktu", "2026-03-02T08:00:00"),
        ("nik", "123"),
        ("id", "a b"),
        ("darurat", "ya"),
        ("alamat", "Jl. Uji"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_without_repeating_it(context, field, value):
    answer = post(context, {**FORMULIR, field: value})

    assert answer.status_code == 422
    assert field in answer.text
    assert "Bambang" not in answer.text
    assert context.store.deliveries.count(FORM, "waiting") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"null"])
def test_what_is_no_form_is_refused(context, body):
    assert post(context, body).status_code == 422


def test_a_form_needs_the_landing_pages_signature(context):
    assert post(context, FORMULIR, "rahasia lain").status_code == 401
    bare = replace(context, settings=replace(context.settings, formulir_secret=""))
    assert post(bare, FORMULIR, "").status_code == 404
    assert context.store.deliveries.count(FORM, "waiting") == 0


def test_a_number_in_a_form_is_written_as_whatsapp_writes_it():
    assert forms.read(json.dumps(FORMULIR).encode()).number == "628000000003"
