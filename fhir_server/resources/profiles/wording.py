"""The wording of what breaks a profile, in English and Indonesian."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import Issue
from fhir_server.resources.messages import shown

if TYPE_CHECKING:
    from fhir_server.errors import Severity

_MESSAGES: dict[str, tuple[str, str, str]] = {
    "few": (
        "required",
        "{name}: {count} found, at least {least} needed.",
        "{name}: ada {count}, paling sedikit harus {least}.",
    ),
    "many": (
        "structure",
        "{name}: {count} found, at most {most} allowed.",
        "{name}: ada {count}, paling banyak {most}.",
    ),
    "prohibited": (
        "structure",
        "{name} must not be there.",
        "{name} tidak boleh ada.",
    ),
    "fixed": (
        "value",
        "{value} is there; it must be exactly {right}.",
        "Isinya {value}; harus tepat {right}.",
    ),
    "pattern": (
        "value",
        "{value} is there; it must contain {right}.",
        "Isinya {value}; harus memuat {right}.",
    ),
    "least": (
        "value",
        "{value} is there; it must not be less than {right}.",
        "Isinya {value}; tidak boleh kurang dari {right}.",
    ),
    "most": (
        "value",
        "{value} is there; it must not be more than {right}.",
        "Isinya {value}; tidak boleh lebih dari {right}.",
    ),
    "long": (
        "too-long",
        "{count} characters; at most {most} are allowed.",
        "{count} karakter; paling banyak {most}.",
    ),
    "type": (
        "structure",
        "A {value} is there; allowed: {right}.",
        "Tipenya {value}; yang boleh: {right}.",
    ),
    "closed": (
        "structure",
        "This fits none of the slices {right}, and no other is allowed.",
        "Tidak cocok dengan slice {right}, dan yang lain tidak boleh ada.",
    ),
    "end": (
        "structure",
        "What fits no slice must come after all that do ({right}).",
        "Yang tidak cocok dengan slice harus berada setelah semua yang cocok ({right}).",
    ),
    "order": (
        "structure",
        "The slice {name} is out of order; the order is {right}.",
        "Slice {name} tidak pada urutannya; urutannya {right}.",
    ),
    "code": (
        "code-invalid",
        "{value} is not in the value set {right}.",
        "{value} tidak ada di value set {right}.",
    ),
    "uncoded": (
        "code-invalid",
        "There is no code; one from {right} is needed.",
        "Tidak ada kode; harus ada kode dari {right}.",
    ),
    "unsure": (
        "not-found",
        "Nobody can say here whether {value} is in {right}: the value set, or its code system, is "
        "not loaded.",
        "Tidak dapat dipastikan apakah {value} ada di {right}: value set atau code system-nya "
        "tidak dimuat.",
    ),
    "target": (
        "structure",
        "This refers to a {value}; allowed: {right}.",
        "Ini merujuk ke {value}; yang boleh: {right}.",
    ),
    "conforms": (
        "structure",
        "What this refers to meets none of the profiles {right}.",
        "Yang dirujuk tidak memenuhi satu pun profil {right}.",
    ),
    "variety": (
        "structure",
        "This meets none of the profiles {right}.",
        "Ini tidak memenuhi satu pun profil {right}.",
    ),
    "invariant": (
        "invariant",
        "{key}: {human} ({expression})",
        "{key}: {human} ({expression})",
    ),
    "unevaluated": (
        "not-supported",
        "{key} could not be evaluated: {expression}",
        "{key} tidak dapat dievaluasi: {expression}",
    ),
    "support": (
        "informational",
        "{name} is not given; systems must support it.",
        "{name} tidak diisi; sistem harus mendukungnya.",
    ),
    "another": (
        "structure",
        "The profile is one of {right}, but this is a {value}.",
        "Profil ini untuk {right}, tetapi ini {value}.",
    ),
    "unknown": (
        "not-found",
        "The profile is not known here, so it was not checked; load it, or correct the URL.",
        "Profil ini tidak dikenal di sini, jadi tidak diperiksa; muat profilnya, atau perbaiki "
        "URL-nya.",
    ),
    "unusable": (
        "not-supported",
        "The profile cannot be used: {why}",
        "Profil ini tidak dapat dipakai: {why}",
    ),
    "unchecked": (
        "not-supported",
        "This part of the profile was not checked: {why}",
        "Bagian profil ini tidak diperiksa: {why}",
    ),
    "extension": (
        "extension",
        "The extension {value} is not known here, so it was not checked.",
        "Extension {value} tidak dikenal di sini, jadi tidak diperiksa.",
    ),
    "modifier": (
        "extension",
        "The modifier extension {value} is not known here; it may change what the resource means, "
        "so it cannot be accepted.",
        "Modifier extension {value} tidak dikenal di sini; ia dapat mengubah makna resource, "
        "jadi tidak dapat diterima.",
    ),
    "context": (
        "extension",
        "The extension {value} may not stand here; it belongs to {right}.",
        "Extension {value} tidak boleh berada di sini; tempatnya di {right}.",
    ),
    "modifies": (
        "extension",
        "The extension {value} modifies; it belongs into modifierExtension.",
        "Extension {value} bersifat modifier; tempatnya di modifierExtension.",
    ),
    "plain": (
        "extension",
        "The extension {value} modifies nothing; it belongs into extension.",
        "Extension {value} bukan modifier; tempatnya di extension.",
    ),
}


def said(
    message: str, at: str, source: str = "", *, severity: Severity = "error", **words: str
) -> Issue:
    """Word one issue; ``source`` is the profile that asks for it, with the element's id."""
    code, english, indonesian = _MESSAGES[message]
    asks = f" [{source}]" if source else ""
    return Issue(
        code,
        english.format(**words) + asks,
        at,
        severity,
        indonesian=indonesian.format(**words) + asks,
    )


def brief(value: object) -> str:
    """Write a value into a message; objects as JSON as far as it is short."""
    if isinstance(value, dict) and "system" in value and "code" in value:
        return f"{value['system']}|{value['code']}"
    if isinstance(value, dict) and isinstance(value.get("coding"), list):
        return ", ".join(brief(each) for each in value["coding"][:3])
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        return f"{name} {brief(inner)}"
    return shown(value)[0]
