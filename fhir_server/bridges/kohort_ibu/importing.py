"""Rows of a Kohort Ibu become mothers and pregnancies; each row is stored or says why not.

A mother is known by her NIK, a pregnancy by its HPHT: the same file again stores nothing twice.
Both are judged before anything is stored. The cohort itself follows from the pregnancies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from fhir_server import exchange
from fhir_server.errors import FhirError
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings.codes import NIK
from fhir_server.mappings.elements import day_of
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.sop import episode_kehamilan, pasien
from fhir_server.sop.episode_kehamilan import EpisodeKehamilan
from fhir_server.sop.pasien import Pasien

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.context import Context

Outcome = Literal["disimpan", "sudah-ada", "ditolak"]
FORMS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
VOID: Final = ("entered-in-error", "cancelled")


class Refused(ValueError):
    """A row that is not stored, in the words of the SOP."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row: its number in the file, and why if it was refused."""

    number: int
    outcome: Outcome
    reason: str = ""


@dataclass(slots=True)
class Report:
    """What became of every row, in the order of the file."""

    rows: list[Row] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Say how many rows ended so."""
        return sum(each.outcome == outcome for each in self.rows)


def bring_in(context: Context, faskes: str, rows: Iterable[tuple[int, dict[str, str]]]) -> Report:
    """Store the rows of a puskesmas's register, one by one."""
    report = Report()
    for number, said in rows:
        try:
            outcome = _stored(context, faskes, said)
            report.rows.append(Row(number, outcome))
        except Refused as refused:
            report.rows.append(Row(number, "ditolak", str(refused)))
        except FhirError as error:
            words = "; ".join(each.indonesian or each.diagnostics for each in error.issues)
            report.rows.append(Row(number, "ditolak", words))
    return report


def _stored(context: Context, faskes: str, said: dict[str, str]) -> Outcome:
    mother = _mother(faskes, said, f"KOHORT-{context.new_id()[:8]}")
    pregnancy = _pregnancy(context, faskes, said)
    wrong = [*pasien.periksa(mother), *episode_kehamilan.periksa(pregnancy("?"))]
    if refused := [each.kalimat for each in wrong if each.jenis != "peringatan"]:
        raise Refused("; ".join(refused))
    reader = StoreReader(context)
    known = [
        e for e in reader.find("Patient", [("identifier", f"{NIK}|{mother.nik}")]) if _in_use(e)
    ]
    if not known:
        made = exchange.publish(context, "pasien", mother).id
    else:
        made = known[0]["id"]
        pairs = [("patient", f"Patient/{made}"), ("type", f"{EPISODE_TYPE}|ANC")]
        there = [e for e in reader.find("EpisodeOfCare", pairs) if e.get("status") not in VOID]
        starts = [day_of(each.get("period", {}).get("start")) for each in there]
        if pregnancy("?").hpht in starts:
            return "sudah-ada"
    exchange.publish(context, "episode_kehamilan", pregnancy(made))
    return "disimpan"


def _in_use(patient: dict[str, object]) -> bool:
    return patient.get("active") is not False


def _mother(faskes: str, said: dict[str, str], number: str) -> Pasien:
    village = _pattern(said, "desa", r"\d{10}", "kode desa 10 angka, mis. 9902012001")
    nik = _pattern(said, "nik", r"\d{16}", "16 angka; di Excel, kolom NIK berformat Teks")
    return Pasien(
        sumber="impor-ekspor",
        faskes=faskes,
        noRM=said.get("noRM") or number,
        nama=_needed(said, "nama"),
        nik=nik,
        tanggalLahir=_day(said, "tanggalLahir"),
        jenisKelamin="female",
        provinsi=village[:2],
        kabupaten=village[:4],
        kecamatan=village[:6],
        desa=village,
        noBukuKIA=said.get("noBukuKIA"),
        hp=said.get("hp"),
        alamat=said.get("alamat"),
    )


def _pregnancy(
    context: Context, faskes: str, said: dict[str, str]
) -> Callable[[str], EpisodeKehamilan]:
    zone = ZoneInfo(context.settings.timezone)
    now = context.clock().astimezone(zone).replace(microsecond=0)
    met = datetime.combine(_day(said, "kontak"), time(8), zone) if "kontak" in said else now
    last = _day(said, "persalinanTerakhir") if "persalinanTerakhir" in said else None
    gravida, partus, abortus = (_number(said, e) for e in ("gravida", "partus", "abortus"))
    hpht = _day(said, "hpht")

    def of(mother: str) -> EpisodeKehamilan:
        return EpisodeKehamilan(
            sumber="impor-ekspor",
            faskes=faskes,
            pasien=mother,
            hpht=hpht,
            dicatat=met,
            persalinanTerakhir=last,
            gravida=gravida,
            partus=partus,
            abortus=abortus,
        )

    return of


def _needed(said: dict[str, str], name: str) -> str:
    if name not in said:
        raise Refused(f"{name}: kosong. Seharusnya: terisi.")
    return said[name]


def _pattern(said: dict[str, str], name: str, pattern: str, right: str) -> str:
    value = _needed(said, name)
    if re.fullmatch(pattern, value) is None:
        raise Refused(f"{name}: bukan {right.partition(',')[0]}. Seharusnya: {right}.")
    return value


def _number(said: dict[str, str], name: str) -> int:
    value = _needed(said, name)
    if not value.isascii() or not value.isdigit():
        raise Refused(f"{name}: {value!r} bukan bilangan. Seharusnya: mis. 2.")
    return int(value)


def _day(said: dict[str, str], name: str) -> date:
    value = _needed(said, name)
    for form in FORMS:
        try:
            return datetime.strptime(value, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise Refused(f"{name}: {value!r} bukan tanggal. Seharusnya: mis. 2024-01-15 atau 15/01/2024.")
