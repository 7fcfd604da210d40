"""Keep a little data as this version writes it: tests/store/formats/<format>/data.backup.

    PYTHONPATH=. python tools/keep_format.py

Run once when the format of the data has a new number, and never again for it: what lies there is
what that version wrote. tests/store/test_formats.py opens all of it with the present server. The
people are invented; profiles and code systems are left out, for every start brings its own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from fhir_server import __version__
from fhir_server.app import build_context, create_app
from fhir_server.commands import demo, sealing
from fhir_server.config import Settings
from fhir_server.interactions.write import commit, prepare
from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.wire import dump
from fhir_server.store import backup
from fhir_server.store.embedded import Embedded
from fhir_server.store.formats import FORMAT

KEPT = Path("tests/store/formats")
NIK = "https://fhir.kemkes.go.id/id/nik"
VISIT = {
    "faskes": "pkm-dharma-rini",
    "noReg": "RG-20240402-001",
    "pasien": "p1",
    "kelas": "AMB",
    "unit": "umum-dewasa",
    "klaster": "klaster-3",
    "mulai": "2024-04-02T07:45:00+07:00",
    "status": "tiba",
    "caraBayar": "umum",
}


def patient(number: int, *, active: bool) -> dict[str, Any]:
    """Give an invented patient."""
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "active": active,
        "identifier": [{"system": NIK, "value": f"99010101010100{number:02}"}],
        "name": [{"family": "Aminah", "given": ["Siti", f"N{number}"]}],
        "birthDate": "1990-02-03",
        "gender": "female",
    }


def pressure(number: int) -> dict[str, Any]:
    """Give a blood pressure of the patient."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": f"Patient/p{number}"},
        "effectiveDateTime": "2024-05-06T07:08:09+07:00",
        "valueQuantity": {
            "value": 120.5,
            "unit": "mmHg",
            "system": "http://unitsofmeasure.org",
            "code": "mm[Hg]",
        },
    }


def write(client: Any) -> None:
    """Write five patients twice, a measurement each, and delete the last."""
    for number in range(5):
        for active in (True, False):
            answer = client.put(f"/fhir/Patient/p{number}", json=patient(number, active=active))
            expect(answer, 200 if not active else 201)
        expect(client.post("/fhir/Observation", json=pressure(number)), 201)
    expect(client.delete("/fhir/Patient/p4"), 204)
    expect(client.post("/sop/v1/kunjungan", json=VISIT), 201)


def expect(answer: Any, status: int) -> None:
    """End here if a write was refused."""
    if answer.status_code != status:
        sys.exit(answer.text)


def main() -> None:
    """Write the data and keep them."""
    target = KEPT / str(FORMAT) / "data.backup"
    if target.exists():
        sys.exit(f"{target} is there already; it stays as it is.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        with Embedded.start(settings) as embedded:
            context = build_context(settings, embedded.uri)
            profiles = load_profiles(settings.canonical)
            commit(context, [prepare(context, dump(each), each["id"]) for each in profiles])
            known = context.store.types()
            demo.load(context, first=True)
            write(create_app(context).test_client())
            context.store.close()
            with MongoClient[dict[str, Any]](embedded.uri) as client:
                for each in known:
                    client[settings.mongodb_database].drop_collection(each)
                    client[settings.mongodb_database].drop_collection(f"{each}.past")
            with sealing.sealed(target, []) as stream:
                backup.dump(embedded.uri, settings.mongodb_database, stream, __version__)
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
