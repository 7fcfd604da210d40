"""Judging by our own profiles, value sets and code systems, without a store."""

from __future__ import annotations

from functools import cache

from fhir_server.config import CANONICAL
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles import load_profiles
from fhir_server.resources.profiles.judge import Hooks, judge
from fhir_server.resources.profiles.library import Library
from fhir_server.resources.terminology import Terminology, bundled


@cache
def loaded():
    """Every conformance resource by its canonical URL."""
    return {each["url"]: each for each in load_profiles() if "url" in each}


@cache
def library():
    """Our profiles."""
    structures = [e for e in loaded().values() if e["resourceType"] == "StructureDefinition"]
    return Library(load_definitions(), structures)


def faults(resource, url):
    """Say everything in which a resource does not surely meet a profile."""
    hooks = Hooks(member=Terminology(bundled(CANONICAL)).member)
    found = judge(library(), resource, [url], hooks, informing=False)
    return [f"{each.expression}: {each.diagnostics}" for each in found]
