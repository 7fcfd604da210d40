"""The refusals of the Graph API: status, code and words, in its shape.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

from typing import Any

TABLE: dict[int, tuple[int, str]] = {
    1: (500, "An unknown error occurred"),
    2: (503, "Service temporarily unavailable"),
    4: (400, "Application request limit reached"),
    100: (400, "Invalid parameter"),
    190: (401, "Access token has expired"),
    130429: (400, "Rate limit hit"),
    131000: (500, "Something went wrong"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (503, "Service unavailable"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131047: (400, "Re-engagement message"),
    131050: (400, "User has stopped marketing messages"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132012: (400, "Parameter format does not match format in the created template"),
}


class Refusal(Exception):
    """A refusal with a code of the table."""

    def __init__(self, code: int, details: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return TABLE[self.code][0]

    def body(self) -> dict[str, Any]:
        """Give the body as the Graph API words it."""
        title = TABLE[self.code][1]
        data = {"messaging_product": "whatsapp", "details": self.details or title}
        kind = "OAuthException" if self.code in {190, 100} else "GraphMethodException"
        error = {"message": f"(#{self.code}) {title}", "type": kind, "code": self.code}
        return {"error": {**error, "error_data": data, "fbtrace_id": "A-simulated-trace"}}


def of_status(code: int) -> list[dict[str, Any]]:
    """Give the errors of a status ``failed``."""
    title = TABLE[code][1]
    return [{"code": code, "title": title, "message": title, "error_data": {"details": title}}]
