"""``Patient/$siapa-melihat``: who saw a record, in words; for its patient and administrators."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.audit import kata
from fhir_server.auth.principals import Principal
from fhir_server.auth.scopes import ALL
from fhir_server.errors import Forbidden
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from fhir_server.sop import entitas


@pytest.fixture
def siti(clinic):
    return clinic.pasien(14, nama="Siti Rahmawati")["id"]


def lines(clinic, patient, query="", **headers):
    answer = clinic.client.get(f"/fhir/Patient/{patient}/$siapa-melihat{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [
        {part["name"]: part[next(k for k in part if k != "name")] for part in each["part"]}
        for each in answer.json.get("parameter", ())
        if each["name"] == "akses"
    ]


def asking(context, patient, **who):
    """Ask as somebody."""
    asked = replace(context, principal=Principal("uji", **who))
    request = Request("GET", f"Patient/{patient}/$siapa-melihat", "http://uji/fhir")
    return answer(asked, request)


def test_alike_accesses_of_a_day_are_one_sentence(clinic, siti):
    for _ in range(3):
        clinic.client.get(f"/fhir/Patient/{siti}")
    clinic.client.get(f"/fhir/Patient/{siti}/$everything")

    said = [each["kalimat"] for each in lines(clinic, siti)]

    assert said == [
        "petugas puskesmas melihat seluruh rekam medis Anda",
        "petugas puskesmas melihat data diri Anda (3 kali)",
        "petugas puskesmas menambah data diri Anda",
    ]


def test_documents_have_the_words_of_a_patient(clinic, siti):
    clinic.client.get(f"/sop/v1/pasien/{siti}")

    assert lines(clinic, siti)[0]["kalimat"] == "petugas puskesmas melihat data diri Anda"
    assert kata.what("/sop/v1/pemeriksaan-anc/x", 0) == "pemeriksaan kehamilan"
    assert kata.what("/sop/v1/hasil-lab/x", 0) == "hasil lab"


def test_every_document_with_words_of_its_own_is_one_of_the_sops():
    assert set(kata.DOKUMEN) <= {each.replace("_", "-") for each in entitas()}


def test_a_provenance_of_its_own_is_told_and_the_one_beside_a_document_is_not(clinic, siti):
    assert len(clinic.fhir(f"Provenance?target=Patient/{siti}")["entry"]) == 1
    said = {
        "resourceType": "Provenance",
        "target": [{"reference": f"Patient/{siti}"}],
        "recorded": "2024-04-02T08:50:00+07:00",
        "agent": [{"who": {"display": "Apotek"}}],
    }
    assert clinic.client.post("/fhir/Provenance", json=said).status_code == 201

    assert [each["kalimat"] for each in lines(clinic, siti) if each["tindakan"] == "C"] == [
        "petugas puskesmas menambah data Anda",
        "petugas puskesmas menambah data diri Anda",
    ]


def test_english_for_who_asks_for_it(clinic, siti):
    said = lines(clinic, siti, **{"Accept-Language": "en"})

    assert said[0]["kalimat"] == "staff of the puskesmas added your personal details"


def test_who_and_from_where_by_name(clinic, context, siti):
    clinic.client.put(
        "/fhir/Practitioner/bidan-ani",
        json={"resourceType": "Practitioner", "id": "bidan-ani", "name": [{"text": "Bidan Ani"}]},
    )
    clinic.client.put(
        "/fhir/Organization/rs-uji",
        json={"resourceType": "Organization", "id": "rs-uji", "name": "RS Uji"},
    )
    trail = context.store.trail
    who = Principal("rs", person="Practitioner/bidan-ani", organization="Organization/rs-uji")
    for status in (200, 403):
        access = trail.access(who, "192.0.2.1", "x")
        trail.record(access, ("GET", f"/fhir/Patient/{siti}", ""), status, b"")

    refused, seen = lines(clinic, siti)[:2]

    assert seen["kalimat"] == "Bidan Ani dari RS Uji melihat data diri Anda"
    assert (seen["siapa"], seen["lembaga"], seen["ditolak"]) == ("Bidan Ani", "RS Uji", False)
    assert refused["kalimat"] == "Bidan Ani dari RS Uji ditolak ketika melihat data diri Anda"
    assert refused["ditolak"] is True


def test_a_reason_is_shown(clinic, context, siti):
    from fhir_server.store import traces  # noqa: PLC0415

    access = context.store.trail.access(Principal("dokter"), "", "")
    traces.noted(darurat="perdarahan")
    context.store.trail.record(access, ("GET", f"/fhir/Patient/{siti}", ""), 200, b"")

    (line, *_) = lines(clinic, siti)
    (event, *_) = clinic.fhir(f"AuditEvent?patient=Patient/{siti}&subtype=read&_sort=date")["entry"]

    assert line["alasan"] == "darurat: perdarahan"
    assert event["resource"]["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"


def test_days_and_pages(clinic, siti):
    clinic.client.get(f"/fhir/Patient/{siti}")
    clinic.client.get(f"/fhir/Patient/{siti}/$everything")

    whole = clinic.fhir(f"Patient/{siti}/$siapa-melihat?_count=1")
    (go_on,) = [e["valueInstant"] for e in whole["parameter"] if e["name"] == "lanjut"]
    before = clinic.client.get(
        f"/fhir/Patient/{siti}/$siapa-melihat", query_string={"sebelum": go_on}
    )

    assert before.status_code == 200
    assert lines(clinic, siti, "?sampai=2020-01-01") == []
    assert lines(clinic, siti, "?sejak=2020-01-01&sampai=2999-01-01")


def test_for_the_patient_and_for_administrators_only(context, siti):
    assert asking(context, siti, scopes=frozenset({ALL})).status == 200
    assert asking(context, siti, person=f"Patient/{siti}").status == 200
    for who in (
        {"scopes": frozenset({"system/Patient.rs"})},
        {"scopes": frozenset({"system/*.rs"})},
        {"scopes": frozenset({ALL}), "reach": "referrals"},
        {"person": "Patient/another"},
    ):
        with pytest.raises(Forbidden):
            asking(context, siti, **who)
