"""The SOP domain in its own words: Indonesian. Does not know that FHIR exists.

Pure but for the archive (arsip, penutupan).

One file per entity: its document (a subclass of ``Dokumen``) and its rules. ``entitas()`` finds
them; nothing is registered by hand. A module may have

* ``periksa(dokumen) -> Iterable[Teguran]``: what one document alone can get wrong;
* ``periksa_perubahan(lama, baru) -> Iterable[Teguran]``: which changes its SOP forbids.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fhir_server.sop.dokumen import Dokumen, Teguran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    Periksa = Callable[[Any], Iterable[Teguran]]
    PeriksaPerubahan = Callable[[Mapping[str, Any], Any], Iterable[Teguran]]

TANPA_ENTITAS = {"arsip", "dokumen"}


@dataclass(frozen=True, slots=True)
class Entitas:
    """One kind of SOP document. ``nama`` is its module's name, and its place in URLs."""

    nama: str
    dokumen: type[Any]
    periksa: Periksa
    periksa_perubahan: PeriksaPerubahan

    @property
    def alamat(self) -> str:
        """The name as URLs write it."""
        return self.nama.replace("_", "-")


@cache
def entitas() -> dict[str, Entitas]:
    """Find every entity module of this room, by name."""
    names = [each.name for each in pkgutil.iter_modules(__path__)]
    modules = {n: import_module(f"{__name__}.{n}") for n in names if n not in TANPA_ENTITAS}
    return {
        name: Entitas(
            name,
            found,
            getattr(module, "periksa", _setuju),
            getattr(module, "periksa_perubahan", _setuju),
        )
        for name, module in modules.items()
        if (found := _dokumen(module)) is not None
    }


def _dokumen(module: ModuleType) -> type[Dokumen] | None:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Dokumen):  # noqa: SIM102
            if value.__module__ == module.__name__:
                return value
    return None


def _setuju(*_: object) -> tuple[Teguran, ...]:
    return ()
