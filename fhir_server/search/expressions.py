"""What a search parameter writes to the index: the FHIRPath of its definition, as steps.

Only the part of FHIRPath that R4's 1,384 search expressions use, and a little more of the same
kind for parameters of our own: paths, unions, ``as``, ``ofType``, ``where``, ``extension``,
an index, and one sort of truth (``a.exists() and a != false``).

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fhir_server.remembering import remembered


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path.

    ``kind``: ``child`` (value: its name), ``as`` (a type, in lower case), ``extension`` (a
    url), ``at`` (a position), ``resolves`` (a resource type), ``equals`` (``name`` must be
    ``value``), ``extended`` (has an extension with that url), ``root`` (back to the resource).
    """

    kind: str
    value: str
    name: str = ""


Path = tuple[Step, ...]


class Unreadable(ValueError):
    """The expression uses FHIRPath that is not compiled here."""


@dataclass(frozen=True, slots=True)
class Truth:
    """``path.exists() and path != value``: a token ``true`` or ``false``."""

    path: Path
    unequal: str


_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|(%?[A-Za-z_][A-Za-z0-9_]*)|(\d+)|(!=|[().|\[\]=]))")
LONGEST = 2048
"""Characters of an expression that is remembered; the longest of R4 has 1,386."""
_TRUTH = re.compile(r"^(.+)\.exists\(\) and (.+?) ?!= ?(\w+)$")


@remembered(4096, LONGEST)
def read(expression: str) -> tuple[Path | Truth, ...]:
    """Read an expression as its alternatives, in the order they are written."""
    truth = _TRUTH.match(expression)
    if truth and truth[1] == truth[2]:
        (path,) = read(truth[1])
        if isinstance(path, Truth):
            raise Unreadable(expression)
        return (Truth(path, truth[3]),)
    reader = _Reader(expression)
    paths = reader.union()
    reader.end()
    return tuple(paths)


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens: list[str] = []
        at = 0
        text = expression.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise Unreadable(expression)
            self.tokens.append(match[match.lastindex or 0])
            at = match.end()
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if not token or (expected and token not in expected):
            raise Unreadable(self.expression)
        self.at += 1
        return token

    def end(self) -> None:
        if self.at != len(self.tokens):
            raise Unreadable(self.expression)

    def literal(self) -> str:
        token = self.take()
        if token[0] != "'":
            raise Unreadable(self.expression)
        return re.sub(r"\\(.)", r"\1", token[1:-1])

    def union(self) -> list[Path]:
        paths = self.typed()
        while self.peek() == "|":
            self.take("|")
            paths += self.typed()
        return paths

    def typed(self) -> list[Path]:
        paths = self.path()
        if self.peek() == "as":
            self.take("as")
            step = Step("as", self.take().lower())
            paths = [(*path, step) for path in paths]
        return paths

    def path(self) -> list[Path]:
        if self.peek() == "(":
            self.take("(")
            paths = self.union()
            self.take(")")
        else:
            paths = [self.step()]
        while self.peek() in {".", "["}:
            steps = self.position() if self.take() == "[" else self.step()
            paths = [(*path, *steps) for path in paths]
        return paths

    def position(self) -> Path:
        number = self.take()
        if not number.isdigit():
            raise Unreadable(self.expression)
        self.take("]")
        return (Step("at", number),)

    def step(self) -> Path:
        name = self.take()
        if not (name[0].isalpha() or name[0] in "_%"):
            raise Unreadable(self.expression)
        if self.peek() != "(":
            return (Step("root", "") if name == "%resource" else Step("child", name),)
        self.take("(")
        steps = self.call(name)
        self.take(")")
        return steps

    def call(self, name: str) -> Path:
        match name:
            case "as" | "ofType":
                return (Step("as", self.take().lower()),)
            case "extension":
                return (Step("extension", self.literal()),)
            case "first":
                return (Step("at", "0"),)
            case "where":
                return (self.condition(),)
        raise Unreadable(self.expression)

    def condition(self) -> Step:
        name = self.take()
        if name == "resolve":
            for expected in ("(", ")", "is"):
                self.take(expected)
            return Step("resolves", self.take())
        if name == "hasExtension":
            self.take("(")
            step = Step("extended", self.literal())
            self.take(")")
            return step
        self.take("=")
        return Step("equals", self.literal(), name)
