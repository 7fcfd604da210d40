"""How a search asks by ``_filter``: R4's grammar, read into the same conditions as parameters.

``given eq "peter" and (birthdate ge 2014-10-10 or not (active eq true))``. What no index can
answer is refused, never passed over.

https://hl7.org/fhir/R4/search_filter.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, NotSupported, TooCostly
from fhir_server.search.criteria import Both, Criterion, Either, Neither, read_condition

if TYPE_CHECKING:
    from fhir_server.search.criteria import Condition
    from fhir_server.search.parameters import Parameters

ORDERED = frozenset({"date", "number", "quantity"})
PREFIXES = frozenset({"gt", "lt", "ge", "le", "sa", "eb", "ap"})
MODIFIERS = {
    ("string", "eq"): "equal",
    ("string", "co"): "contains",
    ("string", "sw"): "",
    ("string", "ew"): "ends",
    ("token", "eq"): "",
    ("token", "co"): "text",
    ("token", "in"): "in",
    ("token", "ss"): "above",
    ("token", "sb"): "below",
    ("reference", "eq"): "",
    ("reference", "re"): "",
    ("uri", "eq"): "",
    ("uri", "sw"): "below",
    ("uri", "ss"): "above",
    ("uri", "sb"): "below",
}
OPERATORS = PREFIXES | {op for _, op in MODIFIERS} | {"eq", "ne", "pr", "ni", "po"}
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[()]|[^\s()"]+)')


def read_filter(text: str, resource_type: str, parameters: Parameters) -> Condition:
    """Read one ``_filter``; raises BadRequest where it cannot be read."""
    reader = _Reader(text, resource_type, parameters)
    condition = reader.any()
    if reader.peek():
        raise reader.stopped("nothing more")
    return condition


class _Reader:
    """Recursive descent; ``and`` binds closer than ``or``."""

    def __init__(self, text: str, resource_type: str, parameters: Parameters) -> None:
        self.text = text
        self.resource_type = resource_type
        self.parameters = parameters
        self.bounds = parameters.place.bounds
        self.tokens: list[str] = []
        self.at = 0
        self.depth = self.tests = 0
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None:
                raise BadRequest(f"_filter={text}: a quotation mark is open at {text[place:]!r}.")
            self.tokens.append(match[1])
            place = match.end()

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def stopped(self, expected: str) -> BadRequest:
        there = repr(self.peek()) if self.peek() else "its end"
        return BadRequest(
            f"_filter={self.text}: {expected} was expected, not {there}; right would be "
            'name co "siti" and birthdate ge 1990-01-01.'
        )

    def any(self) -> Condition:
        found = [self.all()]
        while self.peek().lower() == "or":
            self.take()
            found.append(self.all())
        return found[0] if len(found) == 1 else Either(tuple(found))

    def all(self) -> Condition:
        found = [self.one()]
        while self.peek().lower() == "and":
            self.take()
            found.append(self.one())
        return found[0] if len(found) == 1 else Both(tuple(found))

    def one(self) -> Condition:
        if self.peek().lower() == "not":
            self.take()
            if self.peek() != "(":
                raise self.stopped("( after not")
            return Neither((self.one(),))
        if self.peek() != "(":
            return self.test()
        self.take()
        self.depth += 1
        if self.depth > self.bounds.parentheses:
            raise BadRequest(
                f"_filter: parentheses go deeper than {self.bounds.parentheses} "
                "(FHIR_FILTER_DEPTH_LIMIT)."
            )
        inner = self.any()
        self.depth -= 1
        if self.take() != ")":
            self.at -= 1
            raise self.stopped(")")
        return inner

    def test(self) -> Condition:
        self.tests += 1
        if self.tests > self.bounds.conditions:
            raise TooCostly(
                f"_filter: at most {self.bounds.conditions} conditions are allowed "
                "(FHIR_FILTER_LIMIT)."
            )
        path, operator = self.take(), self.peek().lower()
        if not path or path[0] in '")' or operator not in OPERATORS:
            raise self.stopped("a parameter and eq, ne, co, sw, gt or another operator")
        self.take()
        value = self.take()
        if not value or value in {"(", ")"}:
            self.at -= 1
            raise self.stopped("a value")
        if "[" in path:
            raise NotSupported(f"_filter={self.text}: a path with a filter in it is not supported.")
        return self.compared(path, operator, value)

    def compared(self, path: str, operator: str, value: str) -> Condition:
        if operator == "ne":
            return Neither((self.compared(path, "eq", value),))
        if operator == "ni":
            return Neither((self.compared(path, "in", value),))
        if operator == "pr":
            if value not in {"true", "false"}:
                raise BadRequest(f"_filter={self.text}: pr is followed by true or false.")
            return self.asked(path, "missing", "false" if value == "true" else "true")
        plain = json.loads(value) if value[0] == '"' else value
        kind = self.kind(path)
        if kind in ORDERED and operator in {*PREFIXES, "eq"}:
            return self.asked(path, "", operator + plain)
        if kind == "date" and operator == "po":
            raise NotSupported(f"_filter={self.text}: po is not supported; ge and le are.")
        if (kind, operator) not in MODIFIERS:
            raise NotSupported(
                f"_filter={self.text}: {operator} is not supported on {path}, which is a {kind}."
            )
        return self.asked(path, MODIFIERS[kind, operator], escaped(plain, kind))

    def kind(self, path: str) -> str:
        condition = read_condition(self.parameters, self.resource_type, path, ("x",))
        while not isinstance(condition, Criterion):
            condition = condition.inner  # type: ignore[assignment]
        return condition.parameter.type

    def asked(self, path: str, modifier: str, value: str) -> Condition:
        name = f"{path}:{modifier}" if modifier else path
        return read_condition(self.parameters, self.resource_type, name, (value,))


def escaped(value: str, kind: str) -> str:
    """Take from a value the meaning that marks have in a URL; a token keeps its bar."""
    marks = ",$\\" if kind == "token" else ",$|\\"
    return "".join("\\" + each if each in marks else each for each in value)
