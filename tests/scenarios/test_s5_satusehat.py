"""S5, the bridge: the emergency visit, its referral and how it ends reach SATUSEHAT."""

from __future__ import annotations

import pytest

from tests.scenarios.ibu_anak import moved
from tests.scenarios.jembatan import bridged, deliver, furnish, put, remote

TODANAN, RS_A, RS_A_NUMBER = "pkm-todanan", "rs-a", "10009999"
DOKTER, SITI = "9902011204780004", "9902015203860001"
FACILITY = "http://sys-ids.kemkes.go.id/organization"
KIND = "http://terminology.hl7.org/CodeSystem/condition-category"
SEEN = "2024-08-20T19:36:00+07:00"


@pytest.fixture
def settings(settings, satusehat):
    return bridged(settings, satusehat, TODANAN, "ruang-igd")


@pytest.fixture
def siti(fhir, pasien, satusehat):
    """Siti, whom SATUSEHAT knows, as it knows the puskesmas and the hospital."""
    furnish(fhir, TODANAN, ("ruang-igd",), {"dokter-todanan": DOKTER})
    number = [{"system": FACILITY, "value": RS_A_NUMBER}]
    hospital = {"resourceType": "Organization", "id": RS_A, "name": "RS A"}
    put(fhir, {**hospital, "identifier": number})
    there = {"resourceType": "Organization", "id": RS_A_NUMBER, "name": "RS A"}
    satusehat.ask("POST", "resources", [{"resource": there, "owner": RS_A_NUMBER}])
    satusehat.people("Practitioner", {"nik": DOKTER, "name": "Dokter Todanan"})
    satusehat.people("Patient", {"nik": SITI, "name": "Siti Rahmawati"})
    satusehat.ways(duplicates=False)
    return pasien(faskes=TODANAN)


@pytest.fixture
def darurat(sop, fhir, siti):
    """The emergency visit with its diagnosis, by which she is referred."""
    visit = sop.made(
        "kunjungan",
        {
            "faskes": TODANAN,
            "noReg": "RG-20240820-IGD",
            "pasien": siti,
            "kelas": "EMER",
            "unit": "ugd",
            "klaster": "klaster-2",
            "mulai": "2024-08-20T19:30:00+07:00",
            "status": "dilayani",
            "lokasi": "ruang-igd",
            "petugas": "dokter-todanan",
        },
    )["id"]
    put(
        fhir,
        {
            "resourceType": "Condition",
            "id": "peb-s5",
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                        "code": "active",
                    }
                ]
            },
            "category": [{"coding": [{"system": KIND, "code": "encounter-diagnosis"}]}],
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "O14.1"}]},
            "subject": {"reference": f"Patient/{siti}"},
            "encounter": {"reference": f"Encounter/{visit}"},
            "recordedDate": SEEN,
        },
    )
    return visit


@pytest.fixture
def rujukan(sop, siti, darurat):
    return sop.made(
        "rujukan",
        {
            "faskes": TODANAN,
            "nomor": "RJ-2024-0412",
            "jenis": "medis",
            "prioritas": "darurat",
            "layanan": "gawat-darurat",
            "tujuan": RS_A,
            "pasien": siti,
            "kunjungan": darurat,
            "alasan": "Preeklampsia berat, 31 minggu, mohon tata laksana",
            "diagnosis": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
            "kondisi": {"sistolik": 168, "diastolik": 112, "kesadaran": "compos-mentis"},
            "transport": "ambulans",
            "perujuk": "dokter-todanan",
            "waktu": "2024-08-20T19:42:00+07:00",
        },
    )["id"]


def test_the_referral_names_the_hospital_by_its_number_there(context, satusehat, rujukan):
    satusehat.faults(
        {"kind": "drop", "after": True, "times": 1, "method": "POST", "type": "ServiceRequest"}
    )

    deliver(context)

    (stored,) = satusehat.stored("ServiceRequest")
    assert stored["id"] == remote(context, f"ServiceRequest/{rujukan}")
    assert stored["performer"] == [{"reference": f"Organization/{RS_A_NUMBER}"}]
    codes = [c["code"] for each in stored["category"] for c in each["coding"]]
    assert "3457005" in codes
    assert stored["locationCode"][0]["coding"][0]["code"] == "AMB"
    assert stored["reasonCode"][0]["coding"][0]["code"] == "O14.1"
    assert stored["occurrenceDateTime"] == "2024-08-20T12:42:00+00:00"
    visit = satusehat.stored("Encounter")[0]
    assert stored["encounter"]["reference"] == f"Encounter/{visit['id']}"


def test_the_visit_ends_with_the_number_of_its_referral(context, sop, satusehat, darurat, rujukan):
    moved(sop, darurat, "2024-08-20T20:05:00+07:00", status="selesai", caraPulang="dirujuk")

    deliver(context)

    (stored,) = satusehat.stored("Encounter")
    assert stored["status"] == "finished"
    assert stored["diagnosis"][0]["condition"]["reference"] == (
        f"Condition/{remote(context, 'Condition/peb-s5')}"
    )
    assert "RJ-2024-0412" in stored["hospitalization"]["dischargeDisposition"]["text"]
    assert remote(context, f"ServiceRequest/{rujukan}")
    assert satusehat.counts()["twice"] == {}
