"""Units of UCUM, made comparable: 5 g/L is 500 mg/dL and 37 Cel is 98.6 [degF].

A code becomes a factor (and, for temperatures, an offset) to base units, and their exponents. What
is not in the tables or cannot be converted by a factor has no canonical form and is compared as it
is written. Arbitrary units such as [iU] are base units of their own, as UCUM demands; so is the
mole, so that amount and mass are never taken for each other.

https://ucum.org/ucum
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from fhir_server.remembering import known

SYSTEM = "http://unitsofmeasure.org"

Exponents = tuple[tuple[str, int], ...]


class Unit(NamedTuple):
    """``canonical = value * factor + offset``, in base units with these exponents."""

    factor: Fraction
    exponents: Exponents
    offset: Fraction = Fraction(0)

    @property
    def name(self) -> str:
        """Spell the base units: ``g.m-3``."""
        return ".".join(f"{name}{power if power != 1 else ''}" for name, power in self.exponents)


PREFIXES = {
    "Y": 24,
    "Z": 21,
    "E": 18,
    "P": 15,
    "T": 12,
    "G": 9,
    "M": 6,
    "k": 3,
    "h": 2,
    "da": 1,
    "d": -1,
    "c": -2,
    "m": -3,
    "u": -6,
    "n": -9,
    "p": -12,
    "f": -15,
    "a": -18,
    "z": -21,
    "y": -24,
}

METRIC = {
    **dict.fromkeys(["g", "m", "s", "K", "A", "cd", "rad", "mol", "bit"], ""),
    "L": "dm3",
    "l": "dm3",
    "Hz": "s-1",
    "N": "kg.m.s-2",
    "Pa": "kg.m-1.s-2",
    "J": "kg.m2.s-2",
    "W": "kg.m2.s-3",
    "C": "A.s",
    "V": "kg.m2.s-3.A-1",
    "Ohm": "kg.m2.s-3.A-2",
    "F": "A2.s4.kg-1.m-2",
    "S": "A2.s3.kg-1.m-2",
    "T": "kg.s-2.A-1",
    "Wb": "kg.m2.s-2.A-1",
    "Bq": "s-1",
    "Gy": "m2.s-2",
    "Sv": "m2.s-2",
    "kat": "mol.s-1",
    "eq": "mol",
    "osm": "mol",
    "t": "10*6.g",
    "bar": "10*5.Pa",
    "cal": "4184/1000.J",
    "m[Hg]": "133322.Pa",
    "m[H2O]": "980665*-2.Pa",
    "U": "10*-6.mol/min",
    "B": "B",
    "dyn": "10*-5.N",
    "Ci": "37*9.Bq",
}
PLAIN = {
    "min": "60.s",
    "h": "3600.s",
    "d": "86400.s",
    "wk": "604800.s",
    "mo": "2629800.s",
    "a": "31557600.s",
    "mo_j": "2629800.s",
    "a_j": "31557600.s",
    "%": "10*-2",
    "[ppth]": "10*-3",
    "[ppm]": "10*-6",
    "[ppb]": "10*-9",
    "deg": "deg",
    "[pi]": "[pi]",
    "atm": "101325.Pa",
    "[in_i]": "254*-4.m",
    "[ft_i]": "3048*-4.m",
    "[yd_i]": "9144*-4.m",
    "[mi_i]": "1609344*-3.m",
    "[lb_av]": "45359237*-5.g",
    "[oz_av]": "28349523125*-9.g",
    "[gr]": "6479891*-8.g",
    "[foz_us]": "295735295625*-16.m3",
    "[cup_us]": "2365882365*-13.m3",
    "[tsp_us]": "492892159375*-17.m3",
    "[tbs_us]": "1478676478125*-17.m3",
    "[gal_us]": "3785411784*-12.m3",
    "[pt_us]": "473176473*-12.m3",
    "[drp]": "5*-8.m3",
    "[psi]": "6894757293168/1000000000.Pa",
    "[Cal]": "4184.J",
    "[car_m]": "2*-1.g",
}
_ARBITRARY = (
    "iU IU arb'U USP'U CFU PFU pH MPL'U GPL'U APL'U beth'U dye'U Ch EID_50 TCID_50 FFU CCID_50 "
    "ELU EU hpf lpf HPF LPF"
)
ARBITRARY = frozenset(f"[{each}]" for each in _ARBITRARY.split())
"""Units by themselves. [iU] takes prefixes (m[iU]); [IU] is the same unit."""

SPECIAL = {
    "Cel": Unit(Fraction(1), (("K", 1),), Fraction(27315, 100)),
    "[degF]": Unit(Fraction(5, 9), (("K", 1),), Fraction(45967, 180)),
}
SAME = {"[IU]": "[iU]"}
PREFIXED = frozenset({"[iU]", "[IU]"})

_NUMBER = re.compile(r"(?P<digits>\d+)((?P<times>[*^])(?P<power>[+-]?\d+))?(?P<over>/\d+)?")
_ATOM = re.compile(r"(?P<name>(?:[^\d\[\]().{}/*+-]|\[[^\]]*\])+|10[*^])(?P<power>[+-]?\d+)?")
_NOTE = re.compile(r"\{[^{}]*\}")
_LONGEST = 60
MOST = 30
LARGEST = 300


class _Unknown(Exception):
    """The code is no unit that can be converted here."""


@known(2048)
def unit(code: str) -> Unit | None:
    """Read a UCUM code; None if it has no canonical form here."""
    if code in SPECIAL:
        return SPECIAL[code]
    if len(code) > _LONGEST:
        return None
    try:
        return _term(_NOTE.sub("", code) or "1")
    except (_Unknown, ZeroDivisionError, RecursionError):
        return None


def canonical(value: str, code: str) -> tuple[float, str] | None:
    """Give a value in base units and how these are spelt."""
    return _canonical(f"{value} {code}")


@known(8192)
def _canonical(quantity: str) -> tuple[float, str] | None:
    value, _, code = quantity.partition(" ")
    found = unit(code) if len(code) <= _LONGEST else None
    if found is None:
        return None
    return measured(Decimal(value), found), found.name


def measured(value: Decimal, found: Unit) -> float:
    """Give a value of a unit in its base units, from whichever unit the same number."""
    if abs(value.adjusted()) > LARGEST:
        return float(value)
    return float(Fraction(value) * found.factor + found.offset)


def _term(text: str) -> Unit:
    """Read factors joined by ``.`` and ``/``, from the left."""
    result = Unit(Fraction(1), ())
    sign = 1
    for part, mark in _parts(text):
        if mark:
            sign = -1 if mark == "/" else 1
        if part:
            result = _times(result, _component(part), sign)
    return result


def _parts(text: str) -> list[tuple[str, str]]:
    """Cut at every dot and slash outside parentheses and brackets, with the mark before."""
    found: list[tuple[str, str]] = []
    part, mark, depth = "", "", 0
    for each in text:
        depth += (each in "([") - (each in ")]")
        if each in "./" and not depth:
            if not part and (found or each != "/"):
                raise _Unknown
            found.append((part, mark))
            part, mark = "", each
        else:
            part += each
    if depth or not part:
        raise _Unknown
    return [*found, (part, mark)]


def _component(text: str) -> Unit:
    if text[0] == "(" and text[-1] == ")":
        return _term(text[1:-1])
    if text.isdigit():
        return Unit(Fraction(int(text)), ())
    match = _ATOM.fullmatch(text)
    if match is None:
        raise _Unknown
    power = int(match["power"] or 1)
    if abs(power) > MOST:
        raise _Unknown
    if match["name"] in {"10*", "10^"}:
        return Unit(Fraction(10) ** power, ())
    return _times(Unit(Fraction(1), ()), _atom(match["name"]), power)


@lru_cache(maxsize=512)
def _atom(name: str) -> Unit:
    name = SAME.get(name, name)
    if name in ARBITRARY:
        return Unit(Fraction(1), ((name, 1),))
    if name in PLAIN or name in METRIC:
        return _defined(name, PLAIN.get(name) or METRIC.get(name) or "")
    for length in (2, 1):
        prefix, rest = name[:length], name[length:]
        if prefix in PREFIXES and (rest in METRIC or rest in PREFIXED):
            return _times(Unit(Fraction(10) ** PREFIXES[prefix], ()), _atom(rest), 1)
    raise _Unknown


def _defined(name: str, definition: str) -> Unit:
    """Read a definition of the tables: a number ``254*-4`` (254 / 10⁴), then units."""
    if definition in {"", name}:
        return Unit(Fraction(1), ((name, 1),))
    match = _NUMBER.match(definition)
    if match is None or definition.startswith("10*"):
        return _term(definition)
    number = Fraction(int(match["digits"])) * Fraction(10) ** int(match["power"] or 0)
    number /= int((match["over"] or "/1")[1:])
    return _times(Unit(number, ()), _term(definition[match.end() + 1 :]), 1)


def _times(one: Unit, other: Unit, power: int) -> Unit:
    exponents = dict(one.exponents)
    for name, exponent in other.exponents:
        exponents[name] = exponents.get(name, 0) + exponent * power
    kept = tuple(sorted((name, power) for name, power in exponents.items() if power))
    return Unit(one.factor * other.factor**power, kept)
