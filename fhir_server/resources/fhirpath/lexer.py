"""The text of an expression as tokens.

https://hl7.org/fhirpath/N1/#lexical-elements
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fhir_server.resources.fhirpath.errors import Unreadable


class Token(NamedTuple):
    """One token.

    ``kind`` is name, quoted, string, number, date, time, variable, dollar, sign or end.
    """

    kind: str
    text: str
    at: int


_SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_CLOCK = r"\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?"
_TOKEN = re.compile(
    rf"(?P<time>@T{_CLOCK})"
    rf"|(?P<date>@\d{{4}}(?:-\d\d(?:-\d\d)?)?(?:T(?:{_CLOCK}(?:Z|[+-]\d\d:\d\d)?)?)?)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|'(?P<string>(?:[^'\\]|\\.)*)'"
    r"|`(?P<quoted>(?:[^`\\]|\\.)*)`"
    r"|%(?P<variable>[A-Za-z_][A-Za-z0-9_-]*(?<!-)|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)"
    r"|\$(?P<dollar>this|index|total)\b"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}])",
    re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"r": "\r", "n": "\n", "t": "\t", "f": "\f", "b": "\b"}


def tokens(text: str) -> list[Token]:
    """Split an expression; raises Unreadable where no token begins."""
    found: list[Token] = []
    at = _skipped(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Unreadable(
                f"FHIRPath cannot be read at character {at + 1}: {text[at : at + 20]!r}."
            )
        kind, content = match.lastgroup, match[match.lastgroup]
        if kind in {"string", "quoted"}:
            content = unescape(content)
        elif kind == "variable" and content[0] in "'`":
            content = unescape(content[1:-1])
        found.append(Token(kind, content, at))
        at = _skipped(text, match.end())
    found.append(Token("end", "", len(text)))
    return found


def unescape(text: str) -> str:
    """Resolve the escapes of a string literal."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)


def _skipped(text: str, at: int) -> int:
    match = _SKIP.match(text, at)
    return match.end() if match else at
