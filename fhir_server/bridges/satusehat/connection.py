"""The connection to SATUSEHAT: what is asked, with a token, and what came back. Never raises."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.login import Answered, Login
from fhir_server.bridges.satusehat.meaning import Kind, Meaning, Said, meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.config import Settings

PATCH: Final = "application/json-patch+json"
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
COMMON: Final = {"Accept-Encoding": "gzip", "User-Agent": "fhir-server"}
CONNECT_SECONDS: Final = 10.0
NOT_SENT: Final = "not sent"


@dataclass(frozen=True, slots=True)
class Address:
    """Where SATUSEHAT is, and who we are there."""

    auth: str
    fhir: str
    client: str
    secret: str
    timeout: float
    pause: float

    def __repr__(self) -> str:
        """Leave the secret out."""
        return f"Address({self.fhir!r})"

    @classmethod
    def from_settings(cls, settings: Settings) -> Address:
        """Take the address from the operator's settings; one that is wrong raises ValueError."""
        host = settings.satusehat_url or c.HOSTS.get(settings.satusehat_environment, "")
        if not host:
            known = ", ".join(c.HOSTS)
            raise ValueError(
                f"FHIR_SATUSEHAT_ENVIRONMENT={settings.satusehat_environment!r} is none of {known}."
            )
        if not (settings.satusehat_client_id and settings.satusehat_client_secret):
            raise ValueError(
                "FHIR_SATUSEHAT_ORGANIZATION is set: FHIR_SATUSEHAT_CLIENT_ID and "
                "FHIR_SATUSEHAT_CLIENT_SECRET (or FHIR_SATUSEHAT_CLIENT_SECRET_FILE) must be, too."
            )
        return cls(
            auth=host.rstrip("/") + c.AUTH_PATH,
            fhir=host.rstrip("/") + c.FHIR_PATH,
            client=settings.satusehat_client_id,
            secret=settings.satusehat_client_secret,
            timeout=settings.satusehat_timeout,
            pause=settings.satusehat_pause,
        )


class Connection:
    """Requests with a token that is renewed when it is over; one pool for all threads."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._local = threading.local()
        self._proxies = get_environ_proxies(address.fhir)
        self._verify: bool | str = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self.login = Login(self._ask_token, outage=address.pause)

    @property
    def base(self) -> str:
        """Give SATUSEHAT's FHIR address."""
        return self._address.fhir

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        search: Sequence[tuple[str, str]] = (),
    ) -> Said:
        """Send one request; a token that turns out to be over is renewed once.

        Raises NoToken when there is none to be had.
        """
        token = self.login.token()
        said = self._send(method, path, body, search, token)
        if meaning(said).kind is not Kind.EXPIRED:
            return said
        self.login.expired(token)
        return self._send(method, path, body, search, self.login.token())

    def _send(
        self, method: str, path: str, body: Any, search: Sequence[tuple[str, str]], token: str
    ) -> Said:
        headers = {"Authorization": f"Bearer {token}", "Accept": JSON}
        if body is not None:
            headers["Content-Type"] = PATCH if method == "PATCH" else JSON
        data = None if body is None else orjson.dumps(body)
        url = f"{self._address.fhir}/{path}".rstrip("/")
        return self._said(method, f"{url}?{urlencode(search)}" if search else url, headers, data)

    def _ask_token(self) -> Answered:
        form = {"client_id": self._address.client, "client_secret": self._address.secret}
        said = self._said(
            "POST",
            f"{self._address.auth}/accesstoken?grant_type=client_credentials",
            {"Content-Type": FORM},
            urlencode(form).encode(),
        )
        found = meaning(said)
        if found.kind is Kind.DONE and said.document.get("access_token"):
            return Answered(said.document, None)
        if found.kind is Kind.DONE:
            found = Meaning(Kind.OUTAGE, "the login answered without a token")
        return Answered({}, found)

    def _said(
        self, method: str, url: str, headers: dict[str, str], data: bytes | None = None
    ) -> Said:
        timeout = (min(CONNECT_SECONDS, self._address.timeout), self._address.timeout)
        try:
            answer = self._adapter().send(
                _prepared(method, url, headers, data),
                timeout=timeout,
                verify=self._verify,
                proxies=self._proxies,
            )
            text = answer.content.decode("utf-8", "replace")
        except requests.ConnectTimeout:
            return Said(0, f"{NOT_SENT}: no connection in time")
        except requests.RequestException as error:
            return Said(0, _broken(error))
        return Said(answer.status_code, text, answer.headers)

    def _adapter(self) -> HTTPAdapter:
        """Give this thread's way there: its connection stays open between requests.

        Without a Session, which costs as much as the request itself: there are no cookies, no
        redirects and no ~/.netrc here.
        """
        found: HTTPAdapter | None = getattr(self._local, "adapter", None)
        if found is None:
            found = HTTPAdapter(pool_connections=2, pool_maxsize=2, max_retries=0)
            self._local.adapter = found
        return found


def _prepared(
    method: str, url: str, headers: dict[str, str], data: bytes | None
) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    request.method, request.url, request.body = method, url, data
    request.headers = CaseInsensitiveDict(COMMON | headers)
    if data is not None:
        request.headers["Content-Length"] = str(len(data))
    return request


def _broken(error: requests.RequestException) -> str:
    """Name what broke; the text of the exception has the address, and so a NIK, in it."""
    cause = type(getattr(error.args[0], "reason", error) if error.args else error).__name__
    refused = cause == "NewConnectionError"
    return f"{NOT_SENT}: connection refused" if refused else f"no answer ({cause})"
