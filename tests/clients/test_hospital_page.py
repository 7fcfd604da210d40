"""docs/exchange/hospital.md does what it says: from the registration to the back-referral."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.server import running

PAGE = (Path(__file__).parents[2] / "docs" / "exchange" / "hospital.md").read_text("utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TIMEOUT = 60
PASIEN = {
    "faskes": "pkm-todanan",
    "noRM": "RM-000001",
    "nama": "Siti Uji",
    "tanggalLahir": "1990-01-01",
    "jenisKelamin": "female",
    "provinsi": "99",
    "kabupaten": "9901",
    "kecamatan": "990102",
    "desa": "9901022001",
}
SURAT = {
    "faskes": "pkm-todanan",
    "nomor": "RJ-2024-0412",
    "jenis": "medis",
    "prioritas": "darurat",
    "layanan": "gawat-darurat",
    "tujuan": "rs-a",
    "alasan": "Preeklampsia berat, mohon tata laksana",
    "diagnosis": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
    "kondisi": {"sistolik": 168, "diastolik": 112, "kesadaran": "compos-mentis"},
    "tindakanPra": ["MgSO4 4 g intravena"],
    "transport": "ambulans",
    "perujuk": "dokter-todanan",
    "waktu": "2024-08-20T19:42:00+07:00",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("hospital")) as server:
        yield server


@pytest.fixture(scope="module")
def referred(server):
    """The puskesmas has sent a referral, before anybody was registered."""
    for name in ("pkm-todanan", "rs-a"):
        put(server, {"resourceType": "Organization", "id": name, "name": name})
    for name, place in (("dokter-todanan", "pkm-todanan"), ("dokter-rs-a", "rs-a")):
        put(server, {"resourceType": "Practitioner", "id": name})
        who = {"practitioner": {"reference": f"Practitioner/{name}"}}
        where = {"organization": {"reference": f"Organization/{place}"}}
        put(server, {"resourceType": "PractitionerRole", "id": name, **who, **where})
    patient = made(server, "pasien", PASIEN)
    return made(server, "rujukan", {**SURAT, "pasien": patient})


def put(server, resource):
    url = f"{server.fhir}/{resource['resourceType']}/{resource['id']}"
    assert requests.put(url, json=resource, timeout=TIMEOUT).status_code == 201


def made(server, entity, document):
    said = requests.post(f"{server.sop}/{entity}", json=document, timeout=TIMEOUT)
    assert said.status_code == 201, said.text
    return said.json()["id"]


@pytest.mark.skipif(
    None in {shutil.which("curl"), shutil.which("jq")}, reason="curl or jq is not installed"
)
def test_every_step_of_the_page(server, referred, tmp_path):
    ours = f'fhir-server() {{ {shlex.join([sys.executable, "-m", "fhir_server.cli"])} "$@"; }}\n'
    steps = "".join(f"{block}\necho; echo '--8<--'\n" for block in SHELL)
    script = ours + steps.replace("http://127.0.0.1:8080", server.url) + 'echo "$TOKEN"\n'
    data = str(server.log.parent / "data")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "DATA": data, "PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    *outputs, token = done.stdout.split("--8<--")
    for block, output in zip(SHELL, outputs, strict=True):
        for promised in re.findall(r"^# → (.*)$", block, re.MULTILINE):
            assert promised in output, f"{block}\ngave\n{output}\n{done.stderr}"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(PYTHON, {"server": server.url, "token": token.strip()})  # noqa: S102 - the page's own
    assert "ServiceRequest completed" in printed.getvalue()
    assert referred
