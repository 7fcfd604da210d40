"""Every failure this server can answer with.

The class decides the status and the issue code, the instance says what went wrong:

* FhirError               500 exception
  - BadRequest            400 invalid
    - NotSupported        400 not-supported
  - Unauthenticated       401 login
  - Forbidden             403 forbidden
    - Hidden              403 forbidden
  - NotFound              404 not-found
  - MethodNotAllowed      405 not-supported
  - NotAcceptable         406 not-supported
  - TooSlow               408 timeout
  - Conflict              409 conflict
    - RuleBroken          409 business-rule
  - Gone                  410 deleted
  - PreconditionFailed    412 conflict
  - TooLarge              413 too-long
  - UnsupportedMediaType  415 not-supported
  - Invalid               422 processing
  - TooCostly             422 too-costly
  - PreconditionRequired  428 required
  - TooManyRequests       429 throttled
  - NotInstalled          501 not-supported
  - Unavailable           503 transient

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One OperationOutcome.issue.

    ``code`` is from http://hl7.org/fhir/issue-type, ``expression`` a FHIRPath such as
    ``Patient.name[0].given``, ``indonesian`` the same message for ``Accept-Language: id``,
    ``rule`` the SOP rule it comes from (``BR-B6``), or None.
    """

    code: str
    diagnostics: str
    expression: str | None = None
    severity: Severity = "error"
    indonesian: str | None = None
    rule: str | None = None


class FhirError(Exception):
    """A failure that has an OperationOutcome; ``op`` is the place of the write it is about."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"
    op: int | None = None

    def __init__(
        self,
        diagnostics: str,
        *,
        expression: str | None = None,
        indonesian: str | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(diagnostics)
        self.issues: tuple[Issue, ...] = (
            Issue(self.code, diagnostics, expression, indonesian=indonesian, rule=rule),
        )


class BadRequest(FhirError):
    """The request cannot be read."""

    status, code = 400, "invalid"


class NotSupported(BadRequest):
    """The request is FHIR, but not the part of FHIR this server speaks."""

    code = "not-supported"


class Unauthenticated(FhirError):
    """Nobody known is asking."""

    status, code = 401, "login"


class Forbidden(FhirError):
    """Who is asking may not."""

    status, code = 403, "forbidden"


class Hidden(Forbidden):
    """What is asked for by its id is out of reach, or is not there: which of both is not said."""


class NotFound(FhirError):
    """No such resource, type or route."""

    status, code = 404, "not-found"


class MethodNotAllowed(FhirError):
    """The URL exists, the method does not; ``allow`` has the methods that do."""

    status, code = 405, "not-supported"

    def __init__(self, diagnostics: str, allow: Iterable[str]) -> None:
        super().__init__(diagnostics)
        self.allow = tuple(allow)


class NotAcceptable(FhirError):
    """The client accepts no format this server writes."""

    status, code = 406, "not-supported"


class TooSlow(FhirError):
    """The request did not arrive whole in the time that is given to it."""

    status, code = 408, "timeout"


class Conflict(FhirError):
    """Somebody else wrote first, or the references would break."""

    status, code = 409, "conflict"


class RuleBroken(Conflict):
    """A rule of an SOP forbids the change in the present state."""

    code = "business-rule"


class Gone(FhirError):
    """The resource was here and was deleted."""

    status, code = 410, "deleted"


class PreconditionFailed(FhirError):
    """If-Match or If-None-Exist does not hold."""

    status, code = 412, "conflict"


class TooLarge(FhirError):
    """The body, or what it holds, passes a limit of this server."""

    status, code = 413, "too-long"


class UnsupportedMediaType(FhirError):
    """The body is in a format this server does not read."""

    status, code = 415, "not-supported"


class Invalid(FhirError):
    """The resource was read and breaks R4 or one of its profiles."""

    status, code = 422, "processing"

    def __init__(self, issues: Iterable[Issue]) -> None:
        Exception.__init__(self, "invalid resource")
        self.issues = tuple(issues)


class TooCostly(FhirError):
    """The answer would be larger, or take longer, than this server allows."""

    status, code = 422, "too-costly"


class PreconditionRequired(FhirError):
    """The change needs If-Match, and came without (RFC 6585 §3)."""

    status, code = 428, "required"


class TooManyRequests(FhirError):
    """The client asks more often than the operator allows; ``wait`` seconds and it may again."""

    status, code = 429, "throttled"

    def __init__(self, diagnostics: str, *, indonesian: str | None = None, wait: int = 5) -> None:
        super().__init__(diagnostics, indonesian=indonesian)
        self.wait = wait


class NotInstalled(FhirError):
    """The server could do this if a library of the system were installed."""

    status, code = 501, "not-supported"


class Unavailable(FhirError):
    """The database did not answer; the same request may work later."""

    status, code = 503, "transient"
