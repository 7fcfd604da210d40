"""The narrative of a resource, made harmless: a few tags without attributes, the rest as text."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from typing import Final

from markupsafe import Markup

KEPT: Final = frozenset(
    {
        *("p", "br", "ul", "ol", "li", "b", "i", "em", "strong", "h3", "h4", "sub", "sup"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
)
SILENT: Final = frozenset({"script", "style", "head", "title"})
EMPTY: Final = frozenset({"br"})


def narasi(div: str) -> Markup:
    """Give XHTML that a letter may show: no attribute, no link, no image, no script.

    What has no tags of its own is what somebody typed: its lines stay lines.
    """
    reader = _Reader()
    reader.feed(div)
    reader.close()
    shown = "".join(reader.done())
    if not reader.tagged:
        shown = "<br>".join(shown.strip().splitlines())
    return Markup(shown)  # noqa: S704 - made of escaped text and the tags above


class _Reader(HTMLParser):
    """Writes again what is allowed; what was opened is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._silent = 0
        self.tagged = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag without its attributes."""
        del attrs
        self._silent += tag in SILENT
        if tag in KEPT and not self._silent:
            self._out.append(f"<{tag}>")
            self.tagged = True
            if tag not in EMPTY:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close a tag that is open, and what stands open inside it."""
        self._silent -= tag in SILENT and self._silent > 0
        if tag in self._open:
            while self._open:
                last = self._open.pop()
                self._out.append(f"</{last}>")
                if last == tag:
                    return

    def handle_data(self, data: str) -> None:
        """Write text as text."""
        if not self._silent:
            self._out.append(escape(data))

    def done(self) -> list[str]:
        """Give everything written, closed."""
        return [*self._out, *(f"</{tag}>" for tag in reversed(self._open))]
