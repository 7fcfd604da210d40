"""Whatever the description allows, and much it does not: never a 5xx, always a JSON answer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fhir_server.access.registry import write
from fhir_server.app import create_app
from fhir_server.auth.clients import Client, digest_of
from tests.support.described import POSITIVE, cases, written

SENT, SIGNED = 400, 80
STATUSES_OF_BUGS = range(500, 600)


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
    seen = Counter()

    @seed(20240402)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(POSITIVE))
    def ask(case):
        sent = written(case)
        said = client.open(**{**sent, "headers": {**sent["headers"], **signed}})
        assert said.status_code not in STATUSES_OF_BUGS, f"{sent}\n{said.text}"
        described = case.operation.definition.raw["responses"]
        refused = said.status_code in {401, 403}
        assert not refused or str(said.status_code) in described, f"{sent}\n{said.text}"
        seen[said.status_code] += 1

    ask()

    assert not seen[401]  # a good token, or none that is asked for
    assert bool(seen[403]) or scope != "system/Observation.rs"
