"""How long $validate against a profile takes, and loading a package; run by hand, not by pytest.

    PYTHONPATH=. python tests/performance/bench_profiles.py

On embedded databases of its own. Prints milliseconds of a whole $validate inside the server,
reading the request and writing the OperationOutcome included; and the seconds that
``fhir-server load-package`` takes for ten profiles, its own start included.
"""

import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from fhir_server.app import build_context
from fhir_server.config import Settings
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from fhir_server.store.embedded import Embedded
from tests.support.server import running

PROFILES = Path(__file__).parents[2] / "profiles" / "structuredefinition"
BASE = "https://puskesmas.example/fhir"
PROFILE = f"{BASE}/StructureDefinition/PasienPuskesmas"
OURS = BASE.encode()
PATIENT = {
    "resourceType": "Patient",
    "meta": {"profile": [PROFILE]},
    "identifier": [
        {
            "use": "official",
            "system": "https://fhir.kemkes.go.id/id/nik",
            "value": "9902015203860001",
        },
        {"system": f"{BASE}/sid/no-rm/pkm-todanan", "value": "RM-000117"},
    ],
    "active": True,
    "name": [{"use": "official", "text": "Siti Rahmawati"}],
    "telecom": [{"system": "phone", "value": "6280000000001", "use": "mobile"}],
    "gender": "female",
    "managingOrganization": {"reference": "Organization/pkm-todanan"},
    "birthDate": "1986-03-12",
    "address": [
        {
            "use": "home",
            "line": ["Dusun Krajan"],
            "country": "ID",
            "extension": [
                {
                    "url": "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode",
                    "extension": [
                        {"url": "province", "valueCode": "99"},
                        {"url": "city", "valueCode": "9902"},
                        {"url": "district", "valueCode": "990201"},
                        {"url": "village", "valueCode": "9902012001"},
                    ],
                }
            ],
        }
    ],
}


def package(folder):
    """Pack ten profiles under urls of another publisher."""
    path = Path(folder) / "ten.tgz"
    with tarfile.open(path, "w:gz") as packed:
        manifest = {"name": "bench.ten", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
        add(packed, "package/package.json", json.dumps(manifest).encode())
        for each in sorted(PROFILES.glob("[A-Z]*.json"))[:10]:
            text = each.read_bytes().replace(OURS, b"https://bench.example/fhir")
            text = json.dumps({**json.loads(text), "id": f"bench-{each.stem}"}).encode()
            add(packed, f"package/{each.name}", text)
    return path


def add(packed, name, content):
    """Add one file."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    packed.addfile(info, io.BytesIO(content))


def validation(folder):
    """Give the milliseconds of each of many $validate."""
    embedded = Embedded.start(Settings(data=Path(folder)))
    try:
        context = build_context(Settings(data=Path(folder)), embedded.uri)
        body = json.dumps(PATIENT).encode()
        asked = Request("POST", "Patient/$validate", "http://localhost/fhir", body=body)
        taken = []
        for _ in range(2000):
            started = time.perf_counter()
            said = answer(context, asked)
            taken.append((time.perf_counter() - started) * 1000)
        issues = json.loads(said.body)["issue"]
        assert not [each for each in issues if each["severity"] in {"fatal", "error"}], issues
        context.store.close()
        return sorted(taken[100:])
    finally:
        embedded.stop()


def loading(folder):
    """Give the seconds that a package of ten profiles takes to load into a running server."""
    with running(Path(folder)) as server:
        cli = [sys.executable, "-m", "fhir_server.cli", "load-package", "--url"]
        started = time.perf_counter()
        subprocess.run([*cli, f"{server.url}/fhir", package(folder)], check=True)
        return time.perf_counter() - started


def say(line):
    sys.stdout.write(line + "\n")


def main():
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        taken = validation(folder)
        median = statistics.median(taken)
        say(f"$validate of a Patient against its profile: {median:.3f} ms, best {taken[0]:.3f} ms")
    with tempfile.TemporaryDirectory() as folder:
        say(f"load-package, ten profiles: {loading(folder):.2f} s")


main()
