"""The tokens of an expression as a tree.

A tree is a tuple: its kind, then its parts. ``("path", head, steps)`` holds a whole path, so that
a long one is no deep one.

https://hl7.org/fhirpath/N1/#operator-precedence
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fhir_server.resources.fhirpath.errors import TooCostly, Unreadable
from fhir_server.resources.fhirpath.lexer import Token, tokens
from fhir_server.resources.fhirpath.limits import LIMITS, Limits
from fhir_server.resources.fhirpath.quantities import CALENDAR, Quantity
from fhir_server.resources.fhirpath.temporal import temporal

Tree = tuple[Any, ...]

_LEVELS = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "~", "!=", "!~"),
    ("<=", "<", ">", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
_LEVEL = {operator: level for level, row in enumerate(_LEVELS) for operator in row}


def parse(text: str, limits: Limits = LIMITS) -> Tree:
    """Read an expression; raises Unreadable, or TooCostly where it is too long or too deep."""
    if len(text) > limits.length:
        raise TooCostly(f"The expression has more than {limits.length} characters.")
    parser = _Parser(tokens(text), limits)
    tree = parser.expression()
    parser.expect("end", "")
    return tree


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, found: list[Token], limits: Limits) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0
        self.limits = limits

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def meets(self, sign: str) -> bool:
        return self.next.kind == "sign" and self.next.text == sign

    def expect(self, kind: str, text: str) -> Token:
        token = self.next
        if token.kind != kind or (text and token.text != text):
            met = f"{token.text!r}" if token.kind != "end" else "the end"
            raise Unreadable(
                f"FHIRPath cannot be read at character {token.at + 1}: "
                f"{text or 'a ' + kind if kind != 'end' else 'the end'} is expected, not {met}."
            )
        return self.take()

    def deeper(self, by: int) -> None:
        self.depth += by
        if self.depth > self.limits.depth:
            raise TooCostly(f"The expression is nested deeper than {self.limits.depth} levels.")

    def expression(self, level: int = 0) -> Tree:
        """Read operators of this level or tighter ones; each operator nests the tree once."""
        entered = self.depth
        self.deeper(1)
        left = self.polarity()
        while True:
            operator = self.next.text if self.next.kind in {"sign", "name"} else ""
            met = _LEVEL.get(operator, -1)
            if met < level:
                break
            self.take()
            self.deeper(1)
            if operator in {"is", "as"}:
                left = ("type", operator, left, self.specifier())
            else:
                left = ("binary", operator, left, self.expression(met + 1))
        self.depth = entered
        return left

    def polarity(self) -> Tree:
        if self.meets("+") or self.meets("-"):
            sign = self.take().text
            self.deeper(1)
            return ("polarity", sign, self.polarity())
        return self.path()

    def path(self) -> Tree:
        head = self.term()
        steps: list[Tree] = []
        while True:
            if self.meets("."):
                self.take()
                steps.append(self.invocation())
            elif self.meets("["):
                self.take()
                steps.append(("at", self.expression()))
                self.expect("sign", "]")
            else:
                break
        return ("path", head, tuple(steps)) if steps else head

    def term(self) -> Tree:
        token = self.next
        if token.kind in {"name", "quoted"}:
            if token.kind == "name" and token.text in {"true", "false"}:
                self.take()
                return ("literal", token.text == "true")
            return self.invocation()
        self.take()
        match token.kind:
            case "string":
                return ("literal", token.text)
            case "number":
                return self.number(token)
            case "date" | "time":
                return ("literal", _moment(token))
            case "variable" | "dollar":
                return (token.kind, token.text)
        if token == ("sign", "(", token.at):
            inner = self.expression()
            self.expect("sign", ")")
            return inner
        if token == ("sign", "{", token.at):
            self.expect("sign", "}")
            return ("empty",)
        self.at -= 1
        self.expect("value", "")
        raise AssertionError

    def invocation(self) -> Tree:
        token = self.take()
        if token.kind == "dollar":
            return ("dollar", token.text)
        if token.kind not in {"name", "quoted"}:
            self.at -= 1
            self.expect("name", "")
        if token.kind == "name" and self.meets("("):
            self.take()
            return ("call", token.text, self.arguments(token.text))
        return ("child", token.text)

    def arguments(self, function: str) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while not self.meets(")"):
            if found:
                self.expect("sign", ",")
            if function in {"is", "as", "ofType"}:
                found.append(self.specifier())
            else:
                found.append(self.expression())
        self.take()
        return tuple(found)

    def specifier(self) -> Tree:
        names = [self.identifier()]
        while self.meets("."):
            self.take()
            names.append(self.identifier())
        return ("specifier", ".".join(names[:-1]), names[-1])

    def identifier(self) -> str:
        if self.next.kind not in {"name", "quoted"}:
            self.expect("name", "")
        return self.take().text

    def number(self, token: Token) -> Tree:
        value = Decimal(token.text) if "." in token.text else int(token.text)
        after = self.next
        if after.kind == "string":
            return ("literal", Quantity(Decimal(value), self.take().text))
        if after.kind == "name" and after.text in CALENDAR:
            self.take()
            return ("literal", Quantity(Decimal(value), CALENDAR[after.text], calendar=True))
        return ("literal", value)


def _moment(token: Token) -> Any:
    found = temporal(token.text)
    if found is None:
        raise Unreadable(f"{token.text} is no date or time of the calendar.")
    return found
