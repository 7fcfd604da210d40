"""Whatever the description allows, and much it does not: never a 5xx, always a JSON answer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth.clients import Client, digest_of

DESCRIPTION = Path(__file__).parents[2] / "openapi.yaml"
SENT, SIGNED = 400, 80
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


@pytest.fixture
def token(context):
    """Register a client and give the header of its token, None for nobody."""
    client = create_app(context).test_client()

    def get(scope):
        if scope is None:
            return {}
        secret = "a-secret-of-the-tests"  # noqa: S105
        made = Client("app", frozenset({scope}), datetime.now(UTC), digest=digest_of(secret))
        context.store.clients.add(write(made))
        form = {"grant_type": "client_credentials"}
        said = client.post("/oauth2/token", data=form, auth=("app", secret))
        return {"Authorization": f"Bearer {said.json['access_token']}"}

    return get


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scope", "number"),
    [(None, SENT), ("system/*.cruds", SIGNED), ("system/Observation.rs", SIGNED)],
    ids=["nobody", "everything", "a narrow scope"],
)
def test_no_request_ends_in_a_bug(context, token, scope, number):
    client = create_app(context).test_client()
    signed = token(scope)
    schema = schemathesis.openapi.from_dict(paths(yaml.safe_load(DESCRIPTION.read_text("utf-8"))))
    cases = st.one_of([each.ok().as_strategy() for each in schema.get_all_operations()])
    seen = Counter()

    @seed(20240402)
    @settings(
        max_examples=number,
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
            headers={**dict(sent.get("headers") or {}), **signed},
            **body(sent),
        )
        assert said.status_code not in STATUSES_OF_BUGS, f"{sent}\n{said.text}"
        described = case.operation.definition.raw["responses"]
        refused = said.status_code in {401, 403}
        assert not refused or str(said.status_code) in described, f"{sent}\n{said.text}"
        seen[said.status_code] += 1

    ask()

    assert not seen[401]  # a good token, or none that is asked for
    assert bool(seen[403]) or scope != "system/Observation.rs"


def body(sent):
    if "json" in sent:
        return {"json": sent["json"]}
    return {"data": sent["data"]} if sent.get("data") is not None else {}
