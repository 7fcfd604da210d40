"""A server with invented animals in it."""

import pytest

from tests.operations.terminology.invented import HEWAN, Asking


@pytest.fixture
def asking(fhir):
    """The server."""
    return Asking(fhir)


@pytest.fixture
def animals(fhir):
    """The server with invented animals in it."""
    fhir.kept("CodeSystem/hewan", HEWAN | {"id": "hewan"})
    return Asking(fhir)
