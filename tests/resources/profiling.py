"""Making small profiles, and what judging by them says."""

from __future__ import annotations

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles.judge import NONE, judge
from fhir_server.resources.profiles.library import Library

CORE = "http://hl7.org/fhir/StructureDefinition/"
BASE = "https://example.org/fhir/StructureDefinition/"


def element(name, **facets):
    """Write an element definition; its path is its id without slice names."""
    path = ".".join(part.partition(":")[0] for part in name.split("."))
    slice_name = name.rpartition(".")[2].partition(":")[2]
    made = {"id": name, "path": path, **facets}
    return made | {"sliceName": slice_name} if slice_name else made


def profile(name, *elements, kind=None, base=None, **more):
    """Write a StructureDefinition with a differential."""
    kind = kind or elements[0]["path"].partition(".")[0]
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "version": "1",
        "type": kind,
        "baseDefinition": base or CORE + kind,
        "derivation": "constraint",
        "differential": {"element": [element(kind), *elements]},
        **more,
    }


def sliced(name, path, kind="value", rules="open", **more):
    """Write an element that is sliced."""
    slicing = {"discriminator": [{"type": kind, "path": path}], "rules": rules, **more}
    return element(name, slicing=slicing)


def extension(name, kind="string", contexts=("Element",), **root):
    """Write a simple extension."""
    return profile(
        name,
        element("Extension", **root),
        element("Extension.url", fixedUri=BASE + name),
        element("Extension.value[x]", min=1, type=[{"code": kind}]),
        kind="Extension",
        context=[{"type": "element", "expression": each} for each in contexts],
    )


def library(*profiles):
    return Library(load_definitions(), profiles)


def issues(document, *profiles, hooks=NONE, informing=False):
    """Judge by the first profile; the others are known too."""
    return judge(library(*profiles), document, [profiles[0]["url"]], hooks, informing=informing)


def wrong(document, *profiles, hooks=NONE):
    """Give code and place of every error."""
    found = issues(document, *profiles, hooks=hooks)
    return [(each.code, each.expression) for each in found if each.severity == "error"]
