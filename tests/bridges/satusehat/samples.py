"""The request samples of SATUSEHAT, which lie beside the repository and not in it."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache

import pytest

from tests.conformance.shared import SHARED

MODULES = ("rawat-jalan", "anc", "pnc", "imunisasi")
FOLDER = SHARED / "satusehat-samples"


def names(module):
    """Name the request samples of a module; empty where they are absent."""
    folder = FOLDER / module
    return sorted(f"{module}/{path.name[:3]}" for path in folder.glob("*.request.json"))


@cache
def sample(name):
    """Give a request sample by module and number (`anc/031`); skip the test where it is absent."""
    module, number = name.split("/")
    found = sorted((FOLDER / module).glob(f"{number}_*.request.json"))
    if not found:
        pytest.skip(f"{name} is not in {FOLDER}; FHIR_SHARED names the folder that has it")
    return json.loads(found[0].read_text("utf-8"), parse_float=Decimal)


def at(pointer):
    """Give a value that a sample states: `anc/031 valueQuantity.value`."""
    name, _, path = pointer.partition(" ")
    value = sample(name)
    for step in path.split("."):
        value = value[int(step)] if step.isdecimal() else value[step]
    return value
