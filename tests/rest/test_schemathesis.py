"""Whatever the description allows, and much it does not: never a 5xx, always a JSON answer."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fhir_server.app import create_app

DESCRIPTION = Path(__file__).parents[2] / "openapi.yaml"
SENT = 400
STATUSES_OF_BUGS = range(500, 600)


def paths(description):
    """Keep one type of those that have paths of their own; the others differ by name alone."""
    kept = ("/fhir/Patient", "/fhir/{type}", "/fhir/Observation", "/sop/v1/pasien")
    chosen = {
        path: item
        for path, item in description["paths"].items()
        if path.startswith(kept) or path.count("/") <= 2
    }
    return {**description, "paths": chosen}


@pytest.mark.slow
def test_no_request_ends_in_a_bug(context):
    client = create_app(context).test_client()
    schema = schemathesis.openapi.from_dict(paths(yaml.safe_load(DESCRIPTION.read_text("utf-8"))))
    cases = st.one_of([each.ok().as_strategy() for each in schema.get_all_operations()])

    @seed(20240402)
    @settings(
        max_examples=SENT,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def ask(case):
        sent = case.as_transport_kwargs(base_url="http://localhost")
        said = client.open(
            sent["url"].removeprefix("http://localhost"),
            method=sent["method"],
            query_string=sent.get("params"),
            headers=dict(sent.get("headers") or {}),
            **body(sent),
        )
        assert said.status_code not in STATUSES_OF_BUGS, f"{sent}\n{said.text}"

    ask()


def body(sent):
    if "json" in sent:
        return {"json": sent["json"]}
    return {"data": sent["data"]} if sent.get("data") is not None else {}
