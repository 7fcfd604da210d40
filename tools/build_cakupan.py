"""Write docs/sop/cakupan.md: every step of every SOP, what it is in this server, and its tests.

The rows are docs/sop/langkah/*.yaml. Run after changing one: ``python tools/build_cakupan.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parent.parent / "docs" / "sop"
STEPS = DOCS / "langkah"
PAGE = DOCS / "cakupan.md"
CELLS = ("entitas", "sumber_daya", "aturan", "uji")
NOTE = "catatan: "
HEAD = """# Cakupan SOP

Setiap langkah kelima SOP: dokumen SOP, sumber daya FHIR, aturan yang menjaganya, dan ujinya. Sebuah
catatan (miring) menggantikan sel yang menurut sifat langkahnya tidak punya isi. Halaman ini ditulis
oleh `tools/build_cakupan.py` dari `docs/sop/langkah/*.yaml`.
"""


def procedures() -> list[dict[str, Any]]:
    """Read the five SOPs."""
    return [yaml.safe_load(each.read_text("utf-8")) for each in sorted(STEPS.glob("*.yaml"))]


def text() -> str:
    """Give the whole page."""
    return "\n".join([HEAD, *map(_procedure, procedures())])


def _procedure(procedure: dict[str, Any]) -> str:
    lines = [
        f"## {procedure['sop']}. {procedure['judul']}",
        "",
        f"Sumber: {procedure['asal']}.",
        "",
        "| langkah | isi | dokumen SOP | sumber daya | aturan | uji |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(_row, procedure["langkah"]),
        "",
    ]
    return "\n".join(lines)


def _row(step: dict[str, Any]) -> str:
    cells = (", ".join(map(_shown, step[each])) for each in CELLS)
    return f"| {step['id']} | {step['isi']} | {' | '.join(cells)} |"


def _shown(value: str) -> str:
    if value.startswith(NOTE):
        return f"*{value.removeprefix(NOTE)}*"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
