"""Any failure as an OperationOutcome response. The only error handler there is.

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from msgspec import structs
from werkzeug.exceptions import HTTPException

from fhir_server.errors import FhirError, Issue, TooManyRequests
from fhir_server.interactions.faults import report
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump
from fhir_server.rest.negotiation import FHIR_JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_AFTER_SECONDS = {429: "5", 503: "2"}

NOWHERE = Issue(
    "not-found",
    "There is nothing at this address. FHIR is below /fhir, the SOP API below /sop/v1, the "
    "description of both at /docs.",
    indonesian="Tidak ada apa-apa di alamat ini. FHIR di bawah /fhir, API SOP di bawah /sop/v1, "
    "penjelasan keduanya di /docs.",
)

_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    429: "throttled",
    503: "transient",
}


def register(app: Flask) -> None:
    """Answer every exception the views let through."""

    def handle(error: Exception) -> Response:
        answer = failure(error, request.headers.get("Accept-Language", ""), request_id(request))
        return Response(answer.body, answer.status, dict(answer.headers), content_type=FHIR_JSON)

    app.register_error_handler(Exception, handle)


def request_id(request: object) -> str:
    """Give the id this request has in the log."""
    environ: Mapping[str, str] = getattr(request, "environ", {})
    return environ.get("fhir_server.request_id", "-")


def failure(error: Exception, language: str, request_id: str) -> Answer:
    """Make the answer to any exception; a bug is logged and its trace kept from the client."""
    if isinstance(error, FhirError):
        answer = _answer(error.status, error.issues, language)
        if error.status == HTTPStatus.UNAUTHORIZED:
            answer = structs.replace(
                answer, headers={**answer.headers, "WWW-Authenticate": "Bearer"}
            )
        if isinstance(error, TooManyRequests):
            answer = structs.replace(
                answer, headers={**answer.headers, "Retry-After": str(error.wait)}
            )
        allow = ", ".join(getattr(error, "allow", ()))
        return (
            Answer(answer.status, answer.body, {**answer.headers, "Allow": allow})
            if allow
            else answer
        )
    if isinstance(error, HTTPException):
        return _answer_http(error, language)
    return _answer(500, (report(error, request_id),), language)


def _answer_http(error: HTTPException, language: str) -> Answer:
    status = error.code or 500
    issue = Issue(_CODES.get(status, "processing"), error.description or HTTPStatus(status).phrase)
    answer = _answer(status, (NOWHERE if status == HTTPStatus.NOT_FOUND else issue,), language)
    kept = {k: v for k, v in error.get_headers() if k in {"Allow", "Location", "Retry-After"}}
    return Answer(answer.status, answer.body, {**answer.headers, **kept})


def _answer(status: int, issues: tuple[Issue, ...], language: str) -> Answer:
    body = dump(outcome(issues, "id" if prefers_indonesian(language) else None))
    wait = RETRY_AFTER_SECONDS.get(status)
    return Answer(status, body, {"Retry-After": wait} if wait else {})


def prefers_indonesian(header: str) -> bool:
    """Tell whether ``Accept-Language`` puts Indonesian first."""
    return header.lower().lstrip().startswith(("id", "in"))
