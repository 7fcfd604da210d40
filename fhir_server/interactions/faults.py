"""A bug, met while answering: what the log keeps of it, and what the client is told."""

from __future__ import annotations

import structlog

from fhir_server.errors import Issue

log = structlog.get_logger(__name__)


def report(error: Exception, number: str) -> Issue:
    """Log where it happened under this number, and say no more than the number."""
    log.error("bug", request_id=number, error=type(error).__name__, trace=_places(error))
    return Issue(
        "exception",
        f"This is a fault of the server, not of the request. Its id in the log is {number}.",
        severity="fatal",
        indonesian=f"Ini kesalahan server, bukan permintaan Anda. Nomornya di log: {number}.",
    )


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
