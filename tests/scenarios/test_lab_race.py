"""BR-B6 and OBAT-RESEP between two server processes: they share nothing but the database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from fhir_server.mappings.codes import code_system
from tests.support.server import running

AMB = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
OBAT = "93000937"
PATIENT = {"resourceType": "Patient", "id": "penerima", "name": [{"text": "Wati"}]}
SLIP = {"coding": [{"system": code_system("jenis-tugas"), "code": "pengantar-lab"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("two"), {"FHIR_WORKERS": "2"}) as started:
        yield started


def visit(status, resource_id):
    return {"resourceType": "Encounter", "id": resource_id, "status": status, "class": AMB}


def slip(visit_id):
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": SLIP,
        "encounter": {"reference": f"Encounter/{visit_id}"},
    }


def race(base, number):
    """Finish a visit and open three slips for it at once; give the four statuses."""
    name = f"race-{number}"
    url = f"{base}/Encounter/{name}"
    assert requests.put(url, json=visit("in-progress", name), timeout=120).status_code == 201
    together = Barrier(4)

    def finish():
        together.wait()
        return requests.put(url, json=visit("finished", name), timeout=120).status_code

    def open_slip():
        together.wait()
        return requests.post(f"{base}/Task", json=slip(name), timeout=120).status_code

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(finish), *(pool.submit(open_slip) for _ in range(3))]
        return [each.result() for each in futures]


def test_a_visit_is_finished_or_has_slips_never_both(server):
    outcomes = [race(server.fhir, number) for number in range(8)]

    for finished, *opened in outcomes:
        assert (finished, set(opened)) in [(200, {409}), (409, {201})], outcomes


def prescription(server, number):
    """Prescribe thirty tablets; give the id."""
    said = requests.post(
        f"{server.sop}/resep",
        json={
            "noResep": f"RSP-{number}",
            "asal": "kunjungan",
            "pasien": PATIENT["id"],
            "peresep": "dokter-1",
            "waktu": "2024-05-08T09:00:00+07:00",
            "item": [{"obat": OBAT, "nama": "Fe", "signa": "1x1", "jumlah": 30}],
        },
        timeout=120,
    )
    assert said.status_code == 201, said.text
    return said.json()["id"]


def handed_over(server, resep, amount, together):
    """Hand tablets over at the moment of the others; give the status."""
    form = {
        "resep": resep,
        "pasien": PATIENT["id"],
        "obat": OBAT,
        "nama": "Fe",
        "jumlah": amount,
        "petugas": "apoteker-1",
        "diserahkan": "2024-05-08T09:12:00+07:00",
        "status": "selesai",
    }
    together.wait()
    return requests.post(f"{server.sop}/penyerahan-obat", json=form, timeout=120).status_code


@pytest.mark.parametrize(
    ("amount", "passed", "ends"), [(20, 1, "active"), (15, 2, "completed"), (30, 1, "completed")]
)
def test_obat_resep_pharmacists_at_one_instant(server, amount, passed, ends):
    requests.put(f"{server.fhir}/Patient/{PATIENT['id']}", json=PATIENT, timeout=120)
    resep, together = prescription(server, amount), Barrier(4)

    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(handed_over, server, resep, amount, together) for _ in range(4)]
        statuses = sorted(each.result() for each in tries)

    assert statuses == [201] * passed + [422] * (4 - passed)
    drug = requests.get(f"{server.fhir}/MedicationRequest/{resep}", timeout=120).json()
    assert drug["status"] == ends
