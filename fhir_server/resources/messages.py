"""The wording of structural issues, in English and Indonesian."""

from __future__ import annotations

from fhir_server.errors import Issue

LONGEST = 60
"""Characters of a client's own value that a message repeats."""

_MESSAGES: dict[str, tuple[str, str, str]] = {
    "unknown": (
        "structure",
        "{name} is not an element of {type}{hint}.",
        "{name} bukan elemen {type}{hint}.",
    ),
    "absent": (
        "required",
        "{name} is missing; {type} must have it.",
        "{name} tidak ada; {type} wajib memilikinya.",
    ),
    "single": (
        "structure",
        "{name} must be one value, not an array.",
        "{name} harus satu nilai, bukan array.",
    ),
    "array": (
        "structure",
        "{name} must be an array, even of one value.",
        "{name} harus berupa array, walau hanya satu nilai.",
    ),
    "empty": (
        "structure",
        '{name} is empty: leave it out, or give it a value. R4 allows no null, "", {{}} or [].',
        '{name} kosong: hilangkan, atau beri nilai. R4 tidak menerima null, "", {{}}, atau [].',
    ),
    "object": (
        "structure",
        "{name} must be a JSON object of type {type}.",
        "{name} harus berupa objek JSON bertipe {type}.",
    ),
    "primitive": (
        "value",
        "{value} is not a valid {type}: {name} must be {expected}.",
        "{value} bukan {type} yang sah: {name} harus berupa {expected}.",
    ),
    "choice": (
        "structure",
        "Only one of {names} may be there.",
        "Hanya satu dari {names} yang boleh ada.",
    ),
    "code": (
        "code-invalid",
        "{value} is not a code of {valueset}{hint}.",
        "{value} bukan kode dari {valueset}{hint}.",
    ),
    "concept": (
        "code-invalid",
        "{name} needs a coding from {valueset}{hint}.",
        "{name} memerlukan coding dari {valueset}{hint}.",
    ),
    "alignment": (
        "structure",
        "{name} and _{name} must be arrays of the same length: null where one has nothing.",
        "{name} dan _{name} harus array dengan panjang yang sama: null bila salah satu kosong.",
    ),
    "hole": (
        "structure",
        "Null stands for nothing here: there is no _{name} that says more.",
        "Null di sini tidak berarti apa-apa: tidak ada _{name} yang menjelaskannya.",
    ),
    "extension": (
        "invariant",
        "An extension has either a value[x] or extensions in it, not both and not neither.",
        "Extension harus berisi value[x] atau extension di dalamnya, tepat salah satu.",
    ),
    "target": (
        "value",
        "{name} may not refer to a {value}{hint}.",
        "{name} tidak boleh merujuk ke {value}{hint}.",
    ),
    "type": (
        "structure",
        "{value} is not a resource type of R4{hint}.",
        "{value} bukan tipe resource R4{hint}.",
    ),
    "untyped": (
        "structure",
        "resourceType is missing: a resource says which type it is.",
        "resourceType tidak ada: resource harus menyebut tipenya.",
    ),
    "nested": (
        "structure",
        "A contained resource must not contain resources of its own.",
        "Resource di dalam contained tidak boleh memiliki contained sendiri.",
    ),
    "long": (
        "too-long",
        "{name} has more than 1048576 characters, which is all a string may have.",
        "{name} lebih dari 1048576 karakter, batas sebuah string.",
    ),
    "deep": (
        "too-long",
        "The resource is nested too deeply to be checked.",
        "Resource bersarang terlalu dalam untuk diperiksa.",
    ),
    "more": (
        "too-costly",
        "There are more issues than the {count} listed here.",
        "Masih ada masalah lain di luar {count} yang tercantum.",
    ),
}

_HINTS = {
    "did you mean": "maksudnya",
    "allowed": "yang boleh",
}


def issue(message: str, expression: str, **words: str | tuple[str, str]) -> Issue:
    """Word one issue; a word given as a pair is English and Indonesian."""
    code, english, indonesian = _MESSAGES[message]
    first = {name: word if isinstance(word, str) else word[0] for name, word in words.items()}
    second = {name: word if isinstance(word, str) else word[1] for name, word in words.items()}
    return Issue(
        code,
        english.format(**first),
        expression,
        indonesian=indonesian.format(**second),
    )


def hint(kind: str, words: tuple[str, ...]) -> tuple[str, str]:
    """Say what would be right, where something is known that would: ``; did you mean "x"?``."""
    if not words:
        return "", ""
    said = ", ".join(f'"{word}"' for word in words)
    return f"; {kind}: {said}", f"; {_HINTS[kind]}: {said}"


def shown(value: object) -> tuple[str, str]:
    """Write a client's value into a message, cut where it is long."""
    if isinstance(value, dict):
        return "An object", "Objek"
    if isinstance(value, list):
        return "An array", "Array"
    if value is None or isinstance(value, bool):
        text = "null" if value is None else str(value).lower()
    else:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short, short
