"""A whole Context over the real store, for tests above the store."""

from __future__ import annotations

import pytest
from mongoengine import connection


@pytest.fixture
def context(settings, mongodb_uri):
    """Everything an interaction may touch, on a database of this test's own."""
    from fhir_server.app import build_context  # noqa: PLC0415 - the parts, only where asked for

    built = build_context(settings, mongodb_uri)
    yield built
    built.store.close()
    connection.disconnect_all()
