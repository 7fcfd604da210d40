"""marshmallow schemas of the SOP documents, made from their dataclasses."""

from __future__ import annotations

import difflib
import re
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import marshmallow as ma

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUIRED = "wajib diisi."
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""Signs that no resource can hold: control signs, and halves of a character."""
DIGITS_ONLY = re.compile(r"\\d\{(\d+)\}")
"""A pattern that staff read in words."""
ID = r"[A-Za-z0-9\-.]{1,64}"
LARGEST_INTEGER = 2**31 - 1
DIGITS = 18
YEARS = (1900, 2199)
ANSWERED = {
    "id": ma.fields.String(dump_only=True, metadata={"description": "Id dokumen"}),
    "versi": ma.fields.Integer(dump_only=True, metadata={"description": "Nomor versi"}),
    "dibuat": ma.fields.AwareDateTime(
        dump_only=True, metadata={"description": "Kapan pertama kali ditulis"}
    ),
    "diubah": ma.fields.AwareDateTime(dump_only=True, metadata={"description": "Kapan ditulis"}),
    "peringatan": ma.fields.List(
        ma.fields.String(), dump_only=True, metadata={"description": "Yang perlu diperiksa"}
    ),
}


class Text(ma.fields.String):
    """Text that a resource can hold; where it may be absent, blank says as much."""

    default_error_messages = {  # noqa: RUF012
        "unwritable": "berisi tanda kendali (mis. NUL). Seharusnya: teks yang terbaca."
    }

    def deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        """Take blank for absent, as forms send it."""
        blank = isinstance(value, str) and not value.strip()
        return (
            None if blank and self.allow_none else super().deserialize(value, *arguments, **options)
        )

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        text = super()._deserialize(value, *arguments, **options)
        if UNWRITABLE.search(text):
            raise self.make_error("unwritable")
        return text


def countable(number: Decimal) -> None:
    """Refuse a number with more digits than a resource can hold."""
    whole = abs(number.adjusted()) <= DIGITS if number else True
    if not whole or len(number.as_tuple().digits) > DIGITS:
        raise ma.ValidationError(f"di luar batas. Seharusnya: paling banyak {DIGITS} angka.")


def within_calendar(day: date) -> None:
    """Refuse a year in which nobody whom a puskesmas serves has lived, or will."""
    first, last = YEARS
    if not first <= day.year <= last:
        raise ma.ValidationError(f"tahun {day.year}. Seharusnya: tahun {first} s.d. {last}.")


LIMITS: dict[type, Any] = {
    date: within_calendar,
    datetime: within_calendar,
    int: ma.validate.Range(
        -LARGEST_INTEGER, LARGEST_INTEGER, error="di luar batas. Seharusnya: {min} s.d. {max}."
    ),
    Decimal: countable,
}
TYPES: dict[type, tuple[type[ma.fields.Field[Any]], dict[str, Any], str]] = {
    str: (Text, {}, "bukan teks. Seharusnya: teks di antara tanda petik."),
    bool: (
        ma.fields.Boolean,
        {"truthy": {True}, "falsy": {False}},
        "bukan ya/tidak. Seharusnya: true atau false.",
    ),
    int: (ma.fields.Integer, {"strict": True}, "bukan bilangan bulat. Seharusnya: mis. 1."),
    Decimal: (ma.fields.Decimal, {}, "bukan bilangan. Seharusnya: mis. 10.8."),
    date: (ma.fields.Date, {}, "bukan tanggal. Seharusnya: TTTT-BB-HH, mis. 2024-04-02."),
    time: (ma.fields.Time, {"format": "%H:%M"}, "bukan jam. Seharusnya: JJ:MM, mis. 07:30."),
    datetime: (
        ma.fields.AwareDateTime,
        {},
        "bukan waktu dengan zona. Seharusnya: mis. 2024-04-02T07:45:00+07:00.",
    ),
}


_MADE: dict[type[Any], type[DocumentSchema]] = {}
_READY: dict[type[Any], DocumentSchema] = {}


class DocumentSchema(ma.Schema):
    """A document on its way in (a dataclass comes out) and on its way back."""

    document: type[Any]
    answered: frozenset[str] = frozenset(ANSWERED)

    error_messages = {"type": "bukan objek. Seharusnya: { … }."}  # noqa: RUF012

    class Meta:
        """Unknown fields are refused, not lost."""

        unknown = ma.RAISE

    @ma.pre_load
    def forget(self, data: Any, **_: Any) -> Any:
        """Let a client send back what it has read: what only the server says is not its to say."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name not in self.answered}

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Any:
        """Make the document; null says as much as a field that is absent."""
        return self.document(**{name: each for name, each in data.items() if each is not None})

    def handle_error(self, error: ma.ValidationError, data: Any, **_: Any) -> None:
        """Say which field was meant by one that does not exist."""
        if isinstance(error.messages, dict) and isinstance(data, dict):
            for name in data.keys() - self.fields.keys():
                error.messages[name] = [unknown(name, list(self.fields))]


class Jejak(ma.Schema):
    """Where one FHIR element comes from."""

    sumberDaya = ma.fields.String(metadata={"example": "Patient/1"})  # noqa: N815 - SOP API
    elemen = ma.fields.String(metadata={"example": "Patient.name[0].text"})
    bidang = ma.fields.List(ma.fields.String(), metadata={"example": ["nama"]})
    tetap = ma.fields.Boolean(metadata={"description": "Selalu ditulis begitu"})


def unknown(name: str, names: list[str]) -> str:
    """Say that a field does not exist, and which one is nearest."""
    near = difflib.get_close_matches(name, names, n=1)
    return "bidang ini tidak dikenal. Seharusnya: " + (
        f"{near[0]}?" if near else f"salah satu dari {', '.join(sorted(names))}."
    )


