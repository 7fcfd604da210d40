"""A Binary as the content it carries: sent and read as it is, in its own media type.

Who names JSON or XML, in Content-Type, Accept or ``_format``, means the resource.

https://hl7.org/fhir/R4/binary.html#rest
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Any

import msgspec

from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/fhir/Binary"
UNKNOWN = "application/octet-stream"

_is_content = re.compile(rf"{PATH}/[A-Za-z0-9.-]+(/_history/\d+)?/?").fullmatch
_is_target = re.compile(rf"{PATH}(/[A-Za-z0-9.-]+)?/?").fullmatch
_is_media_type = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;[\x20-\x7e]*)?", re.ASCII).fullmatch


class _Binary(msgspec.Struct):
    contentType: str = UNKNOWN  # noqa: N815
    data: str = ""


_read = msgspec.json.Decoder(_Binary)


def is_content(environ: Mapping[str, Any]) -> bool:
    """Tell whether the request reads a Binary, by a path where content may be answered."""
    return environ["REQUEST_METHOD"] in {"GET", "HEAD"} and bool(_is_content(environ["PATH_INFO"]))


def is_target(environ: Mapping[str, Any]) -> bool:
    """Tell whether the body may be the content of a Binary."""
    given = _is_media_type(environ.get("CONTENT_TYPE", ""))
    target = _is_target(environ["PATH_INFO"])
    return environ["REQUEST_METHOD"] in {"POST", "PUT"} and bool(given) and bool(target)


def resource(environ: Mapping[str, Any], body: bytes) -> bytes:
    """Make the Binary whose content was sent."""
    document: dict[str, Any] = {"resourceType": "Binary"}
    resource_id = environ["PATH_INFO"].removeprefix(PATH).strip("/")
    if resource_id:
        document["id"] = resource_id
    document["contentType"] = environ["CONTENT_TYPE"]
    context = environ.get("HTTP_X_SECURITY_CONTEXT")
    if context:
        document["securityContext"] = {"reference": context}
    document["data"] = binascii.b2a_base64(body, newline=False).decode()
    return dump(document)


def content(given: Answer) -> Answer:
    """Answer with what a Binary carries; anything else stays as it is."""
    if given.status != 200 or not given.body:
        return given
    found = _read.decode(given.body)
    media_type = found.contentType if _is_media_type(found.contentType) else UNKNOWN
    headers = {**given.headers, "Content-Type": media_type}
    return Answer(given.status, binascii.a2b_base64(found.data), headers)
