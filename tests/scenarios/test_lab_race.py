"""BR-B6 between two server processes: they share nothing but the database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import requests

from fhir_server.mappings.codes import code_system
from tests.support.server import running

AMB = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
SLIP = {"coding": [{"system": code_system("jenis-tugas"), "code": "pengantar-lab"}]}


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


def test_a_visit_is_finished_or_has_slips_never_both(tmp_path):
    with running(tmp_path, {"FHIR_WORKERS": "2"}) as server:
        outcomes = [race(server.fhir, number) for number in range(8)]

    for finished, *opened in outcomes:
        assert (finished, set(opened)) in [(200, {409}), (409, {201})], outcomes
