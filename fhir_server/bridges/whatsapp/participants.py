"""Who is who in an exported chat, as the clinic says it: MAP.yaml. Nothing is guessed.

utas: utas-endang                 # id of the thread; made if it is not there
layanan: pemantauan               # lakon, pemantauan or umum
pasien: endang                    # whom the chat is about, if anybody
zona: Asia/Jakarta                # the telephone's; else the server's setting
kategori: darurat                 # of what patients write: one for all, or one a stretch of time:
# kategori: [{dari: 2021-07-08 18:00, sampai: 2021-07-08 19:30, kategori: darurat}]
peserta:
  Bu Endang: pasien/endang        # or nik/9902015405830015
  Bidan Ngelo: petugas/bidan-desa-ngelo
  "+62 812-0000-0009": keluarga/suami-endang
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from fhir_server.sop.percakapan_konsultasi import LayananKonsultasi
from fhir_server.sop.pesan_chat import KategoriPesan
from fhir_server.sop.pihak import POLA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = {"utas", "layanan", "pasien", "zona", "kategori", "peserta"}
STRETCH = {"dari", "sampai", "kategori"}
NIK = "nik/"
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_PARTY = re.compile(rf"{POLA}|nik/[0-9]{{16}}")


class UnreadableMap(ValueError):
    """MAP.yaml does not say what it must; the message names the key and what would be right."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when, local time and both included, patients' messages are of a category."""

    start: datetime
    end: datetime
    category: KategoriPesan


@dataclass(frozen=True, slots=True)
class Participants:
    """A MAP.yaml as read; ``parties`` are name in the chat → party."""

    thread: str
    service: LayananKonsultasi
    patient: str | None
    zone: ZoneInfo
    parties: Mapping[str, str]
    stretches: tuple[Stretch, ...] = ()

    def category(self, moment: datetime) -> KategoriPesan:
        """Give the category of what a patient wrote at a moment of local time."""
        for each in self.stretches:
            if each.start <= moment <= each.end:
                return each.category
        return self.usual

    @property
    def usual(self) -> KategoriPesan:
        """Give the category of a message of which the map says nothing."""
        return "pemantauan" if self.service == "pemantauan" else "lainnya"


def read(text: str, zone: str) -> Participants:
    """Read MAP.yaml; ``zone`` is the setting for a map that names none."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UnreadableMap(f"Bukan YAML: {error}") from error
    if not isinstance(given, dict):
        raise UnreadableMap("Bukan peta YAML. Seharusnya: utas, layanan dan peserta.")
    if unknown := {str(each) for each in given} - KEYS:
        raise UnreadableMap(
            f"{', '.join(sorted(unknown))}: tidak dikenal. Yang ada: {', '.join(sorted(KEYS))}."
        )
    return Participants(
        _id(given, "utas"),
        _service(given.get("layanan", "umum")),
        _id(given, "pasien") if given.get("pasien") is not None else None,
        _zone(str(given.get("zona", zone))),
        _parties(given.get("peserta")),
        tuple(_stretches(given.get("kategori"))),
    )


def _id(given: dict[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UnreadableMap(f"{key}: {value!r}. Seharusnya: huruf, angka, '-' dan '.', 1-64 tanda.")
    return value


def _service(value: Any) -> LayananKonsultasi:
    for each in get_args(LayananKonsultasi):
        if each == value:
            found: LayananKonsultasi = each
            return found
    raise UnreadableMap(
        f"layanan: {value!r}. Seharusnya: {', '.join(get_args(LayananKonsultasi))}."
    )


def _stretches(given: Any) -> Iterator[Stretch]:
    if given is None:
        return
    if isinstance(given, str):
        yield Stretch(datetime.min, datetime.max, _category(given))  # noqa: DTZ901 - local time
        return
    for each in given if isinstance(given, list) else [given]:
        if not isinstance(each, dict) or set(each) != STRETCH:
            raise UnreadableMap(
                f"kategori: {each!r}. Seharusnya: satu kata, atau daftar dari, sampai, kategori."
            )
        yield Stretch(_time(each["dari"]), _time(each["sampai"]), _category(each["kategori"]))


def _category(value: Any) -> KategoriPesan:
    for each in get_args(KategoriPesan):
        if each == value and each != "sistem":
            found: KategoriPesan = each
            return found
    words = ", ".join(each for each in get_args(KategoriPesan) if each != "sistem")
    raise UnreadableMap(f"kategori: {value!r}. Seharusnya: {words}.")


def _time(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise UnreadableMap(f"kategori: {value!r}. Seharusnya: 2021-07-08 18:00.") from None
    return found.replace(tzinfo=None)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnreadableMap(f"zona: {name!r}. Seharusnya: misalnya Asia/Jakarta.") from None


def _parties(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not given:
        raise UnreadableMap("peserta: kosong. Seharusnya: nama di percakapan: pasien/…, petugas/….")
    for name, party in given.items():
        if not isinstance(party, str) or not _PARTY.fullmatch(party):
            raise UnreadableMap(
                f"peserta {name}: {party!r}. Seharusnya: pasien/…, keluarga/…, petugas/…, tim/…, "
                "faskes/…, wa/… atau nik/… dengan 16 angka."
            )
    return {str(name): party for name, party in given.items()}
