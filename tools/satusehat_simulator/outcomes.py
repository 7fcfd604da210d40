"""How SATUSEHAT says no: an OperationOutcome, or one of the four other bodies of its gateways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

GENERATED = {"status": "generated"}
CONSENT = (
    "Operation cannot be performed due to business rules, consent or privacy rules, or access "
    "permission constraints."
)


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong; ``tail`` follows the rule number in the text."""

    code: str
    text: str
    expression: str = ""
    rule: int | None = None
    tail: str = ""
    diagnostics: str = ""
    severity: str = "error"

    def document(self) -> dict[str, Any]:
        """Write the issue as SATUSEHAT does."""
        number = f" (RuleNumber: {self.rule})" if self.rule else ""
        said: dict[str, Any] = {
            "severity": self.severity,
            "code": self.code,
            "details": {"text": f"{self.text}{number}{self.tail}"},
        }
        if self.expression:
            said["expression"] = [self.expression]
        if self.diagnostics:
            said["diagnostics"] = self.diagnostics
        return said


class Answer(NamedTuple):
    """A status with a body: a document, or text as a gateway writes it."""

    status: int
    body: Any
    content_type: str = "application/json"


class Refused(Exception):
    """A request is not done; ``answer`` says what is told instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def outcome(status: int, *issues: Issue) -> Answer:
    """Write an OperationOutcome, whose ``text`` has no ``div``."""
    return Answer(
        status,
        {
            "resourceType": "OperationOutcome",
            "text": GENERATED,
            "issue": [each.document() for each in issues],
        },
    )


def fault(status: int, words: str, code: str) -> Answer:
    """Write what Apigee answers."""
    return Answer(status, {"fault": {"faultstring": words, "detail": {"errorcode": code}}})


def duplicate(resource_type: str, at: str = "") -> Answer:
    """Say that there is such a resource, without its id."""
    words = f"Found duplicate: {resource_type}"
    return outcome(400, Issue("duplicate", words, at, rule=20002))


def absent(reference: str) -> Answer:
    """Say that nothing is there."""
    words = f"resource not found: {reference}"
    return outcome(404, Issue("no-store", "storage_error", diagnostics=words))


def unparseable(field: str, at: str) -> Issue:
    """Say that the store behind the gateway cannot read a resource."""
    words = f'missing required field "{field}"'
    return Issue("structure", "unparseable_resource", at, diagnostics=words)


INVALID_CLIENT = Answer(401, {"ErrorCode": "invalid_client", "Error": "ClientId is Invalid"})
INVALID_TOKEN = fault(401, "Invalid access token", "oauth.v2.InvalidAccessToken")
NO_PRODUCT = fault(
    401,
    "Invalid API call as no apiproduct match found",
    "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound",
)
QUOTA = fault(429, "Rate limit quota violation", "policies.ratelimit.QuotaViolation")
THROTTLED = outcome(429, Issue("throttled", "too many requests", severity="transient"))
FORBIDDEN_PAGE = Answer(
    403,
    '<!doctype html><meta charset="utf-8"><meta name=viewport content="width=device-width, '
    'initial-scale=1"><title>403</title>403 Forbidden',
    "text/html",
)
HTML_PAGE = Answer(
    502, "<html><head><title>502 Bad Gateway</title></head><body></body></html>", "text/html"
)
NO_UPSTREAM = Answer(503, "no healthy upstream", "text/plain")
CONNECT_ERROR = Answer(503, "upstream connect error", "text/plain")
GATEWAY_TIMEOUT = Answer(504, "Gateway Timeout", "text/plain")
BROKEN = outcome(500, Issue("exception", "internal server error"))
EMPTY = Answer(404, "", "text/plain")
NO_CONSENT = outcome(400, Issue("forbidden", CONSENT))
CLOSED = outcome(
    403, Issue("forbidden", "Operation cannot be performed due to consent or privacy rules")
)
