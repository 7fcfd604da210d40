"""What an interaction is asked and what it answers: HTTP's words, without HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Request(Struct, frozen=True):
    """One request below the FHIR base.

    ``path`` has no leading slash (``Patient/1/_history``), ``query`` is the raw query string,
    header names are lower-case, ``body`` is JSON (``rest/`` has read other formats).
    ``base`` is the public FHIR base without trailing slash, for links and Location.
    """

    method: str
    path: str
    base: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Answer(Struct, frozen=True):
    """Status, JSON body (empty: none) and headers, names as they are sent (``ETag``).

    ``parts`` is a body sent piece by piece as it is made; its headers are those given here.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Iterable[bytes] | None = None
