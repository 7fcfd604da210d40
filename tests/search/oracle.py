"""R4's search, read slowly: each criterion is a plain test of the documents themselves.

Nothing of the server is used here. A test takes a document and the world it stands in.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.search.world import BASE, UCUM

JAKARTA = ZoneInfo("Asia/Jakarta")
FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)
GRAMS_PER_LITRE = {"mg/dL": Fraction(1, 100), "g/L": Fraction(1), "mg/L": Fraction(1, 1000)}


def at(document, path):
    """Give all values at a path, through every array; ``a|b`` is either."""
    found = []
    for one in path.split("|"):
        values = [document]
        for name in one.split("."):
            inner = [each[name] for each in values if isinstance(each, dict) and name in each]
            values = [
                each for value in inner for each in (value if isinstance(value, list) else [value])
            ]
        found += values
    return found


# token


def codes(value):
    """Give the (system, code) pairs of whatever a token parameter looks at."""
    match value:
        case bool():
            return [(None, str(value).lower())]
        case str():
            return [("*", value)]
        case {"coding": codings}:
            return [pair for each in codings for pair in codes(each)]
        case {"value": number}:
            return [(value.get("system"), number)]
        case {"code": code}:
            return [(value.get("system"), code)]
    return []


def is_code(asked, pair):
    system, bar, code = asked.rpartition("|")
    if not bar:
        return pair[1] == asked
    if pair[0] == "*" or (code and pair[1] != code):
        return False
    return pair[0] == (system or None)


def token(path, asked):
    return lambda document, _world: any(
        is_code(asked, pair) for value in at(document, path) for pair in codes(value)
    )


def token_text(path, asked):
    def holds(document, _world):
        texts = []
        for value in at(document, path):
            concept = value.get("type", {}) if "value" in value else value
            texts += [
                concept.get("text"),
                concept.get("display"),
                *(each.get("display") for each in at(concept, "coding")),
            ]
        return any(text and folded(text).startswith(folded(asked)) for text in texts)

    return holds


def of_type(asked):
    system, code, number = asked.split("|")

    def holds(document, _world):
        return any(
            each.get("value") == number and (system, code) in codes(each.get("type", {}))
            for each in at(document, "identifier")
        )

    return holds


# string


def folded(text):
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def string(path, asked, modifier=None, *, words=False):
    def holds(document, _world):
        return any(is_text(text, asked, modifier, words) for text in at(document, path))

    return holds


def is_text(text, asked, modifier, words):
    if modifier == "exact":
        return text == asked
    text, asked = folded(text), folded(asked)
    if modifier == "contains":
        return asked in text
    return text.startswith(asked) or (words and f" {asked}" in text)


# reference


def local(reference):
    return reference.removeprefix(BASE).partition("/_history/")[0]


def targets(document, path):
    return [local(each["reference"]) for each in at(document, path) if "reference" in each]


def reference(path, asked, kind=None):
    wanted = local(asked) if "/" in asked else f"/{asked}"
    if kind is not None:
        wanted = f"{kind}/{asked.rpartition('/')[2]}"

    def holds(document, _world):
        found = targets(document, path)
        return any(each == wanted or (wanted[0] == "/" and each.endswith(wanted)) for each in found)

    return holds


def chain(path, kind, inner):
    def holds(document, world):
        others = [world.get(each) for each in targets(document, path)]
        return any(
            each is not None
            and (kind is None or each["resourceType"] == kind)
            and inner(each, world)
            for each in others
        )

    return holds


def has(kind, path, inner):
    def holds(document, world):
        own = f"{document['resourceType']}/{document['id']}"
        return any(own in targets(each, path) and inner(each, world) for each in world.of(kind))

    return holds


# date


def instants(text):
    """Give the first instant of a date and the first after it."""
    if "T" in text:
        start = datetime.fromisoformat(text)
        return start, start + timedelta(milliseconds=1 if "." in text else 1000)
    year, month, day = (*(int(part) for part in text.split("-")), None, None)[:3]
    start = datetime(year, month or 1, day or 1, tzinfo=JAKARTA)
    if day is not None:
        return start, start + timedelta(days=1)
    if month is not None:
        return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=JAKARTA)
    return start, datetime(year + 1, 1, 1, tzinfo=JAKARTA)


def ranges(document, path):
    for value in at(document, path):
        if isinstance(value, str):
            yield instants(value)
        elif value:
            start, end = value.get("start"), value.get("end")
            yield instants(start)[0] if start else FIRST, instants(end)[1] if end else LAST


def date(path, prefix, asked):
    low, high = instants(asked)

    def compares(start, end):
        contained = low <= start and end <= high
        return {
            "": contained,
            "eq": contained,
            "ne": not contained,
            "gt": end > high,
            "lt": start < low,
            "ge": end > high or contained,
            "le": start < low or contained,
            "sa": start >= high,
            "eb": end <= low,
        }[prefix]

    return lambda document, _world: any(compares(*each) for each in ranges(document, path))


# number and quantity


def compared(prefix, asked, low, high, scale=Fraction(1)):
    """Compare a number asked with the range from ``low`` to ``high``."""
    number = Decimal(asked)
    half = Fraction(Decimal(1).scaleb(int(number.as_tuple().exponent))) / 2
    exact = Fraction(number)
    first, after = (exact - half) * scale, (exact + half) * scale
    exact *= scale
    inside = first <= low and high < after
    return {
        "": inside,
        "ne": not inside,
        "gt": high > exact,
        "lt": low < exact,
        "ge": high >= exact,
        "le": low <= exact,
        "sa": low > exact,
        "eb": high < exact,
    }[prefix]


def number(path, prefix, asked):
    def holds(document, _world):
        values = [Fraction(str(each)) for each in at(document, path)]
        return any(compared(prefix, asked, each, each) for each in values)

    return holds


def limits(value):
    amount = Fraction(str(value["value"]))
    comparator = value.get("comparator")
    low = float("-inf") if comparator == "<" else amount
    return low, float("inf") if comparator == ">=" else amount


def quantity(path, prefix, asked, unit=None, *, ucum=True):
    return lambda document, _world: any(
        is_quantity(value, prefix, asked, unit, ucum=ucum) for value in at(document, path)
    )


def is_quantity(value, prefix, asked, unit, *, ucum):
    if "value" not in value:
        return False
    low, high = limits(value)
    if unit is None:
        return compared(prefix, asked, low, high)
    if not ucum:
        units = {value.get("unit"), value.get("code")}
        return unit in units and compared(prefix, asked, low, high)
    if value.get("system") != UCUM:
        return False
    own = value["code"]
    if own == unit:
        return compared(prefix, asked, low, high)
    if own not in GRAMS_PER_LITRE or unit not in GRAMS_PER_LITRE:
        return False
    here = GRAMS_PER_LITRE[own]
    return compared(prefix, asked, low * here, high * here, GRAMS_PER_LITRE[unit])


def pair(root, code, value):
    """Compare a composite: of the document itself, or of one and the same of its elements."""

    def holds(document, world):
        elements = at(document, root) if root else [document]
        return any(code(each, world) and value(each, world) for each in elements)

    return holds


# uri, and the rest


def uri(path, asked, modifier=None):
    asked = asked.rstrip("/")

    def holds(document, _world):
        for url in at(document, path):
            below, above = (url + "/").startswith(asked + "/"), (asked + "/").startswith(url + "/")
            if {None: url == asked, "below": below, "above": above}[modifier]:
                return True
        return False

    return holds


def missing(path, *, asked):
    return lambda document, _world: (not at(document, path)) == asked


def either(*tests):
    return lambda document, world: any(each(document, world) for each in tests)


def negated(test):
    return lambda document, world: not test(document, world)
