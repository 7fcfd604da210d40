"""What an answer of SATUSEHAT means, whichever of its five bodies it has.

An OperationOutcome (message in ``details.text``, not in ``diagnostics``), Apigee's ``fault``, a
body with ``ErrorCode``, HTML or text of a gateway, an empty one. Echoed clinical words decide
nothing: numbers, codes and the status do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

RULE: Final = re.compile(r"\(Rule ?Number: ?(\d+)\)")
PERSONAL: Final = re.compile(r"\d{9,}")
LONGEST: Final = 400
ACTIVE_EPISODE: Final = "found duplicated EpisodeOfCare Type"


class Kind(Enum):
    """What to do about an answer."""

    DONE = "done"
    DUPLICATE = "duplicate"
    ACTIVE_EPISODE = "active-episode"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    EXPIRED = "expired"
    UNAUTHORIZED = "unauthorized"
    THROTTLED = "throttled"
    OUTAGE = "outage"


@dataclass(frozen=True)
class Said:
    """An answer as it came; ``status`` 0: no answer came, and ``text`` says what broke."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Give the body as JSON, or nothing if it is none."""
        try:
            found = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means; ``reason`` is fit to be stored: long numbers are taken out of it."""

    kind: Kind
    reason: str = ""
    rule: str = ""


def meaning(said: Said) -> Meaning:
    """Read an answer."""
    if 0 < said.status < 300:
        return Meaning(Kind.DONE)
    document = said.document
    issues = _issues(document)
    rules = [found[1] for each in issues if (found := RULE.search(_text(each)))]
    words = "; ".join(filter(None, (_words(each) for each in issues)))
    reason = told(f"HTTP {said.status}: {words or _gateway(document) or _plain(said)}", said)
    kind = _kind(said, document, issues, rules)
    return Meaning(kind, reason, rules[0] if rules else "")


def told(words: str, said: Said) -> str:
    """Write the reason with SATUSEHAT's number of the request, and without numbers of people."""
    number = said.headers.get("x-request-id", "")
    clean = PERSONAL.sub("…", words)[:LONGEST]
    return f"{clean} [x-request-id {number}]" if number else clean


def _kind(said: Said, document: dict[str, Any], issues: list[Any], rules: list[str]) -> Kind:
    codes = {str(each.get("code")) for each in issues}
    if said.status == 0 or said.status >= 500:
        return Kind.OUTAGE
    if said.status == 401 or "ErrorCode" in document:
        return _login(document)
    if said.status == 429 or "throttled" in codes:
        return Kind.THROTTLED
    if any(ACTIVE_EPISODE in _text(each) for each in issues):
        return Kind.ACTIVE_EPISODE
    if "20002" in rules or "duplicate" in codes:
        return Kind.DUPLICATE
    return _refusal(said, document, codes)


def _login(document: dict[str, Any]) -> Kind:
    code = str(_inside(_inside(document, "fault"), "detail").get("errorcode", ""))
    return Kind.EXPIRED if "AccessToken" in code or not document else Kind.UNAUTHORIZED


def _refusal(said: Said, document: dict[str, Any], codes: set[Any]) -> Kind:
    if said.status == 404:
        return Kind.ABSENT if document else Kind.OUTAGE
    if said.status == 403 and not document:  # a gateway's page, not the platform
        return Kind.OUTAGE
    if said.status == 403 or "forbidden" in codes:
        return Kind.FORBIDDEN
    return Kind.REFUSED if document or said.status in {400, 422} else Kind.OUTAGE


def _issues(document: dict[str, Any]) -> list[dict[str, Any]]:
    if document.get("resourceType") != "OperationOutcome":
        return []
    found = document.get("issue")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _inside(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _text(issue: dict[str, Any]) -> str:
    return str(_inside(issue, "details").get("text", ""))


def _words(issue: dict[str, Any]) -> str:
    places = issue.get("expression") or issue.get("location")
    at = ", ".join(map(str, places)) if isinstance(places, list) else ""
    said = " - ".join(filter(None, (_text(issue), str(issue.get("diagnostics", "")))))
    return f"{at}: {said}" if at else said or str(issue.get("code", ""))


def _gateway(document: dict[str, Any]) -> str:
    fault = document.get("fault")
    if isinstance(fault, dict):
        return str(fault.get("faultstring", ""))
    return str(document.get("Error", ""))


def _plain(said: Said) -> str:
    return re.sub(r"<[^>]*>", " ", said.text).strip() or "no body"
