"""SOP step B4: a record that is opened leaves a trace, and a paper one is on its way (BR-B4)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import AutoReconnect

from fhir_server.mappings.jejak_audit import PATIENT_READ
from fhir_server.store.trail.blocks import Blocks

WIB = ZoneInfo("Asia/Jakarta")


@pytest.fixture
def siti(clinic):
    return clinic.pasien(14, nama="Siti Rahmawati")


def test_br_b4_opening_a_whole_record_is_recorded(clinic, siti):
    """BR-B4: record access is logged, after IHE BALP PatientRead."""
    clinic.client.get(
        f"/fhir/Patient/{siti['id']}/$everything", headers={"X-Request-Id": "permintaan-1"}
    )

    found = clinic.fhir(f"AuditEvent?patient=Patient/{siti['id']}&subtype=read")["entry"]
    (event,) = (each["resource"] for each in found)
    assert event["meta"]["profile"] == [PATIENT_READ]
    assert (event["action"], event["outcome"]) == ("R", "0")
    assert {each["code"] for each in event["subtype"]} == {"read", "operation"}
    user = next(each for each in event["agent"] if each["requestor"])
    assert user["who"]["identifier"]["value"] == "operator"
    people = [e["what"]["reference"] for e in event["entity"] if e["type"]["code"] == "1"]
    assert people == [f"Patient/{siti['id']}"]
    valid = clinic.client.post("/fhir/AuditEvent/$validate", json=event).json
    assert [i for i in valid["issue"] if i["severity"] in {"error", "fatal"}] == []


def test_br_b4_the_trace_is_found_by_patient_and_day_and_by_sop(clinic, siti):
    other = clinic.pasien(15)
    for each in (siti, siti, other):
        clinic.client.get(f"/fhir/Patient/{each['id']}/$everything")

    mine = _openings(clinic.get("/sop/v1/jejak-audit", pasien=siti["id"]))
    today = datetime.fromisoformat(mine[0]["waktu"]).astimezone(WIB).date().isoformat()
    by_day = _openings(clinic.get("/sop/v1/jejak-audit", waktu=today, pasien=other["id"]))

    assert [each["pasien"] for each in mine] == [[siti["id"]]] * 2
    assert {each["objek"] for each in mine} == {f"Patient/{siti['id']}"}
    assert len(by_day) == 1


def _openings(page):
    """Keep of a trace that a whole record was opened."""
    return [each for each in page.json["dokumen"] if each.get("operasi") == "Patient/$everything"]


def test_the_trace_is_no_part_of_the_record(clinic, siti):
    path = f"/fhir/Patient/{siti['id']}/$everything"
    first, second = (clinic.client.get(path).json for _ in range(2))

    assert len(first["entry"]) == len(second["entry"])
    asked = clinic.client.get(f"{path}?_type=AuditEvent").json
    assert {each["resource"]["resourceType"] for each in asked["entry"]} == {"AuditEvent"}


def test_nobody_writes_the_trace_by_sop(clinic):
    assert clinic.post("jejak-audit", {"pelaku": "saya"}).status_code == 405


def test_br_b4_what_cannot_be_recorded_is_not_given_out(clinic, siti, monkeypatch):
    def down(*_):
        raise AutoReconnect("The database does not answer.")

    monkeypatch.setattr(Blocks, "add", down)

    refused = clinic.client.get(f"/fhir/Patient/{siti['id']}/$everything")

    assert refused.status_code == 503
    assert "Siti" not in refused.text


def test_br_b4_the_paper_record_goes_to_the_unit_and_back(clinic, siti):
    document = {
        "pasien": siti["id"],
        "kunjungan": "anc-s1",
        "unit": "kia",
        "peminta": "bidan-kia",
        "pendaftaran": "pendaftaran-dharma-rini",
        "waktu": "2024-04-02T08:30:00+07:00",
    }
    berkas = clinic.made("rekam-medis", document)

    skipped = clinic.put(
        "rekam-medis",
        berkas,
        status="kembali",
        diserahkan="2024-04-02T08:36:00+07:00",
        kembali="2024-04-02T09:00:00+07:00",
    )
    berkas = clinic.changed(
        "rekam-medis", berkas, status="diserahkan", diserahkan="2024-04-02T08:36:00+07:00"
    )
    clinic.changed("rekam-medis", berkas, status="kembali", kembali="2024-04-02T12:00:00+07:00")

    assert skipped.status_code == 409
    task = clinic.fhir(f"Task/{berkas['id']}")
    assert (task["status"], task["code"]["coding"][0]["code"]) == ("completed", "ambil-rekam-medis")
