"""Issues as an OperationOutcome, for a response and for a Bundle entry alike.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.errors import Issue
    from fhir_server.resources.wire import Document


def outcome(issues: Iterable[Issue], language: str | None = None) -> Document:
    """Build an OperationOutcome; ``language="id"`` prefers the Indonesian wording."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [_issue(issue, language) for issue in issues],
    }


def _issue(issue: Issue, language: str | None) -> dict[str, Any]:
    says = (language == "id" and issue.indonesian) or issue.diagnostics
    element: dict[str, Any] = {"severity": issue.severity, "code": issue.code}
    if issue.rule is not None:
        element["details"] = {"coding": [{"code": issue.rule}], "text": says}
    element["diagnostics"] = says
    if issue.expression is not None:
        element["expression"] = [issue.expression]
    return element
