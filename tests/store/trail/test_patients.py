"""Whom an answer names is read off its bytes."""

from __future__ import annotations

import orjson
import pytest

from fhir_server.store.trail.patients import named


@pytest.mark.parametrize(
    ("said", "patients"),
    [
        ({"reference": "Patient/siti"}, {"siti"}),
        ({"reference": "Patient/siti/_history/2"}, {"siti"}),
        ({"url": "https://clinic.example/fhir/Patient/siti?_format=json"}, {"siti"}),
        ({"reference": "https://clinic.example/fhir/Patient/9f.a-1#name"}, {"9f.a-1"}),
        ({"canonical": "https://clinic.example/fhir/Patient/siti|1"}, {"siti"}),
        ([{"reference": "Patient/siti"}, {"reference": "Patient/rina"}] * 20, {"siti", "rina"}),
        ({"fullUrl": "https://clinic.example/fhir/Patient/Patient"}, {"Patient"}),
        ({"text": "InPatient/ward, Patient/siti and others"}, set()),
        ({"reference": "RelatedPatient/siti"}, set()),
        ({"reference": f"Patient/{'a' * 65}"}, set()),
        ({"reference": "Patient/"}, set()),
    ],
)
def test_patients_are_named_by_references_and_addresses(said, patients):
    assert set(named(orjson.dumps(said))) == patients
