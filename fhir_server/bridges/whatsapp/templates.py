"""The templates that Meta has to approve before they can be sent: one table. Pure.

Outside the 24 hours after a person's last message WhatsApp delivers templates only. Each row has
the name and language under which the clinic registered it and its parameters in order; the words
are what docs/exchange/whatsapp.md gives to Meta and what is kept in the record. An operator whose
templates are called otherwise gives a YAML file (FHIR_WHATSAPP_TEMPLAT):

    pemantauan: {nama: kontak_ibu, bahasa: id, parameter: [nama, petugas]}

https://developers.facebook.com/docs/whatsapp/message-templates
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

Kind = Literal["pemantauan", "advis", "darurat", "janji", "pesan"]
KEYS: Final = {"nama": "name", "bahasa": "language", "parameter": "parameters", "kata": "words"}
LONGEST: Final = 1024
"""Characters of the body of a template with its parameters filled in."""
LONGEST_TEXT: Final = 4096
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


@dataclass(frozen=True, slots=True)
class Template:
    """One template; ``words`` has its parameters in braces, by name."""

    kind: Kind
    name: str
    language: str
    parameters: tuple[str, ...]
    words: str


Table = Mapping[Kind, Template]
TABLE: Final[Table] = {
    each.kind: each
    for each in (
        Template(
            "pemantauan",
            "pemantauan_terjadwal",
            "id",
            ("nama", "petugas", "faskes"),
            "Halo {nama}, ini {petugas} dari {faskes}. Hari ini jadwal pemantauan kesehatan Anda. "
            "Bagaimana keadaan Anda, adakah keluhan? Silakan balas pesan ini. Bila gawat, segera "
            "ke IGD terdekat. Balas BERHENTI bila tidak ingin dikirimi pesan.",
        ),
        Template(
            "advis",
            "saran_dokter",
            "id",
            ("nama", "isi"),
            "Halo {nama}, dokter memberi saran berikut atas keluhan Anda: {isi} Silakan balas "
            "pesan ini bila ada yang belum jelas.",
        ),
        Template(
            "darurat",
            "pesan_darurat",
            "id",
            ("nama", "isi"),
            "Halo {nama}, pesan penting: {isi} Segera hubungi kami.",
        ),
        Template(
            "janji",
            "pengingat_janji",
            "id",
            ("nama", "layanan", "waktu", "tempat"),
            "Halo {nama}, kami mengingatkan janji layanan {layanan} Anda pada {waktu} di {tempat}. "
            "Balas pesan ini bila berhalangan. Balas BERHENTI bila tidak ingin dikirimi pesan.",
        ),
        Template(
            "pesan",
            "pesan_petugas",
            "id",
            ("nama", "petugas", "isi"),
            "Halo {nama}, pesan dari {petugas}: {isi} Silakan balas pesan ini.",
        ),
    )
}


def in_words(template: Template, values: Mapping[str, str]) -> str:
    """Write a template as a person reads it."""
    return template.words.format_map({each: flat(values[each]) for each in _named(template.words)})


def body(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """Write a template as the Graph API takes it."""
    filled = [{"type": "text", "text": flat(values[each])} for each in template.parameters]
    components = [{"type": "body", "parameters": filled}] if filled else []
    language = {"code": template.language}
    return {"name": template.name, "language": language, "components": components}


def fits(template: Template, values: Mapping[str, str]) -> bool:
    """Tell whether WhatsApp takes it: no parameter empty, and not longer than it allows."""
    given = [flat(values.get(each, "")) for each in template.parameters]
    return all(given) and len(in_words(template, {**values})) <= LONGEST


def flat(text: str) -> str:
    """Write a text on one line, as a parameter must be."""
    return " ".join(text.split())


@cache
def load(path: str) -> Table:
    """Read the operator's changes to the table; ValueError says what is wrong, and where."""
    if not path:
        return TABLE
    try:
        given = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"FHIR_WHATSAPP_TEMPLAT={path!r} cannot be read: {error}.") from None
    if not isinstance(given, dict) or (unknown := set(given) - set(get_args(Kind))):
        wrong = ", ".join(sorted(map(str, unknown))) if isinstance(given, dict) else "no table"
        raise ValueError(f"{path}: {wrong}. Right: {', '.join(get_args(Kind))}.")
    return {kind: _changed(path, row, given.get(kind)) for kind, row in TABLE.items()}


def _changed(path: str, row: Template, given: Any) -> Template:
    if given is None:
        return row
    where = f"{path}: {row.kind}"
    if not isinstance(given, dict) or set(given) - set(KEYS):
        raise ValueError(f"{where}: right are {', '.join(KEYS)}.")
    more = {KEYS[key]: value for key, value in given.items()}
    if "parameters" in more:
        more["parameters"] = tuple(map(str, more["parameters"] or ()))
    changed = replace(row, **more)
    known = _named(row.words)
    wrong = [each for each in (*changed.parameters, *_named(changed.words)) if each not in known]
    if wrong:
        raise ValueError(f"{where}: {', '.join(wrong)} is none of {', '.join(known)}.")
    if not _NAME.fullmatch(str(changed.name)) or not _LANGUAGE.fullmatch(str(changed.language)):
        raise ValueError(f"{where}: nama is like pesan_petugas, bahasa like id or en_US.")
    return changed


def _named(words: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(words) if name]
