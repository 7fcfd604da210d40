"""Requests as the API description allows them, and as it forbids them, made by schemathesis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemathesis
import yaml
from hypothesis import strategies as st
from schemathesis import GenerationMode

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

DESCRIPTION = Path(__file__).parents[2] / "openapi.yaml"
KEPT = ("/fhir/Patient", "/fhir/{type}", "/fhir/Observation", "/sop/v1/pasien")
HERE = "http://localhost"
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def cases(*modes: GenerationMode) -> SearchStrategy[schemathesis.Case]:
    """Give requests to every kind of path; NEGATIVE ones break the description on purpose."""
    loaded = yaml.load(DESCRIPTION.read_text("utf-8"), yaml.CSafeLoader)
    schema = schemathesis.openapi.from_dict(_paths(loaded))
    found = [each.ok() for each in schema.get_all_operations()]
    return st.one_of([each.as_strategy(generation_mode=m) for each in found for m in modes])


def _paths(description: dict[str, Any]) -> dict[str, Any]:
    """Keep one type of those that have paths of their own; the others differ by name alone."""
    chosen = {
        path: item
        for path, item in description["paths"].items()
        if path.startswith(KEPT) or path.count("/") <= 2
    }
    return {**description, "paths": chosen}


def written(case: schemathesis.Case) -> dict[str, Any]:
    """Give the request as the test client of Flask takes it."""
    sent = case.as_transport_kwargs(base_url=HERE)
    return {
        "path": sent["url"].removeprefix(HERE),
        "method": sent["method"],
        "query_string": sent.get("params"),
        "headers": dict(sent.get("headers") or {}),
        **_body(sent),
    }


def _body(sent: dict[str, Any]) -> dict[str, Any]:
    if "json" in sent:
        return {"json": sent["json"]}
    return {"data": sent["data"]} if sent.get("data") is not None else {}
