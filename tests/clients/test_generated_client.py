"""A client that openapi-python-client generates from openapi.yaml: creates and reads by SOP API."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    made = subprocess.run(
        [
            str(Path(sys.executable).parent / "openapi-python-client"),
            "generate",
            "--path",
            str(ROOT / "openapi.yaml"),
            "--output-path",
            str(folder / "klien"),
            "--meta",
            "none",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    importlib.import_module("klien.client")
    yield importlib.import_module("klien")
    sys.path.remove(str(folder))


@pytest.fixture
def client(generated, server):
    with generated.client.Client(base_url=server.url) as client:
        yield client


def models(name):
    return importlib.import_module(f"klien.models.{name}")


def call(tag, operation, **arguments):
    return importlib.import_module(f"klien.api.{tag}.{operation}").sync(**arguments)


PASIEN = {
    "faskes": "pkm-dharma-rini",
    "noRM": "RM-1",
    "nik": "9902015405830015",
    "nama": "Endang Contoh",
    "tanggalLahir": "1983-05-14",
    "jenisKelamin": "female",
    "provinsi": "99",
    "kabupaten": "9902",
    "kecamatan": "990201",
    "desa": "9902012001",
}


def rujukan(pasien):
    return {
        "faskes": "pkm-dharma-rini",
        "nomor": "RJ-1",
        "pasien": pasien,
        "jenis": "medis",
        "prioritas": "segera",
        "layanan": "rawat-jalan",
        "tujuan": "rs-a",
        "alasan": "Bekas seksio sesarea",
        "diagnosis": [{"kode": "O34.2", "nama": "Bekas seksio sesarea"}],
        "perujuk": "dokter-umum",
        "waktu": "2026-11-20T09:00:00+07:00",
    }


def test_creates_and_reads_a_pasien(client):
    made = call(
        "pasien", "buat_pasien", client=client, body=models("pasien").Pasien.from_dict(PASIEN)
    )

    read = call("pasien", "baca_pasien", client=client, id=made.id)

    assert {name: read.to_dict()[name] for name in PASIEN} == PASIEN


def test_creates_and_reads_a_rujukan(client):
    another = PASIEN | {"nik": "9902015405830016", "noRM": "RM-2"}
    body = models("pasien").Pasien.from_dict(another)
    pasien = call("pasien", "buat_pasien", client=client, body=body)
    letter = rujukan(pasien.id)

    made = call(
        "rujukan", "buat_rujukan", client=client, body=models("rujukan").Rujukan.from_dict(letter)
    )
    read = call("rujukan", "baca_rujukan", client=client, id=made.id).to_dict()

    assert {name: read[name] for name in letter} == letter
    assert read["status"] == "dikirim"
