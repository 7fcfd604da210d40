"""Parts of a document as groups of a QuestionnaireResponse, each field an item.

A field's linkId is ``<part>.<field>``; the kind of its answer follows from its type, the system of
a coded one from the field's own description.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fhir_server.mappings.codes import code_system

if TYPE_CHECKING:
    from collections.abc import Iterator
    from dataclasses import Field

    from fhir_server.resources.wire import Document


def group(name: str, part: Any) -> Iterator[dict[str, Any]]:
    """Write a part as a group; a part that was not looked at is not written."""
    if part is not None:
        written = (_item(f"{name}.{e.name}", e, getattr(part, e.name)) for e in fields(part))
        yield {"linkId": name, "item": [each for each in written if each is not None]}


def plain(name: str, *answers: Any) -> Iterator[dict[str, Any]]:
    """Write an item with its answers; one without answers is not written."""
    if answers:
        yield {"linkId": name, "answer": list(answers)}


def coding(system: str, code: str) -> dict[str, Any]:
    """Write a coded answer of one of our systems."""
    return {"valueCoding": {"system": code_system(system), "code": code}}


def items(response: Document) -> dict[str, list[Document]]:
    """Read every item's answers, by linkId; a group that is there has an empty list."""

    def walk(element: Document) -> Iterator[tuple[str, list[Document]]]:
        for each in element.get("item", ()):
            yield each.get("linkId", ""), each.get("answer", [])
            yield from walk(each)

    return dict(walk(response))


def read_group(found: dict[str, list[Document]], name: str, kind: type[Any]) -> Any:
    """Read a part; None if its group is not there, or lacks what the part requires."""
    if name not in found:
        return None
    known = {
        each.name: value
        for each in fields(kind)
        if (value := answer(found, f"{name}.{each.name}")) is not None
    }
    try:
        return kind(**known)
    except TypeError:  # written by others, without a field that the part requires
        return None


def answer(found: dict[str, list[Document]], link: str) -> Any:
    """Read the first answer of an item as a plain value."""
    return next(iter(answers(found, link)), None)


def answers(found: dict[str, list[Document]], link: str) -> list[Any]:
    """Read all answers of an item as plain values."""
    return [value for each in found.get(link, ()) if (value := _plain(each)) is not None]


def _item(link: str, each: Field[Any], value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    system = each.metadata.get("kode")
    said: dict[str, Any]
    match value:
        case bool():
            said = {"valueBoolean": value}
        case int():
            said = {"valueInteger": value}
        case Decimal():
            said = {"valueDecimal": value}
        case _ if system:
            said = coding(system, value)
        case _:
            said = {"valueString": value}
    return {"linkId": link, "answer": [said]}


def _plain(said: Document) -> Any:
    if "valueCoding" in said:
        return said["valueCoding"].get("code")
    if "valueDecimal" in said:
        return Decimal(str(said["valueDecimal"]))
    return next(
        (said[k] for k in ("valueBoolean", "valueInteger", "valueString") if k in said), None
    )
