"""Every resource that an SOP path writes, read by Google's parser: protobuf, not our code."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from fhir_server.mappings import part_id
from fhir_server.sop.dokumen import tulis
from tests.mappings.test_mappings import CASES, resources_of

parser = pytest.importorskip("google.fhir.r4.json_format", reason="google-fhir-r4 is not here")
contained = pytest.importorskip(
    "google.fhir.r4.proto.core.resources.bundle_and_contained_resource_pb2",
    reason="google-fhir-r4 is not here",
)


def read(text):
    """Give what is left of a resource after it has been a protobuf message, validated."""
    message = parser.json_fhir_string_to_proto(text, contained.ContainedResource, validate=True)
    return parser.print_fhir_to_json_string(message)


def exact(text):
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_google_reads_it_and_loses_nothing(entity, case):
    _, _, written = resources_of(entity, case)
    sent = [
        tulis({**each, "id": part_id(case["id"], role)[:64]}).decode()
        for role, each in written.items()
    ]

    assert [exact(read(each)) for each in sent] == [exact(each) for each in sent]


@pytest.mark.parametrize(
    "wrong",
    [
        {"birthDate": "1986-02-31"},
        {"gender": "perempuan"},
        {"nama": "Siti"},
        {"telecom": [{"system": "surat"}]},
        {"link": [{"type": "refer"}]},
    ],
)
def test_google_does_refuse(wrong):
    with pytest.raises(Exception, match=r".") as refused:
        read(json.dumps({"resourceType": "Patient", **wrong}))

    assert refused.type.__name__ in {"InvalidFhirError", "ValueError"}
