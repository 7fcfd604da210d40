"""How much two Patients look like one person: a score from 0 to 1. Pure.

The NIK, or the IHS number, decides: the same one is 1, another one 0, whatever else agrees.
Without it what both sides have is weighed: another identifier, the name (folded, titles aside, in
any order), the day of birth, sex, telephone, village. That is never certain.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from fhir_server.mappings.codes import IHS, KK, NIK, NIK_IBU
from fhir_server.search.string import fold, fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    Patient = Mapping[str, Any]

DECISIVE = (NIK, IHS)
SHARED = frozenset({NIK_IBU, KK})
"""Identifiers that a family has together."""

WEIGHTS = {"identifier": 4, "name": 4, "birthDate": 3, "gender": 0.5, "phone": 1, "village": 1}
UNCERTAIN = 0.94
"""The best score without a decisive identifier."""

ENOUGH = 2
"""So many of these must be known on both sides to say anything."""


def score(asked: Patient, known: Patient) -> float:
    """Weigh two patients; 0 where too little is known of both."""
    for system in DECISIVE:
        ours, theirs = numbers(asked, system), numbers(known, system)
        if ours and theirs:
            return 1.0 if ours & theirs else 0.0
    agreements = {name: value for name, value in _agreements(asked, known) if value is not None}
    if len(agreements) < ENOUGH:
        return 0.0
    whole = sum(WEIGHTS[name] for name in agreements)
    found = sum(WEIGHTS[name] * value for name, value in agreements.items())
    return round(min(found / whole, UNCERTAIN), 3)


def numbers(patient: Patient, system: str) -> set[str]:
    """Give the identifiers of one system."""
    return {value for each, value in identifiers(patient) if each == system}


def identifiers(patient: Patient) -> set[tuple[str, str]]:
    """Give what identifies this patient alone, as (system, value)."""
    rows = _dicts(patient.get("identifier"))
    pairs = {(str(each.get("system", "")), str(each.get("value", ""))) for each in rows}
    return {pair for pair in pairs if pair[1] and pair[0] not in SHARED}


def names(patient: Patient) -> list[str]:
    """Give the names, folded, each with its words in order of the alphabet."""
    found = []
    for each in _dicts(patient.get("name")):
        parts = [*_texts(each.get("given")), *_texts([each.get("family")])]
        text = " ".join(parts) or each.get("text") or ""
        folded = fold_name(str(text))
        if folded:
            found.append(" ".join(sorted(folded.split(" "))))
    return found


def phones(patient: Patient) -> set[str]:
    """Give the telephone numbers, only their last nine digits: +62 812… is 0812…."""
    found = set()
    for each in _dicts(patient.get("telecom")):
        digits = "".join(filter(str.isdigit, str(each.get("value", ""))))
        if each.get("system") in ("phone", "sms", None) and len(digits) >= 7:
            found.add(digits[-9:])
    return found


def _agreements(asked: Patient, known: Patient) -> list[tuple[str, float | None]]:
    return [
        ("identifier", _identifiers(asked, known)),
        ("name", _names(names(asked), names(known))),
        ("birthDate", _days(asked.get("birthDate"), known.get("birthDate"))),
        ("gender", _equal(asked.get("gender"), known.get("gender"))),
        ("phone", _meet(phones(asked), phones(known))),
        ("village", _meet(_villages(asked), _villages(known))),
    ]


def _identifiers(asked: Patient, known: Patient) -> float | None:
    """One that both have speaks for them; two different ones of a system say nothing."""
    return 1.0 if identifiers(asked) & identifiers(known) else None


def _names(ours: list[str], theirs: list[str]) -> float | None:
    if not ours or not theirs:
        return None
    best = max(SequenceMatcher(None, one, two).ratio() for one in ours for two in theirs)
    return best if best > 0.6 else 0.0


def _days(ours: Any, theirs: Any) -> float | None:
    if not (isinstance(ours, str) and isinstance(theirs, str)):
        return None
    if ours == theirs:
        return 1.0
    if min(len(ours), len(theirs)) < 10:
        return 0.7 if ours.startswith(theirs) or theirs.startswith(ours) else 0.0
    swapped = f"{theirs[:4]}-{theirs[8:]}-{theirs[5:7]}"
    same = sum(one == two for one, two in zip(ours.split("-"), theirs.split("-"), strict=False))
    return 0.5 if ours == swapped or same == 2 else 0.0


def _equal(ours: Any, theirs: Any) -> float | None:
    return None if ours is None or theirs is None else float(ours == theirs)


def _meet(ours: set[str], theirs: set[str]) -> float | None:
    return None if not ours or not theirs else float(bool(ours & theirs))


def _villages(patient: Patient) -> set[str]:
    """Give village codes, or the cities and lines where an address has none."""
    found = set()
    for address in _dicts(patient.get("address")):
        codes = [
            str(inner.get("valueCode"))
            for outer in _dicts(address.get("extension"))
            for inner in _dicts(outer.get("extension"))
            if inner.get("url") == "village" and inner.get("valueCode")
        ]
        found.update(codes or [fold(str(address["city"]))] if codes or address.get("city") else [])
    return found


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
