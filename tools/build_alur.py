"""Write docs/sop/alur.md: every state machine of the SOPs, from its table.

Run after changing a table: ``python tools/build_alur.py``. A test holds that nothing is left to
write.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fhir_server.mappings.alur import jaga

if TYPE_CHECKING:
    from fhir_server.mappings.alur import Jaga

PAGE = Path(__file__).parent.parent / "docs" / "sop" / "alur.md"
HEAD = """# Alur status

Setiap alur SOP adalah satu tabel (`fhir_server/sop/alur.py`). Dari tabel itu berasal halaman ini,
aturan dokumen SOP, dan jawaban FHIR: perpindahan yang tidak ada di tabel ditolak **409** dengan
aturannya dan status berikut yang boleh, dalam bahasa Inggris dan (`Accept-Language: id`) Indonesia;
sama saja apakah lewat SOP API, `PUT`, `PATCH` atau transaksi. Halaman ini ditulis oleh
`tools/build_alur.py`.
"""


def text() -> str:
    """Give the whole page."""
    return "\n".join([HEAD, *map(_table, sorted(jaga(), key=lambda each: each.alur.nama))])


def _table(each: Jaga) -> str:
    alur = each.alur
    awal = ", ".join(f"`{nama}`" for nama in alur.awal) or "status mana pun (data lama dari kertas)"
    lines = [
        f"## {alur.nama}",
        "",
        f"{alur.aturan}. `{each.resource_type}`, penolakan menunjuk `{each.element}`. "
        f"Dimulai dengan: {awal}.",
        "",
        "| status | FHIR | dibuat oleh | berikutnya | English |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| `{nama}` | `{each.status[nama]}` | {', '.join(keadaan.oleh)} | "
            f"{_next(each, nama)} | {alur.inggris(nama)} |"
            for nama, keadaan in alur.keadaan.items()
        ),
        "",
    ]
    if alur.selalu:
        always = ", ".join(f"`{nama}`" for nama in alur.selalu)
        lines += [f"Dari setiap status: {always}.", ""]
    return "\n".join(lines)


def _next(each: Jaga, nama: str) -> str:
    allowed = ", ".join(f"`{after}`" for after in each.alur.keadaan[nama].berikut)
    return allowed or "berakhir"


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
