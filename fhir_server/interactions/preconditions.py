"""If-Match, If-None-Match, If-Modified-Since.

https://hl7.org/fhir/R4/http.html#concurrency and https://hl7.org/fhir/R4/http.html#cread
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest
from fhir_server.interactions.answers import etag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fhir_server.store.ops import Stored

_WEAK = re.compile(r'W/"([1-9][0-9]{0,17})"')


def if_match(headers: Mapping[str, str], name: str = "If-Match") -> int | None:
    """Read the version a write expects to replace; anything but one ``W/"3"`` is refused."""
    given = headers.get("if-match")
    if given is None:
        return None
    found = _WEAK.fullmatch(given.strip())
    if found is None:
        raise BadRequest(f'{name}: {given!r} is not the ETag of a version, such as W/"3".')
    return int(found[1])


def is_unchanged(headers: Mapping[str, str], stored: Stored) -> bool:
    """Say whether the client already has this version; If-None-Match goes before the date."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return _names(tags, etag(stored.version))
    since = headers.get("if-modified-since")
    return since is not None and _not_after(stored.moment, since)


def _names(tags: str, tag: str) -> bool:
    weak = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in (weak, "*") for each in tags.split(","))


def _not_after(moment: datetime, since: str) -> bool:
    try:
        return moment.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # RFC 9110: a date that cannot be read counts as none
        return False
