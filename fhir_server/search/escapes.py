"""How a search asks: separators, and the backslash that takes their meaning away.

https://hl7.org/fhir/R4/search.html#escaping
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\([,$|\\])")


def cut(text: str, mark: str) -> list[str]:
    """Cut at every unescaped ``mark``; the escapes stay for the next cut."""
    if mark not in text:
        return [text]
    parts, part, escaped = [], "", False
    for each in text:
        if each == mark and not escaped:
            parts.append(part)
            part = ""
            continue
        part += each
        escaped = each == "\\" and not escaped
    return [*parts, part]


def plain(text: str) -> str:
    """Take the escapes out."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def split(text: str, mark: str) -> list[str]:
    """Cut at every unescaped ``mark`` and take the escapes out of the parts."""
    return [plain(part) for part in cut(text, mark)]
