"""The letters people print: resources in, HTML in Indonesian out, and PDF from that. Pure.

One module per letter with ``SURAT``, one template of the same name in ``templates/``; nothing is
registered by hand. A Composition that has no letter of its own is printed section by section
(``komposisi``). Everything a resource says is escaped; nothing is fetched.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.letters.berkas import Berkas

KOMPOSISI: Final = "komposisi"


@dataclass(frozen=True, slots=True)
class Surat:
    """One letter.

    ``isi(berkas)`` gives what its template shows: ``judul``, ``nomor``, ``kop`` (the facility that
    writes), ``tanggal``, ``penanda`` (who signs) and its own. ``entitas``: the SOP entity that it
    prints, ``jenis``: the code of jenis-dokumen of the Composition that it prints, if there is one.
    """

    templat: str
    isi: Callable[[Berkas], dict[str, Any]]
    entitas: str | None = None
    jenis: str | None = None
    kertas: Literal["A4", "A4 landscape", "A5"] = "A4"


@cache
def load_letters() -> tuple[Surat, ...]:
    """Find the SURAT of every module of this room."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(module.SURAT for module in modules if hasattr(module, "SURAT"))


def letter_for(berkas: Berkas, entity: str | None = None) -> Surat | None:
    """Choose the letter of an entity, or of the Composition among its resources; else None."""
    letters = load_letters()
    found = next((each for each in letters if entity is not None and each.entitas == entity), None)
    composition = berkas.komposisi
    if found is not None or composition is None:
        return found
    of_kind = (each for each in letters if each.jenis is not None and berkas.berjenis(each.jenis))
    return next(of_kind, None) or next(each for each in letters if each.templat == KOMPOSISI)
