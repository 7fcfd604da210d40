"""Functions of strings; regular expressions in time linear to the text.

https://hl7.org/fhirpath/N1/#string-manipulation
"""

from __future__ import annotations

import base64
import binascii
import html
import json
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import re2

from fhir_server.resources.fhirpath.errors import Inapplicable, TooCostly
from fhir_server.resources.fhirpath.evaluation import Frame, single
from fhir_server.resources.fhirpath.lexer import unescape

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.resources.fhirpath.values import Items

    Argument = Callable[[Frame], Items]

_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 19


def _text(items: Items) -> str | None:
    value = single(items, "string")
    if value is None or isinstance(value, str):
        return value
    raise Inapplicable("A string is expected.")


def _function(
    compute: Callable[..., Any], items: Items, frame: Frame, *arguments: Argument
) -> Items:
    values = [_text(items)]
    for each in arguments:
        value = single(each(frame))
        if value is not None and not isinstance(value, (str, int)):
            raise Inapplicable("A string or an integer is expected.")
        values.append(value)  # type: ignore[arg-type]
    if None in values:
        return []
    frame.world.spend(len(values[0] or "") >> 6)
    found = compute(*values)
    if found is None:
        return []
    return frame.world.grow(found if isinstance(found, list) else [found])


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    if not 0 <= start < len(text):
        return None
    return text[start:] if length is None else text[start : start + max(length, 0)]


@lru_cache(maxsize=128)
def pattern(regex: str, most: int) -> Any:
    """Compile a regular expression; raises Inapplicable for what no linear engine has."""
    if len(regex) > most:
        raise TooCostly(f"The regular expression has more than {most} characters.")
    try:
        return re2.compile(regex.replace(r"\/", "/"), _OPTIONS)
    except re2.error as error:
        raise Inapplicable(f"The regular expression {regex[:60]!r} cannot be used here.") from error


def _matches(whole: bool, items: Items, frame: Frame, regex: Argument) -> Items:  # noqa: FBT001
    text, expression = _text(items), _text(regex(frame))
    if text is None or expression is None:
        return []
    frame.world.spend(len(text) >> 6)
    found = pattern(expression, frame.world.limits.regex)
    return [(found.fullmatch(text) if whole else found.search(text)) is not None]


def _replace_matches(items: Items, frame: Frame, regex: Argument, by: Argument) -> Items:
    text, expression, new = _text(items), _text(regex(frame)), _text(by(frame))
    if text is None or expression is None or new is None:
        return []
    if not expression:
        return [text]
    limits = frame.world.limits
    if len(text) * (len(new) + 1) > limits.text * 8:
        raise TooCostly(f"A string grows over {limits.text} characters.")
    frame.world.spend(len(text) >> 6)
    return frame.world.grow([pattern(expression, limits.regex).sub(_groups(new), text)])


def _groups(text: str) -> str:
    """Write FHIRPath's ``$1`` as RE2 wants it."""
    written = text.replace("\\", "\\\\")
    for digit in "0123456789":
        written = written.replace(f"${digit}", f"\\{digit}")
    return written


def _replace(text: str, old: str, new: str) -> str:
    if len(text) * len(new) > 1 << 26:
        raise TooCostly("The replaced string would be too long.")
    return text.replace(old, new) if old else new + "".join(each + new for each in text)


def _join(items: Items, frame: Frame, separator: Argument | None = None) -> Items:
    between = _text(separator(frame)) if separator else ""
    words = [_text([item]) for item in items]
    joined = (between or "").join(word for word in words if word is not None)
    return frame.world.grow([joined]) if items else []


def _encode(text: str, code: str) -> str | None:
    raw = text.encode()
    match code:
        case "hex":
            return raw.hex()
        case "base64":
            return base64.b64encode(raw).decode()
        case "urlbase64":
            return base64.urlsafe_b64encode(raw).decode()
    return None


def _decode(text: str, code: str) -> str | None:
    try:
        match code:
            case "hex":
                return bytes.fromhex(text).decode()
            case "base64":
                return base64.b64decode(text, validate=True).decode()
            case "urlbase64":
                return base64.urlsafe_b64decode(text).decode()
    except (ValueError, binascii.Error):
        return None
    return None


def _escape(text: str, code: str) -> str | None:
    if code == "html":
        return html.escape(text)
    return json.dumps(text, ensure_ascii=False)[1:-1] if code == "json" else None


def _unescape(text: str, code: str) -> str | None:
    if code == "html":
        return html.unescape(text)
    return unescape(text) if code == "json" else None


def _row(
    compute: Callable[..., Any], least: int = 0, most: int | None = None
) -> tuple[Any, int, int]:
    return partial(_function, compute), least, least if most is None else most


FUNCTIONS: dict[str, tuple[Callable[..., Items], int, int]] = {
    "indexOf": _row(lambda text, part: text.find(part), 1),
    "substring": _row(_substring, 1, 2),
    "startsWith": _row(lambda text, part: text.startswith(part), 1),
    "endsWith": _row(lambda text, part: text.endswith(part), 1),
    "contains": _row(lambda text, part: part in text, 1),
    "upper": _row(str.upper),
    "lower": _row(str.lower),
    "replace": _row(_replace, 2),
    "matches": (partial(_matches, False), 1, 1),  # noqa: FBT003
    "matchesFull": (partial(_matches, True), 1, 1),  # noqa: FBT003
    "replaceMatches": (_replace_matches, 2, 2),
    "length": _row(len),
    "toChars": _row(list),
    "trim": _row(str.strip),
    "split": _row(lambda text, part: text.split(part) if part else list(text), 1),
    "join": (_join, 0, 1),
    "encode": _row(_encode, 1),
    "decode": _row(_decode, 1),
    "escape": _row(_escape, 1),
    "unescape": _row(_unescape, 1),
}
