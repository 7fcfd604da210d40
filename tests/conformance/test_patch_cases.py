"""HL7's cases of FHIRPath Patch, and the cases of JSON Patch.

https://github.com/FHIR/fhir-test-cases
"""

import json
import re

import pytest

from fhir_server.errors import BadRequest, Invalid
from fhir_server.resources.patch import patched
from tests.conformance.shared import SHARED

CASES = SHARED / "r4" / "cases"


def cases(name):
    path = CASES / name
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def comparable(document):
    """White space of a narrative does not count: the cases were XML."""
    text = json.dumps(document, sort_keys=True)
    return re.sub(r"(\\[rn]|\s)+", "", text)


FHIRPATH = cases("fhirpath-patch-cases.json")
JSON = cases("json-patch-tests.json")


@pytest.mark.skipif(not FHIRPATH, reason=f"no fhirpath-patch-cases.json in {CASES}")
def test_every_case_of_fhirpath_patch_passes():
    passed = 0
    for case in FHIRPATH:
        raw, patch = json.dumps(case["input"]).encode(), json.dumps(case["diff"]).encode()
        if case.get("error"):
            with pytest.raises(Invalid):
                patched(raw, patch)
        else:
            found = json.loads(patched(raw, patch))
            assert comparable(found) == comparable(case["output"]), case["name"]
        passed += 1

    assert passed == 33


@pytest.mark.skipif(not JSON, reason=f"no json-patch-tests.json in {CASES}")
@pytest.mark.parametrize("case", JSON, ids=lambda case: case.get("comment", "")[:40])
def test_every_case_of_json_patch_passes(case):
    raw, patch = json.dumps(case["doc"]).encode(), json.dumps(case["patch"]).encode()
    if "error" in case:
        with pytest.raises((BadRequest, Invalid)):
            patched(raw, patch)
    else:
        assert json.loads(patched(raw, patch)) == case.get("expected", case["doc"])