def schema_of(document: type[Any]) -> DocumentSchema:
    """Give the one schema of a document: to make another copies all its fields."""
    if document not in _READY:
        _READY[document] = class_of(document)()
    return _READY[document]


def class_of(document: type[Any]) -> type[DocumentSchema]:
    """Make the schema class of a document, or of a part of one; once."""
    if document not in _MADE:
        _MADE[document] = _schema(document)
    return _MADE[document]


def _schema(document: type[Any]) -> type[DocumentSchema]:
    hints = get_type_hints(document)
    own = {each.name: field_of(each, hints[each.name]) for each in fields(document)}
    answered = {name: each for name, each in ANSWERED.items() if name not in own}
    attributes: dict[str, Any] = {
        "document": document,
        "answered": frozenset(answered),
        "__doc__": document.__doc__,
    }
    attributes |= {**own, **(answered if hasattr(document, "sumber") else {})}
    return type(document.__name__, (DocumentSchema,), attributes)


def field_of(each: Field[Any], hint: Any) -> ma.fields.Field[Any]:
    """Make the field of a schema; whatever is not required may be null or absent."""
    says = each.metadata
    required = each.default is MISSING and each.default_factory is MISSING
    validators = _validators(says, hint, required=required)
    options: dict[str, Any] = {
        "required": required,
        "allow_none": not required,
        "validate": validators or None,
        "metadata": _metadata(says),
        "error_messages": {"required": REQUIRED, "null": REQUIRED},
    }
    if not required:
        options["load_default"] = each.default
    return _typed(hint, options)


def _validators(says: Any, hint: Any, *, required: bool) -> list[Any]:
    one = next((arg for arg in get_args(hint) if arg not in {type(None), ...}), hint)
    if one in LIMITS:
        return [LIMITS[one]]
    if says.get("pola"):
        return [_pattern(says["pola"], says.get("contoh"))]
    if one is str and says.get("rujuk"):
        error = f"bukan id. Seharusnya: id {says['rujuk']}, 1 s.d. 64 huruf, angka, titik, strip."
        return [ma.validate.Regexp(rf"\A{ID}\Z", error=error)]
    if one is str and (required or get_origin(hint) is tuple):
        return [ma.validate.Regexp(r"\s*\S", error=REQUIRED)]
    return []


def _typed(hint: Any, options: dict[str, Any]) -> ma.fields.Field[Any]:
    hint = (
        next((arg for arg in get_args(hint) if arg is not type(None)), hint)
        if (type(None) in get_args(hint))
        else hint
    )
    if get_origin(hint) is tuple:
        each = {"validate": options.pop("validate", None)}  # a pattern is for each item
        return _Tuple(_typed(get_args(hint)[0], each), **options)
    if get_origin(hint) is Literal:
        return _coded(get_args(hint), options)
    if is_dataclass(hint) and isinstance(hint, type):
        return ma.fields.Nested(class_of(hint), **options)
    kind, arguments, says = TYPES[hint]
    messages = {**options.pop("error_messages", {}), "invalid": says, "format": says}
    messages |= {"invalid_datetime": says, "invalid_awareness": says}
    messages["too_large"] = says
    return kind(**options, **arguments, error_messages=messages)


class _Tuple(ma.fields.List[Any]):
    """A list that loads as the tuple a frozen document holds."""

    default_error_messages = {"invalid": "bukan daftar. Seharusnya: [ … ]."}  # noqa: RUF012

    def _deserialize(self, *arguments: Any, **options: Any) -> Any:
        return tuple(super()._deserialize(*arguments, **options))


def _coded(codes: tuple[str, ...], options: dict[str, Any]) -> ma.fields.Field[Any]:
    says = f"bukan kode yang dikenal. Seharusnya: {', '.join(codes)}."
    validators = [*(options.pop("validate", None) or []), ma.validate.OneOf(codes, error=says)]
    messages = {**options.pop("error_messages", {}), "invalid": says}
    return ma.fields.String(**options, validate=validators, error_messages=messages)


def _pattern(pattern: str, example: Any) -> ma.validate.Regexp:
    digits = DIGITS_ONLY.fullmatch(pattern)
    right = f"{digits[1]} angka" if digits else pattern
    says = f"bentuknya salah. Seharusnya: {right}" + (f", mis. {example}." if example else ".")
    return ma.validate.Regexp(rf"\A(?:{pattern})\Z", error=_literal(says))


def _literal(says: str) -> str:
    """Keep braces: marshmallow formats its messages."""
    return says.replace("{", "{{").replace("}", "}}")


def _metadata(says: Any) -> dict[str, Any]:
    words = says.get("label", "")
    if says.get("rujuk"):
        words += f" (id {says['rujuk']})"
    if says.get("asal"):
        words += f". Asal: {says['asal']}"
    found = {"description": words}
    if says.get("contoh") is not None:
        found["example"] = says["contoh"]
    return found


def filters_of(document: type[Any], names: Iterable[str], *, secret: bool) -> dict[str, Any]:
    """Make the fields that filter a list; those that identify somebody only with ``secret``."""
    hints = get_type_hints(document)
    found: dict[str, Any] = {}
    for each in fields(document):
        says = each.metadata
        if each.name in names and says.get("cari") and (secret or not says.get("rahasia")):
            found[each.name] = _filter(hints[each.name], says)
    return found


def _filter(hint: Any, says: Any) -> ma.fields.Field[Any]:
    codes = next((get_args(h) for h in (hint, *get_args(hint)) if get_origin(h) is Literal), ())
    options: dict[str, Any] = {"metadata": _metadata(says)}
    return _coded(codes, options) if codes else ma.fields.String(**options)
