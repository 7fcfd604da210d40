"""What a value of each primitive type looks like, and how to say so.

``accepts`` holds one predicate a type, called millions of times: given a value that is not empty.
A value of another JSON type may make it raise TypeError or AttributeError, which means no.

https://hl7.org/fhir/R4/datatypes.html#primitive
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fhir_server.resources import dates

if TYPE_CHECKING:
    from collections.abc import Mapping

Predicate = Callable[[Any], Any]

_LARGEST = 2**31 - 1
_has_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search
_is_code = re.compile(r"\S+(\s\S+)*").fullmatch
_has_space = re.compile(r"\s").search
_is_div = re.compile(r"\s*<div[\s>].*</div\s*>\s*", re.DOTALL).fullmatch


def is_text(value: str) -> bool:
    """Say whether a string that is not plainly printable is still a string of R4."""
    bare = value.replace("\n", "").replace("\r", "").replace("\t", "")
    return bare.isprintable() or not _has_control(value)


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and is_text(value)


def _is_uri(value: str) -> bool:
    return (" " not in value and value.isprintable()) or _is_odd_uri(value)


def _is_odd_uri(value: str) -> bool:
    return not _has_space(value) and not _has_control(value)


def _is_token(value: str) -> bool:
    return (" " not in value and value.isprintable()) or _is_odd_code(value)


def _is_odd_code(value: str) -> bool:
    return _is_code(value) is not None and not _has_control(value)


def _is_base64(value: str) -> bool:
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except binascii.Error:
        return _is_folded_base64(value)
    return True


def _is_folded_base64(value: str) -> bool:
    try:
        binascii.a2b_base64("".join(value.split()), strict_mode=True)
    except ValueError:
        return False
    return value.isascii()


def _is_xhtml(value: str) -> bool:
    return _is_div(value) is not None and is_text(value)


printable = str.isprintable
"""The predicate of string and markdown; what it refuses still may be a string: see is_text."""

accepts: Mapping[str, Predicate] = {
    "base64Binary": _is_base64,
    "boolean": lambda value: value is True or value is False,
    "canonical": _is_uri,
    "code": _is_token,
    "date": dates.is_date,
    "dateTime": dates.is_datetime,
    "decimal": lambda value: type(value) is float or type(value) is int,
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch,
    "instant": dates.is_instant,
    "integer": lambda value: type(value) is int and -_LARGEST - 1 <= value <= _LARGEST,
    "markdown": printable,
    "oid": re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+").fullmatch,
    "positiveInt": lambda value: type(value) is int and 1 <= value <= _LARGEST,
    "string": printable,
    "time": dates.is_time,
    "unsignedInt": lambda value: type(value) is int and 0 <= value <= _LARGEST,
    "uri": _is_uri,
    "url": _is_uri,
    "uuid": re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch,
    "xhtml": _is_xhtml,
}


def is_valid(value: Any, primitive: str) -> bool:
    """Say whether a JSON value is one of this primitive type; never raises."""
    if value in ("", None) or isinstance(value, dict | list):
        return False
    if accepts[primitive] is printable:
        return _is_string(value)
    try:
        return bool(accepts[primitive](value))
    except (TypeError, AttributeError, ValueError):
        return False


EXPECTED: Mapping[str, tuple[str, str]] = {
    "base64Binary": ("base64 text, padded", "teks base64 dengan padding"),
    "boolean": ("true or false, without quotes", "true atau false, tanpa tanda kutip"),
    "canonical": ("a canonical URL without spaces", "URL kanonik tanpa spasi"),
    "code": (
        "a code: text without spaces at its ends or twice in a row",
        "kode: teks tanpa spasi di ujung atau spasi ganda",
    ),
    "date": (
        "a date of the calendar: YYYY, YYYY-MM or YYYY-MM-DD",
        "tanggal yang ada di kalender: YYYY, YYYY-MM, atau YYYY-MM-DD",
    ),
    "dateTime": (
        "YYYY, YYYY-MM, YYYY-MM-DD, or a moment with seconds and a zone such as "
        "2024-05-31T08:30:00+07:00",
        "YYYY, YYYY-MM, YYYY-MM-DD, atau waktu dengan detik dan zona seperti "
        "2024-05-31T08:30:00+07:00",
    ),
    "decimal": ("a number, without quotes", "bilangan, tanpa tanda kutip"),
    "id": (
        "1 to 64 letters, digits, '-' or '.'",
        "1 sampai 64 huruf, angka, '-', atau '.'",
    ),
    "instant": (
        "a moment with seconds and a zone such as 2024-05-31T08:30:00+07:00",
        "waktu dengan detik dan zona seperti 2024-05-31T08:30:00+07:00",
    ),
    "integer": (
        "a whole number from -2147483648 to 2147483647, without quotes",
        "bilangan bulat dari -2147483648 sampai 2147483647, tanpa tanda kutip",
    ),
    "markdown": (
        "text that is not empty and has no control characters",
        "teks yang tidak kosong dan tanpa karakter kontrol",
    ),
    "oid": ("an OID such as urn:oid:1.2.3", "OID seperti urn:oid:1.2.3"),
    "positiveInt": (
        "a whole number from 1 to 2147483647, without quotes",
        "bilangan bulat dari 1 sampai 2147483647, tanpa tanda kutip",
    ),
    "string": (
        "text that is not empty and has no control characters",
        "teks yang tidak kosong dan tanpa karakter kontrol",
    ),
    "time": ("a time such as 08:30:00, without a zone", "jam seperti 08:30:00, tanpa zona"),
    "unsignedInt": (
        "a whole number from 0 to 2147483647, without quotes",
        "bilangan bulat dari 0 sampai 2147483647, tanpa tanda kutip",
    ),
    "uri": ("a URI without spaces", "URI tanpa spasi"),
    "url": ("a URL without spaces", "URL tanpa spasi"),
    "uuid": (
        "a UUID in small letters such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "UUID dengan huruf kecil seperti urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    ),
    "xhtml": (
        'XHTML in one div: <div xmlns="http://www.w3.org/1999/xhtml">…</div>',
        'XHTML dalam satu div: <div xmlns="http://www.w3.org/1999/xhtml">…</div>',
    ),
}
"""What would be right, in English and Indonesian."""
