import json

import pytest
from structlog.testing import capture_logs
from werkzeug.exceptions import MethodNotAllowed as HttpMethodNotAllowed
from werkzeug.exceptions import default_exceptions

from fhir_server import errors
from fhir_server.errors import (
    Invalid,
    Issue,
    MethodNotAllowed,
    NotFound,
    RuleBroken,
    TooManyRequests,
    Unavailable,
)
from fhir_server.rest import outcomes

FAILURES = [
    e
    for e in vars(errors).values()
    if isinstance(e, type)
    and issubclass(e, errors.FhirError)
    and e not in {Invalid, MethodNotAllowed}
]


def body_of(error, language=""):
    return json.loads(outcomes.failure(error, language, "r-1").body)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.__name__)
def test_every_failure_has_its_status_and_code(failure):
    answer = outcomes.failure(failure("It is so."), "", "r-1")

    issue = json.loads(answer.body)["issue"][0]
    assert (answer.status, issue["code"], issue["diagnostics"]) == (
        failure.status,
        failure.code,
        "It is so.",
    )


def test_all_issues_are_told():
    error = Invalid([Issue("required", "no name", "Patient.name"), Issue("value", "bad date")])

    issues = body_of(error)["issue"]

    assert [i["diagnostics"] for i in issues] == ["no name", "bad date"]
    assert issues[0]["expression"] == ["Patient.name"]


def test_indonesian_is_spoken_to_who_asks_for_it():
    error = RuleBroken("The lab slip is open.", indonesian="Slip lab masih terbuka.", rule="BR-B6")

    issue = body_of(error, "id-ID,en;q=0.5")["issue"][0]

    assert issue["diagnostics"] == "Slip lab masih terbuka."
    assert issue["details"]["coding"][0]["code"] == "BR-B6"


@pytest.mark.parametrize("language", ["", "en", "en,id;q=0.5", "de, id"])
def test_english_is_spoken_to_others(language):
    error = NotFound("There is none.", indonesian="Tidak ada.")

    assert body_of(error, language)["issue"][0]["diagnostics"] == "There is none."


@pytest.mark.parametrize("error", [Unavailable("later"), TooManyRequests("slower")])
def test_who_should_come_again_is_told_when(error):
    assert int(outcomes.failure(error, "", "r-1").headers["Retry-After"]) > 0


def test_a_bug_tells_its_id_and_nothing_else():
    with capture_logs() as log:
        answer = outcomes.failure(KeyError("Siti Aminah"), "", "r-77")

    assert answer.status == 500
    assert b"r-77" in answer.body
    assert b"Siti" not in answer.body
    assert b"KeyError" not in answer.body
    assert log[0]["request_id"] == "r-77"


def test_the_log_of_a_bug_says_where_but_not_whose():
    def breaks():
        raise ValueError("NIK 3201011708940001")

    with capture_logs() as log:
        try:
            breaks()
        except ValueError as error:
            outcomes.failure(error, "", "r-1")

    assert "breaks" in str(log)
    assert "3201011708940001" not in str(log)


def test_a_wrong_method_is_told_the_right_ones():
    answer = outcomes.failure(MethodNotAllowed("No PATCH here.", ["GET", "PUT"]), "", "r-1")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, PUT")


def test_what_flask_refuses_is_an_outcome_with_its_headers():
    answer = outcomes.failure(HttpMethodNotAllowed(["GET", "HEAD"]), "", "r-1")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert json.loads(answer.body)["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize("status", [400, 404, 413, 418, 500, 503])
def test_any_http_error_is_an_outcome(status):
    answer = outcomes.failure(default_exceptions[status](), "", "r-1")

    assert answer.status == status
    assert json.loads(answer.body)["resourceType"] == "OperationOutcome"
