"""Telephone numbers as WhatsApp writes them: digits of E.164 without the plus. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

INDONESIA: Final = "62"
SHORTEST, LONGEST = 8, 15
NATIONAL: Final = range(9, 14)
"""Digits of an Indonesian mobile number from its 8 on."""
_WRITTEN: Final = re.compile(r"\+?[\d\s().\-/]+")
_RANK: Final = {"mobile": 0, None: 1, "home": 2, "work": 3, "temp": 4}


def normalised(written: str | None) -> str | None:
    """Give the number as WhatsApp knows it, or None if it cannot be one.

    A number that begins with 0 or 8 is Indonesian: ``0812 3456-7890`` and ``812…`` are ``62812…``.
    """
    text = (written or "").strip().removeprefix("tel:")
    if not _WRITTEN.fullmatch(text):
        return None
    digits = re.sub(r"\D", "", text)
    if not text.startswith("+"):
        digits = _at_home(digits)
    if digits.startswith(f"{INDONESIA}0"):  # +62 (0)812
        digits = INDONESIA + digits[3:]
    return digits if SHORTEST <= len(digits) <= LONGEST and digits[0] != "0" else None


def _at_home(digits: str) -> str:
    if digits.startswith("00"):
        return digits[2:]
    if digits.startswith("0"):
        return INDONESIA + digits[1:]
    if digits.startswith("8") and len(digits) in NATIONAL:
        return INDONESIA + digits
    return digits


def of_person(person: Document) -> str | None:
    """Give the number under which a Patient, RelatedPerson or Practitioner is to be written to.

    ``rank`` decides, then the mobile one; what is old does not count.
    """
    phones = [
        each
        for each in person.get("telecom", ())
        if each.get("system") in {"phone", "sms"} and each.get("use") != "old"
    ]
    ordered = sorted(phones, key=lambda each: (each.get("rank", 99), _RANK.get(each.get("use"), 1)))
    found = (normalised(each.get("value")) for each in ordered)
    return next((each for each in found if each is not None), None)


def spellings(number: str) -> tuple[str, ...]:
    """Give the ways in which clinics write a number that WhatsApp writes ``628…``."""
    if not number.startswith(INDONESIA):
        return (number, f"+{number}")
    own = number.removeprefix(INDONESIA)
    grouped = {f"{own[:3]}{gap}{own[3:7]}{gap}{own[7:]}" for gap in (" ", "-")}
    rest = sorted(f"{start}{each}" for each in grouped for start in ("0", "+62 ", "62 ", "+62"))
    return (number, f"+{number}", f"0{own}", f"+{INDONESIA} {own}", own, *rest)
