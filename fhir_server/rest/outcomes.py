"""Any failure as an OperationOutcome response. The only error handler there is.

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from fhir_server.errors import FhirError, Issue
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump
from fhir_server.rest.negotiation import FHIR_JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger(__name__)

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
        allow = ", ".join(getattr(error, "allow", ()))
        return (
            Answer(answer.status, answer.body, {**answer.headers, "Allow": allow})
            if allow
            else answer
        )
    if isinstance(error, HTTPException):
        return _answer_http(error, language)
    log.error("bug", request_id=request_id, error=type(error).__name__, trace=_places(error))
    issue = Issue(
        "exception",
        f"This is a fault of the server, not of the request. Its id in the log is {request_id}.",
        severity="fatal",
        indonesian=f"Ini kesalahan server, bukan permintaan Anda. Nomornya di log: {request_id}.",
    )
    return _answer(500, (issue,), language)


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


def _places(error: BaseException) -> list[str]:
    """Where it happened, without the messages: those may quote a patient."""
    places: list[str] = []
    for each in _chain(error):
        places.append(type(each).__name__)
        trace = each.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_qualname}")
            trace = trace.tb_next
    return places


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain
