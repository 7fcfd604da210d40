"""The filled Poedji Rochjati card as QuestionnaireResponse.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from fhir_server.config import CANONICAL
from fhir_server.mappings import r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import day_of, instant_of, reference
from fhir_server.sop import kspr
from fhir_server.sop.skor_poedji_rochjati import FaktaKspr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.resources.wire import Document
    from fhir_server.sop.skor_poedji_rochjati import SkorPoedjiRochjati

KARTU: Final = f"{CANONICAL}/Questionnaire/kspr"
FAKTOR: Final = code_system("kspr-faktor")
KONTAK: Final = code_system("kontak-kspr")
LETAK: Final = code_system("letak-janin")
KELOMPOK_FAKTOR: Final = "faktor-"
FAKTA: Final = "fakta"
VALUES: Final = {
    "tanggalLahir": "valueDate",
    "gravida": "valueInteger",
    "paritas": "valueInteger",
    "abortus": "valueInteger",
    "persalinanTerakhir": "valueDate",
    "tinggi": "valueDecimal",
    "pernahSesar": "valueBoolean",
    "hb": "valueDecimal",
    "sistolik": "valueInteger",
    "diastolik": "valueInteger",
    "bengkak": "valueBoolean",
    "jumlahJanin": "valueInteger",
    "letak": "valueCoding",
}


def answers(skor: SkorPoedjiRochjati) -> Any:
    """Write the card; a row that is not ticked has no answer."""
    ticked = [kspr.FAKTOR[each] for each in kspr.FAKTOR if each in skor.faktor]
    groups = groupby(ticked, key=lambda each: each.golongan)
    return r4b.QuestionnaireResponse(
        questionnaire=KARTU,
        status="completed",
        subject=reference("Patient", skor.pasien),
        encounter=reference("Encounter", skor.kunjungan),
        authored=skor.waktu,
        author=reference("PractitionerRole", skor.penilai),
        item=[
            _item("hpht", [{"valueDate": skor.hpht}]),
            _item("kontak", [{"valueCoding": {"system": KONTAK, "code": skor.kontak}}]),
            *(_group(golongan, rows) for golongan, rows in groups),
            *_errors(skor.faktorSalahCatat),
            *_facts(skor.fakta),
        ],
    )


def answered(response: Document) -> dict[str, Any]:
    """Read a card; rows that the card does not have are not read."""
    items = dict(_walk(response))
    errors = [_value(each, "valueCoding") or {} for each in items.get("salah-catat", ())]
    return {
        "hpht": day_of(_first(items, "hpht", "valueDate")),
        "kontak": (_first(items, "kontak", "valueCoding") or {}).get("code"),
        "waktu": instant_of(response.get("authored")),
        "faktor": tuple(
            each for each in kspr.FAKTOR if _first(items, each, "valueBoolean") is True
        ),
        "faktorSalahCatat": tuple(
            code for each in errors if (code := each.get("code")) in kspr.FAKTOR
        ),
        "fakta": _facts_of(items),
    }


def _item(link: str, answer: list[dict[str, Any]]) -> Any:
    return {"linkId": link, "answer": answer}


def _group(golongan: str, rows: Iterable[kspr.Faktor]) -> Any:
    ticked = [_item(each.kode, [{"valueBoolean": True}]) for each in rows]
    return {"linkId": KELOMPOK_FAKTOR + golongan, "item": ticked}


def _errors(faktor: Iterable[str]) -> Iterator[Any]:
    found = [{"valueCoding": {"system": FAKTOR, "code": each}} for each in faktor]
    if found:
        yield _item("salah-catat", found)


def _facts(fakta: FaktaKspr | None) -> Iterator[Any]:
    if fakta is None:
        return
    found = [
        _item(name, [{kind: _coded(getattr(fakta, name), kind)}])
        for name, kind in VALUES.items()
        if getattr(fakta, name) is not None
    ]
    if found:
        yield {"linkId": FAKTA, "item": found}


def _coded(value: Any, kind: str) -> Any:
    return {"system": LETAK, "code": value} if kind == "valueCoding" else value


def _walk(element: Document) -> Iterator[tuple[str, list[Document]]]:
    for each in element.get("item", ()):
        yield each.get("linkId", ""), each.get("answer", [])
        yield from _walk(each)


def _first(items: dict[str, list[Document]], link: str, kind: str) -> Any:
    answer = items.get(link) or [{}]
    return _value(answer[0], kind)


def _value(answer: Document, kind: str) -> Any:
    return answer.get(kind)


def _facts_of(items: dict[str, list[Document]]) -> FaktaKspr | None:
    found = {
        each.name: _read(_first(items, each.name, VALUES[each.name]), VALUES[each.name])
        for each in fields(FaktaKspr)
    }
    if all(value is None for value in found.values()):
        return None
    return FaktaKspr(**found)


def _read(value: Any, kind: str) -> Any:
    if value is None:
        return None
    match kind:
        case "valueDate":
            return day_of(value)
        case "valueDecimal":
            return Decimal(str(value))
        case "valueCoding":
            return value.get("code")
        case _:
            return value
