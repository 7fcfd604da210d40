"""What every SOP document is made of: typed fields that say what they mean, and reproofs."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, dataclass_transform

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

Sumber = Literal["webhook", "impor-ekspor", "entri-manual", "api", "bridge"]


@dataclass(frozen=True, slots=True)
class Teguran:
    """What is wrong with a field, what would be right, and which SOP rule says so.

    ``jenis``: ``isi`` (the document itself), ``keadaan`` (the present state forbids it) or
    ``peringatan`` (it is kept, and somebody should look). ``english`` repeats the message for
    readers of the FHIR API.
    """

    bidang: str
    salah: str
    benar: str
    aturan: str | None = None
    jenis: Literal["isi", "keadaan", "peringatan"] = "isi"
    english: str | None = None

    @property
    def kalimat(self) -> str:
        """The whole reproof as one text."""
        aturan = f" ({self.aturan})" if self.aturan else ""
        return f"{self.bidang}: {self.salah} Seharusnya: {self.benar}{aturan}"


def bidang(  # noqa: PLR0913 - one keyword per thing a field can say
    label: str,
    asal: str,
    *,
    default: Any = MISSING,
    kode: str | None = None,
    rujuk: str | None = None,
    pola: str | None = None,
    contoh: Any = None,
    cari: bool = False,
    rahasia: bool = False,
    server: bool = False,
    terjadi: bool | tuple[str, ...] = False,
) -> Any:
    """Describe a field of a document; one without ``default`` is required.

    ``asal`` is where the SOP asks for it, ``kode`` the code list its values come from, ``rujuk``
    the entity whose id it holds, ``pola`` a regular expression for the whole value, ``contoh`` an
    example, ``cari`` whether lists can be filtered by it (``rahasia``: only where the value stands
    in no URL), ``server`` whether the server fills it, ``terjadi`` that it is an instant or a day
    of something that has happened (but for a document in one of the states it names).
    """
    metadata = {
        "label": label,
        "asal": asal,
        "kode": kode,
        "rujuk": rujuk,
        "pola": pola,
        "contoh": contoh,
        "cari": cari,
        "rahasia": rahasia,
        "server": server,
        "terjadi": terjadi,
    }
    return field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(bidang,))
def dokumen(cls: type[T]) -> type[T]:
    """Make a class a document, or a part of one: frozen, by keyword only."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@dokumen
class Dokumen:
    """What every entity's document carries."""

    sumber: Sumber = bidang(
        "Asal data", "domain §2", default="api", kode="asal-data", contoh="entri-manual"
    )


def isi(value: Any) -> Any:
    """Write a document, or a part of one, as plain values; what is empty is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: isi(getattr(value, each.name)) for each in fields(value)}
        return {name: part for name, part in parts.items() if part not in (None, [], {})}
    if isinstance(value, list | tuple):
        return [isi(each) for each in value]
    return value


def terlalu_panjang(nilai: Any, batas: int, tempat: str = "") -> Iterator[Teguran]:
    """Find every text of a document, or of a part of one, that is longer than the limit."""
    if isinstance(nilai, str):
        if len(nilai) > batas:
            yield Teguran(tempat, f"{len(nilai)} tanda.", f"paling banyak {batas} tanda.")
    elif isinstance(nilai, list | tuple):
        for nomor, each in enumerate(nilai):
            yield from terlalu_panjang(each, batas, f"{tempat}[{nomor}]")
    elif is_dataclass(nilai):
        for each in fields(nilai):
            dalam = f"{tempat}.{each.name}" if tempat else each.name
            yield from terlalu_panjang(getattr(nilai, each.name), batas, dalam)


@cache
def _lampau(kelas: type[Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the fields of a document that say when something happened."""
    said = ((each.name, each.metadata.get("terjadi")) for each in fields(kelas))
    return tuple((nama, () if each is True else each) for nama, each in said if each)


def belum_terjadi(dokumen: Dokumen, sekarang: datetime) -> Iterator[Teguran]:
    """Find what is said to have happened later than tomorrow: a year was mistyped.

    One day is left for clocks that differ.
    """
    batas = sekarang + timedelta(days=1)
    kelas: Any = type(dokumen)
    for nama, kecuali in _lampau(kelas):
        nilai = getattr(dokumen, nama)
        if nilai is None or getattr(dokumen, "status", None) in kecuali:
            continue
        if nilai > (batas if isinstance(nilai, datetime) else batas.date()):
            yield Teguran(nama, f"{nilai} belum terjadi.", f"paling lambat {sekarang.date()}.")


_encoder = msgspec.json.Encoder(decimal_format="number")


def tulis(value: Any) -> bytes:
    """Write plain values as JSON; decimals keep their digits."""
    return _encoder.encode(value)
