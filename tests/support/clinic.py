"""A puskesmas at work: the SOP API and the FHIR API of one application."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

WILAYAH = {"provinsi": "99", "kabupaten": "9901", "kecamatan": "990102", "desa": "9901022001"}
UNSAID = ("id", "versi", "diubah", "peringatan")


class Clinic:
    """Posts documents, reads them, asks the FHIR API; a refusal is returned, not raised."""

    def __init__(self, client):
        self.client = client

    def post(self, entity, document, *, key=None):
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(f"/sop/v1/{entity}", json=document, headers=headers)

    def made(self, entity, document):
        """Post a document and give it as it was answered."""
        answer = self.post(entity, document)
        assert answer.status_code == 201, answer.text
        return answer.json

    def changed(self, entity, document, **fields):
        """Put a document back with some fields changed, and give it as it was answered."""
        answer = self.put(entity, document, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json

    def put(self, entity, document, **fields):
        whole = {name: value for name, value in {**document, **fields}.items() if value is not None}
        return self.client.put(f"/sop/v1/{entity}/{document['id']}", json=whole)

    def get(self, path, **query):
        return self.client.get(f"{path}?{urlencode(query)}" if query else path)

    def fhir(self, path):
        answer = self.client.get(f"/fhir/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def known(self, *names):
        """Let patients with these ids be there."""
        for each in names:
            person = {"resourceType": "Patient", "id": each, "name": [{"text": each}]}
            assert self.client.put(f"/fhir/Patient/{each}", json=person).status_code == 201

    def pasien(self, number, **fields):
        """Register an invented patient."""
        known = {
            "faskes": "pkm-dharma-rini",
            "noRM": f"RM-{number:06d}",
            "nama": f"Pasien {number}",
            "tanggalLahir": "1990-01-01",
            "jenisKelamin": "female",
            **WILAYAH,
        }
        return self.made("pasien", {**known, **fields})


@pytest.fixture
def clinic(context):
    """The application over a database of this test's own."""
    from fhir_server.app import create_app  # noqa: PLC0415 - the parts, only where asked for

    return Clinic(create_app(context).test_client())
