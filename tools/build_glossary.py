"""Write docs/sop/istilah.md: every field of every SOP document, and what it becomes.

Run after changing a document: ``python tools/build_glossary.py``. A test holds that nothing is
left to write.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from fhir_server.mappings import load_mappings
from fhir_server.sop import entitas

GLOSSARY = Path(__file__).parent.parent / "docs" / "sop" / "istilah.md"
HEAD = """# Istilah

Setiap bidang dokumen SOP: namanya di API, artinya, dan bagian SOP yang memintanya. Bertanda `!`:
wajib. `(server)`: diisi server. Halaman ini ditulis oleh `tools/build_glossary.py`.
"""


def text() -> str:
    """Give the whole page."""
    mappings = load_mappings()
    return "\n".join([HEAD, *(_entity(n, e, mappings.get(n)) for n, e in entitas().items())])


def _entity(name: str, entity: Any, mapping: Any) -> str:
    becomes = f" → `{mapping.resource_type}`, profil `{mapping.profile}`" if mapping else ""
    lines = [
        f"## {entity.dokumen.__name__}",
        "",
        f"{entity.dokumen.__doc__} `/sop/v1/{name.replace('_', '-')}`{becomes}.",
        "",
        "| bidang | arti | asal | kode |",
        "| --- | --- | --- | --- |",
        *_rows(entity.dokumen, ""),
        "",
    ]
    return "\n".join(lines)


def _rows(document: type[Any], prefix: str) -> list[str]:
    hints = get_type_hints(document)
    rows = []
    for each in fields(document):
        says = each.metadata
        mark = "!" if each.default is each.default_factory else ""
        server = " (server)" if says.get("server") else ""
        codes = f"`{says['kode']}`" if says.get("kode") else ""
        name = f"{prefix}{each.name}"
        rows.append(f"| `{name}`{mark} | {says['label']}{server} | {says['asal']} | {codes} |")
        part = _part(hints[each.name])
        if part is not None:
            rows += _rows(part, f"{name}.")
    return rows


def _part(hint: Any) -> type[Any] | None:
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    return next((found for each in get_args(hint) if (found := _part(each))), None)


if __name__ == "__main__":
    GLOSSARY.parent.mkdir(parents=True, exist_ok=True)
    GLOSSARY.write_text(text(), "utf-8")
