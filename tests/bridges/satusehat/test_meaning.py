"""Each of SATUSEHAT's five bodies is read for what it is."""

import json

import pytest

from fhir_server.bridges.satusehat.meaning import Kind, Said, meaning
from tools.satusehat_simulator import outcomes


def said(answer, **headers):
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    return Said(answer.status, text, headers)


def refusal(status, code, words, **more):
    return said(outcomes.outcome(status, outcomes.Issue(code, words, **more)))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(outcomes.INVALID_CLIENT), Kind.UNAUTHORIZED),
        (said(outcomes.INVALID_TOKEN), Kind.EXPIRED),
        (said(outcomes.NO_PRODUCT), Kind.UNAUTHORIZED),
        (said(outcomes.QUOTA), Kind.THROTTLED),
        (said(outcomes.THROTTLED), Kind.THROTTLED),
        (said(outcomes.FORBIDDEN_PAGE), Kind.OUTAGE),
        (said(outcomes.HTML_PAGE), Kind.OUTAGE),
        (said(outcomes.NO_UPSTREAM), Kind.OUTAGE),
        (said(outcomes.CONNECT_ERROR), Kind.OUTAGE),
        (said(outcomes.GATEWAY_TIMEOUT), Kind.OUTAGE),
        (said(outcomes.BROKEN), Kind.OUTAGE),
        (said(outcomes.EMPTY), Kind.OUTAGE),
        (said(outcomes.absent("Condition/1")), Kind.ABSENT),
        (said(outcomes.duplicate("Encounter")), Kind.DUPLICATE),
        (refusal(400, "duplicate", "Found duplicate resource: Encounter"), Kind.DUPLICATE),
        (said(outcomes.NO_CONSENT), Kind.FORBIDDEN),
        (said(outcomes.CLOSED), Kind.FORBIDDEN),
        (Said(0, "no answer (ReadTimeout)"), Kind.OUTAGE),
        (Said(201, '{"resourceType": "Encounter", "id": "1"}'), Kind.DONE),
    ],
)
def test_every_body_is_read(answer, kind):
    assert meaning(answer).kind is kind


@pytest.mark.parametrize(
    "words",
    ["Reference is mandatory : x (RuleNumber: 10118)", "x (Rule Number: 10118)"],
)
def test_the_number_of_the_rule_is_taken_from_the_text(words):
    found = meaning(refusal(400, "value", words))

    assert (found.kind, found.rule) == (Kind.REFUSED, "10118")


def test_a_second_active_episode_is_told_from_a_wrong_type():
    words = "found duplicated EpisodeOfCare Type with status active."

    assert meaning(refusal(400, "duplicate", words, rule=10110)).kind is Kind.ACTIVE_EPISODE
    assert (
        meaning(refusal(400, "value", "Invalid coding system: x", rule=10110)).kind is Kind.REFUSED
    )


def test_what_clinical_words_say_decides_nothing():
    words = "Code not found: 'duplicate kidney, consent refused' in system: http://loinc.org"

    assert meaning(refusal(400, "value", words)).kind is Kind.REFUSED


def test_a_reason_names_the_element_and_the_request_but_no_long_number():
    issue = outcomes.Issue("value", "Identifier value not found: 9902011505990001", "Patient.id")
    answer = said(outcomes.outcome(400, issue), **{"x-request-id": "abc-1"})

    reason = meaning(answer).reason

    assert "Patient.id" in reason
    assert "abc-1" in reason
    assert "9902011505990001" not in reason
