"""What granian hands over is answered, whatever it is."""

import json
from types import SimpleNamespace

import pytest

from fhir_server.app import create_app
from fhir_server.rest.intake import Intake


class Answers:
    """Stands for granian's side of a request, and keeps what it is told."""

    def __init__(self):
        self.given = []

    def response_bytes(self, *given):
        self.given.append(given)


@pytest.mark.parametrize("scope", [None, SimpleNamespace(path="/fhir/Patient/a")])
def test_a_request_that_cannot_be_understood_is_answered_and_raises_nothing(context, scope):
    answers = Answers()

    Intake(create_app(context), context.settings)(SimpleNamespace(proto=answers, scope=scope))

    ((status, _, body),) = answers.given
    assert status == 500
    assert json.loads(body)["resourceType"] == "OperationOutcome"
