"""Quantities: a number and a unit, UCUM or of the calendar.

UCUM is read as far as prefixes, products, quotients and exponents of the units below go; another
unit equals only itself.

https://hl7.org/fhirpath/N1/#quantity
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from fhir_server.remembering import remembered

_NAMES = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR = {spelling: name for name in _NAMES for spelling in (name, f"{name}s")}

DURATIONS = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second"} | {
    "ms": "millisecond"
}
"""UCUM's units of time that are as long as those of the calendar; ``a`` and ``mo`` are not."""

_UCUM = {name: unit for unit, name in DURATIONS.items()}
_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18,
}  # fmt: skip
_METRIC = {
    "m": ("1", "m"), "s": ("1", "s"), "g": ("1", "g"), "K": ("1", "K"), "cd": ("1", "cd"),
    "C": ("1", "C"), "rad": ("1", "rad"), "mol": ("1", "mol"), "eq": ("1", "mol"),
    "L": ("1/1000", "m3"), "l": ("1/1000", "m3"), "Hz": ("1", "s-1"), "N": ("1000", "g.m.s-2"),
    "Pa": ("1000", "g.m-1.s-2"), "bar": ("100000000", "g.m-1.s-2"), "J": ("1000", "g.m2.s-2"),
    "W": ("1000", "g.m2.s-3"), "V": ("1000", "g.m2.s-2.C-1"), "cal": ("4184", "g.m2.s-2"),
    "m[Hg]": ("133322000", "g.m-1.s-2"), "m[H2O]": ("9806650", "g.m-1.s-2"), "t": ("1000000", "g"),
    "U": ("1", "U"), "[iU]": ("1", "[iU]"), "[IU]": ("1", "[iU]"), "kat": ("1", "mol.s-1"),
    "Bq": ("1", "s-1"), "Gy": ("1", "m2.s-2"), "Sv": ("1", "m2.s-2"), "osm": ("1", "osm"),
}  # fmt: skip
_OTHER = {
    "1": ("1", ""), "%": ("1/100", ""), "[ppth]": ("1/1000", ""), "[ppm]": ("1/1000000", ""),
    "min": ("60", "s"), "h": ("3600", "s"), "d": ("86400", "s"), "wk": ("604800", "s"),
    "a": ("31557600", "s"), "mo": ("2629800", "s"), "[lb_av]": ("45359237/100000", "g"),
    "[oz_av]": ("28349523125/1000000000", "g"), "[in_i]": ("254/10000", "m"),
    "[ft_i]": ("3048/10000", "m"), "[yd_i]": ("9144/10000", "m"), "[mi_i]": ("1609344/1000", "m"),
    "deg": ("1", "deg"), "[pH]": ("1", "[pH]"), "[drp]": ("1", "[drp]"), "Cel": ("1", "Cel"),
    "[degF]": ("1", "[degF]"), "[arb'U]": ("1", "[arb'U]"),
    "month of the calendar": ("1", "month"), "year of the calendar": ("12", "month"),
}  # fmt: skip
_FACTOR = re.compile(
    r"([./]?)([0-9]*(?![0-9])(?:[^./\d(){}+-]|\[[^\]]*\])*)([+-]?\d+)?(?:\{[^}]*\})?"
)
_POWER = re.compile(r"([^0-9-]+)(-?\d*)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit; ``calendar`` says that the unit is a word such as ``month``."""

    value: Decimal
    unit: str = "1"
    calendar: bool = False

    def __str__(self) -> str:
        if not self.calendar:
            return f"{self.value:f} '{self.unit}'"
        return f"{self.value:f} {self.unit}" + ("" if self.value == 1 else "s")

    @property
    def duration(self) -> str:
        """Name the calendar unit that the quantity moves a date by."""
        return DURATIONS.get(self.unit) or CALENDAR.get(self.unit, self.unit)


def common(left: Quantity, right: Quantity) -> tuple[Fraction, Fraction] | None:
    """Give both numbers in one unit; None where the units measure different things."""
    if left.unit == right.unit and left.calendar == right.calendar:
        return Fraction(left.value), Fraction(right.value)
    mine, other = unit(_code(left)), unit(_code(right))
    if mine is None or other is None or mine[1] != other[1]:
        return None
    return Fraction(left.value) * mine[0], Fraction(right.value) * other[0]


def multiply(left: Quantity, right: Quantity, *, divide: bool = False) -> Quantity | None:
    """Multiply two quantities, or divide them; None where a unit is not known."""
    mine, other = unit(_code(left)), unit(_code(right))
    if mine is None or other is None or (divide and right.value == 0):
        return None
    sign = -1 if divide else 1
    powers = Counter(dict(mine[1]))
    for name, power in other[1]:
        powers[name] += sign * power
    number = Fraction(left.value) * mine[0]
    number *= (Fraction(right.value) * other[0]) ** sign
    return Quantity(decimal(number), _written(powers))


def decimal(number: Fraction) -> Decimal:
    """Write a fraction as a decimal of 28 digits."""
    with localcontext() as context:
        context.prec = 28
        return Decimal(number.numerator) / Decimal(number.denominator)


@remembered(1024)
def unit(code: str) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """Reduce a UCUM code to a factor and powers of base units; None if it is not known here."""
    factor, powers, at = Fraction(1), Counter[str](), 0
    code = code or "1"
    while at < len(code):
        match = _FACTOR.match(code, at)
        if match is None or match.end() == at or abs(int(match[3] or 1)) > 9:
            return None
        found = _atom(match[2]) if match[2] else (Fraction(1), Counter[str]())
        if found is None:
            return None
        power = int(match[3] or 1) * (-1 if match[1] == "/" else 1)
        factor *= found[0] ** power
        for name, each in found[1].items():
            powers[name] += each * power
        at = match.end()
    return factor, tuple(sorted((name, power) for name, power in powers.items() if power))


def _atom(name: str) -> tuple[Fraction, Counter[str]] | None:
    row = _METRIC.get(name) or _OTHER.get(name)
    if row is not None:
        return Fraction(row[0]), _powers(row[1])
    for prefix, exponent in _PREFIXES.items():
        if name.startswith(prefix) and name[len(prefix) :] in _METRIC:
            number, base = _METRIC[name[len(prefix) :]]
            return Fraction(number) * Fraction(10) ** exponent, _powers(base)
    return (Fraction(int(name)), Counter()) if name.isascii() and name.isdigit() else None


def _powers(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in filter(None, text.split(".")):
        match = _POWER.fullmatch(part)
        if match:
            found[match[1]] += int(match[2] or 1)
    return found


def _written(powers: Counter[str]) -> str:
    parts = [
        f"{name}{power if power != 1 else ''}" for name, power in sorted(powers.items()) if power
    ]
    return ".".join(parts) or "1"


def _code(quantity: Quantity) -> str:
    if not quantity.calendar:
        return quantity.unit
    return _UCUM.get(quantity.unit) or f"{quantity.unit} of the calendar"
