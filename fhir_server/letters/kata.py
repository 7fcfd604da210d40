"""Words and numbers as letters write them in Indonesian: dates, ages, decimals, codes."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from fhir_server.mappings.codes import CANONICAL
from fhir_server.resources.profiles import load_profiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from fhir_server.resources.wire import Document

WIB: Final = ZoneInfo("Asia/Jakarta")
BULAN: Final = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli"),
    *("Agustus", "September", "Oktober", "November", "Desember"),
)
SATUAN: Final = {"mm[Hg]": "mmHg", "Cel": "°C", "/min": "kali/menit", "%": "%"}
KELAMIN: Final = {"female": "Perempuan", "male": "Laki-laki"}


def saat(text: str | datetime | None, zone: ZoneInfo = WIB) -> datetime | None:
    """Read a moment and put it on the clock of the clinic."""
    if isinstance(text, str):
        try:
            text = datetime.fromisoformat(text)
        except ValueError:
            return None
    return text.astimezone(zone) if text is not None and text.tzinfo is not None else text


def tanggal(value: str | date | datetime | None, zone: ZoneInfo = WIB) -> str:
    """Write a day: ``20 Agustus 2024``; a year or month alone as far as it goes."""
    if value is None:
        return ""
    if isinstance(value, str) and "T" not in value:
        year, *rest = value.split("-")
        parts = [BULAN[int(rest[0]) - 1], year] if rest else [year]
        return " ".join([str(int(rest[1])), *parts] if len(rest) > 1 else parts)
    moment = saat(value, zone) if isinstance(value, str | datetime) else value
    return "" if moment is None else f"{moment.day} {BULAN[moment.month - 1]} {moment.year}"


def waktu(value: str | datetime | None, zone: ZoneInfo = WIB) -> str:
    """Write a moment: ``20 Agustus 2024 pukul 19.42``; a day alone as a day."""
    if isinstance(value, str) and "T" not in value:
        return tanggal(value, zone)
    moment = saat(value, zone)
    return "" if moment is None else f"{tanggal(moment, zone)} pukul {moment:%H.%M}"


def umur(lahir: str | None, pada: str | date | datetime | None) -> str:
    """Write an age on a day: years, below five years with months, below a month in days."""
    born = _day(lahir)
    when = _day(pada) if isinstance(pada, str) else pada
    if born is None or when is None:
        return ""
    when = when.date() if isinstance(when, datetime) else when
    months = (when.year - born.year) * 12 + when.month - born.month - (when.day < born.day)
    if months < 1:
        return f"{max((when - born).days, 0)} hari"
    years, rest = divmod(months, 12)
    if years >= 5:
        return f"{years} tahun"
    words = (f"{years} tahun" if years else "", f"{rest} bulan" if rest else "")
    return " ".join(filter(None, words))


def angka(value: float | Decimal | None) -> str:
    """Write a number with the decimal comma."""
    return "" if value is None else str(value).replace(".", ",")


def jumlah(quantity: Mapping[str, Any] | None) -> str:
    """Write a Quantity with its unit."""
    if not quantity or "value" not in quantity:
        return ""
    unit = quantity.get("code") or quantity.get("unit") or ""
    word = SATUAN.get(unit, quantity.get("unit") or unit)
    return f"{angka(quantity['value'])} {word}".strip()


def konsep(found: Document | None) -> str:
    """Write a CodeableConcept in words: its text, else the display of a code, else the code."""
    if not found:
        return ""
    codings = found.get("coding", ())
    ours = (kata(c.get("system", ""), c.get("code")) for c in codings)
    theirs = (c.get("display") for c in codings)
    codes = (c.get("code") for c in codings)
    words = (found.get("text"), *ours, *theirs, *codes)
    return str(next((each for each in words if each), ""))


def kata(system: str, code: str | None) -> str:
    """Give the Indonesian word of one of our codes; ``system`` by its name or its URL."""
    name = system.removeprefix(f"{CANONICAL}/CodeSystem/")
    return _words().get(name, {}).get(code or "", "")


@cache
def _words() -> dict[str, dict[str, str]]:
    return {
        each["id"]: {c["code"]: c.get("display", c["code"]) for c in each.get("concept", ())}
        for each in load_profiles(CANONICAL)
        if each["resourceType"] == "CodeSystem"
    }


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
