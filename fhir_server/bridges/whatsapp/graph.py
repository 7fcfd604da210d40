"""The Graph API of WhatsApp: messages out, media in, and what its refusals mean.

It has no idempotency key: two requests are two messages. What does come back is
``biz_opaque_callback_data``, with every status of the message. So a failure says whether the
message surely did not go (``Refused``) or may have gone (``Unknown``).

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError
from urllib3.exceptions import NewConnectionError as NoConnectionError

from fhir_server.delivery.transport import expect_allowed, session_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.config import Settings

Document = dict[str, Any]
Cause = Literal["token", "rate", "later", "window", "person", "unwilling", "settings"]

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 30.0
LONGEST_ANSWER: Final = 1024 * 1024
CHUNK: Final = 64 * 1024
CAUSES: Final[Mapping[int, Cause]] = {
    **dict.fromkeys((0, 3, 10, 190, 368, 131005, 131031, 131042, 133010), "token"),
    **dict.fromkeys((4, 80007, 130429, 131048, 131056), "rate"),
    **dict.fromkeys((1, 2, 131000, 131016, 131057, 133004, 133015), "later"),
    131047: "window",
    **dict.fromkeys((130472, 131021, 131026, 131030, 131045, 131049), "person"),
    131050: "unwilling",
}
"""What a code means; every other one is a mistake in templates, settings or the request."""
PERMISSIONS: Final = range(200, 300)


class Refused(Exception):
    """The message surely did not go; ``code`` is the Graph API's, ``seconds`` when to try again."""

    def __init__(self, cause: Cause, code: int, seconds: float | None = None) -> None:
        super().__init__(f"{cause} ({code})")
        self.cause, self.code, self.seconds = cause, code, seconds


class Unknown(Exception):
    """Nobody knows whether it went: no answer came, or none of the Graph API."""


class TooLarge(Exception):
    """A file is larger than what is fetched."""


@dataclass(frozen=True, slots=True)
class Media:
    """Where a file can be fetched for some minutes, and what Meta says of it."""

    address: str
    media_type: str
    size: int


class Graph:
    """The Graph API with a clinic's token; safe for threads."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.whatsapp_graph.rstrip("/")
        self._number = settings.whatsapp_nomor
        self._headers = {"Authorization": f"Bearer {settings.whatsapp_token}"}

    def send(self, message: Document, token: str) -> str:
        """Send a message and give its number (wamid); ``token`` comes back with its statuses."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "biz_opaque_callback_data": token,
            **message,
        }
        answer = self._asked("POST", f"{self._address}/{self._number}/messages", json=body)
        number = _number(_json(answer))
        if answer.ok and number:
            return number
        raise _refusal(answer)

    def media(self, media_id: str) -> Media:
        """Ask where a file lies now."""
        answer = self._asked("GET", f"{self._address}/{media_id}", params=self._line())
        found = _json(answer)
        address, kind = found.get("url"), found.get("mime_type")
        if not answer.ok or not isinstance(address, str) or not isinstance(kind, str):
            raise _refusal(answer)
        size = found.get("file_size")
        sort = kind.partition(";")[0].strip().lower()
        return Media(address, sort, int(_digits(str(size)) or 0))

    def fetch(self, media: Media, most: int) -> bytes:
        """Fetch a file; TooLarge when it has more than ``most`` bytes, whatever was said before."""
        if media.size > most:
            raise TooLarge
        with self._opened(media.address) as answer:
            if not answer.ok:
                raise _refusal(answer)
            content = bytearray()
            try:
                for piece in answer.iter_content(CHUNK):
                    content += piece
                    if len(content) > most:
                        raise TooLarge
            except requests.RequestException as error:
                raise Unknown(type(error).__name__) from None
        return bytes(content)

    def _opened(self, address: str) -> requests.Response:
        """Begin to fetch a file; an answer may lead to Meta's hosts, and nowhere inside.

        What the operator named as the Graph API is trusted, wherever it lies (a simulator).
        """
        try:
            named = urlsplit(self._address)
            port = named.port or {"http": 80}.get(named.scheme, 443)
            trusted = expect_allowed(address, f"{named.hostname}:{port}")
            return session_to(trusted=trusted).get(
                address,
                headers=self._headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
                allow_redirects=False,
            )
        except ValueError:
            raise Refused("settings", 0) from None
        except requests.RequestException as error:
            raise Unknown(type(error).__name__) from None

    def _line(self) -> dict[str, str]:
        return {"phone_number_id": self._number} if self._number else {}

    def _asked(self, method: str, address: str, **more: Any) -> requests.Response:
        """Ask once, on a connection of its own: one that was kept may be closed as we write.

        What was never connected was surely not taken.
        """
        limits = (CONNECT_SECONDS, READ_SECONDS)
        try:
            return requests.request(
                method,
                address,
                headers=self._headers,
                timeout=limits,
                allow_redirects=False,
                **more,
            )
        except requests.RequestException as error:
            if _never_connected(error):
                raise Refused("later", 0) from None
            raise Unknown(type(error).__name__) from None


def cause_of(code: int) -> Cause:
    """Say what a code of the Graph API means for a message."""
    return "token" if code in PERMISSIONS else CAUSES.get(code, "settings")


def _refusal(answer: requests.Response) -> Refused | Unknown:
    """Read a refusal; the Graph API words them all alike, anything else may be somebody between."""
    error = _json(answer).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    after = answer.headers.get("Retry-After", "")
    seconds = float(_digits(after)) if _digits(after) else None
    if isinstance(code, int) and not isinstance(code, bool):
        cause = cause_of(code)
        busy = answer.status_code >= 500 and cause == "settings"
        return Refused("later" if busy else cause, code, seconds)
    if answer.status_code in {401, 403}:
        return Refused("token", answer.status_code)
    if answer.status_code == requests.codes.too_many_requests:
        return Refused("rate", answer.status_code, seconds)
    if 400 <= answer.status_code < 500 and answer.status_code != requests.codes.request_timeout:
        return Refused("settings", answer.status_code)
    return Unknown(f"HTTP {answer.status_code}")


def _number(answer: Document) -> str | None:
    messages = answer.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    number = first.get("id") if isinstance(first, dict) else None
    return number if isinstance(number, str) and number else None


def _digits(text: object) -> str:
    """Give a number that is written in few digits, or nothing."""
    return text if isinstance(text, str) and re.fullmatch("[0-9]{1,9}", text) else ""


def _json(answer: requests.Response) -> Document:
    if len(answer.content) > LONGEST_ANSWER:
        return {}
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, ConnectTimeoutError | NoConnectionError | NameResolutionError)
