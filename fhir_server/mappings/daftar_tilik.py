"""DaftarTilik as QuestionnaireResponse, with its compliance rate as Observation.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import CANONICAL, UCUM, code_system, structure
from fhir_server.mappings.elements import (
    concept,
    day_of,
    extension_of,
    id_of,
    instant_of,
    period,
    reference,
)
from fhir_server.mappings.usulan_tilik import suggested
from fhir_server.sop.daftar_tilik import BUTIR, ButirTilik, Jawaban, SopDinilai, cr

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.daftar_tilik import DaftarTilik

QUESTIONNAIRE: Final = f"{CANONICAL}/Questionnaire/daftar-tilik-"
JAWABAN: Final = code_system("jawaban-tilik")
LOKAL: Final = code_system("observasi-lokal")
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
DESA: Final = structure("desa-laporan")
MASA: Final = structure("masa-audit")
USULAN: Final = structure("usulan-tilik")


def to_fhir(tilik: DaftarTilik, own_id: str) -> Resources:
    """Write the answers, and what they come to."""
    written = {"": _answers(tilik)}
    if tilik.cr is not None:
        written["cr"] = _rate(tilik, own_id)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a checklist; the rate is that of its answers."""
    response, rate = resources[""], resources.get("cr", {})
    masa = (extension_of(response, MASA) or {}).get("valuePeriod", {})
    kind = response.get("questionnaire", "").partition("|")[0].removeprefix(QUESTIONNAIRE)
    items = tuple(found for each in response.get("item", ()) if (found := _read(each)))
    ranges = [each.get("low", {}).get("value") for each in rate.get("referenceRange", ())]
    return {
        "sop": kind if kind in get_args(SopDinilai) else None,
        "auditor": id_of(response.get("author"), "PractitionerRole"),
        "unit": id_of(response.get("subject"), "Organization"),
        "tanggal": instant_of(response.get("authored")),
        "desa": (extension_of(response, DESA) or {}).get("valueCode"),
        "mulai": day_of(masa.get("start")),
        "sampai": day_of(masa.get("end")),
        "butir": items,
        "cr": cr(each.jawaban for each in items),
        "ambang": Decimal(str(ranges[0])) if ranges and ranges[0] is not None else None,
    }


def complete(
    tilik: DaftarTilik, _before: Table[str, Any] | None, reader: Reader
) -> tuple[DaftarTilik, tuple[()]]:
    """Answer from the data what was not answered, say what they say, and count."""
    items = {each.nomor: each for each in tilik.butir}
    if tilik.desa and tilik.mulai and tilik.sampai:
        for no, (answer, found) in suggested(reader, tilik.desa, tilik.mulai, tilik.sampai).items():
            given = items.get(no, ButirTilik(nomor=no, jawaban=answer))
            items[no] = replace(given, usulan=answer, bukti=found)
    ordered = tuple(items[no] for no in BUTIR[tilik.sop] if no in items)
    rate = cr(each.jawaban for each in ordered)
    ambang = None if rate is None else reader.settings.tilik_ambang
    return replace(tilik, butir=ordered, cr=rate, ambang=ambang), ()


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the rate, if there is one."""
    found = [each.jawaban for item in primary.get("item", ()) if (each := _read(item))]
    return {} if cr(found) is None else {"cr": f"Observation/{primary['id']}-cr"}


def _answers(tilik: DaftarTilik) -> Any:
    extensions = []
    if tilik.desa is not None:
        extensions.append(r4b.Extension(url=DESA, valueCode=tilik.desa))
    if tilik.mulai is not None:
        masa = period(tilik.mulai, tilik.sampai)
        extensions.append(r4b.Extension(url=MASA, valuePeriod=masa))
    items: Any = [_item(tilik.sop, each) for each in tilik.butir]
    return r4b.QuestionnaireResponse(
        extension=extensions or None,
        questionnaire=f"{QUESTIONNAIRE}{tilik.sop}",
        status="completed",
        subject=reference("Organization", tilik.unit),
        authored=tilik.tanggal,
        author=reference("PractitionerRole", tilik.auditor),
        item=items or None,
    )


def _item(sop: str, butir: ButirTilik) -> dict[str, Any]:
    answer: dict[str, Any] = {"valueCoding": r4b.Coding(system=JAWABAN, code=butir.jawaban)}
    if butir.catatan:
        note = {"linkId": f"{butir.nomor}-catatan", "answer": [{"valueString": butir.catatan}]}
        answer["item"] = [note]
    said: dict[str, Any] = {
        "linkId": butir.nomor,
        "text": BUTIR[sop].get(butir.nomor),
        "answer": [answer],
    }
    if butir.usulan is not None:
        inner = [r4b.Extension(url="jawaban", valueCode=butir.usulan)]
        if butir.bukti:
            inner.append(r4b.Extension(url="bukti", valueString=butir.bukti))
        said["extension"] = [r4b.Extension(url=USULAN, extension=inner)]
    return said


def _read(item: Document) -> ButirTilik | None:
    answers: list[Document] = item.get("answer") or [{}]
    answer: Any = answers[0].get("valueCoding", {}).get("code")
    if answer not in get_args(Jawaban):
        return None
    notes = [e.get("valueString") for n in answers[0].get("item", ()) for e in n.get("answer", ())]
    suggestion = extension_of(item, USULAN) or {}
    said = {each.get("url"): each for each in suggestion.get("extension", ())}
    usulan: Any = said.get("jawaban", {}).get("valueCode")
    return ButirTilik(
        nomor=item.get("linkId", ""),
        jawaban=answer,
        usulan=usulan if usulan in get_args(Jawaban) else None,
        bukti=said.get("bukti", {}).get("valueString"),
        catatan=notes[0] if notes else None,
    )


def _rate(tilik: DaftarTilik, own_id: str) -> Any:
    made: Any = r4b.Observation  # its choice of value[x] is not typed
    limit = None if tilik.ambang is None else [{"low": _percent(tilik.ambang)}]
    return made(
        status="final",
        category=[concept(CATEGORY, "survey")],
        code=concept(LOKAL, "compliance-rate"),
        focus=[reference("Organization", tilik.unit)],
        effectiveDateTime=tilik.tanggal,
        performer=[reference("PractitionerRole", tilik.auditor)],
        valueQuantity=_percent(tilik.cr),
        referenceRange=limit,
        derivedFrom=[reference("QuestionnaireResponse", own_id)],
    )


def _percent(value: Decimal | None) -> Any:
    return r4b.Quantity(value=value, unit="%", system=UCUM, code="%")


MAPPING = Mapping(
    resource_type="QuestionnaireResponse",
    profile="DaftarTilik",
    profiles={"cr": "KepatuhanSOP"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    criteria=(("questionnaire", ",".join(f"{QUESTIONNAIRE}{each}" for each in BUTIR)),),
    filters={
        "sop": lambda word: f"questionnaire={QUESTIONNAIRE}{word}",
        "auditor": "author=PractitionerRole/{}",
        "tanggal": "authored",
        "desa": "desa",
    },
    sort="-authored",
    constants=frozenset(
        {
            "QuestionnaireResponse.extension.url",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.status",
            "QuestionnaireResponse.item.answer.valueCoding.system",
            "QuestionnaireResponse.item.extension.url",
            "QuestionnaireResponse.item.extension.extension.url",
            "Observation.status",
            "Observation.category",
            "Observation.code",
            "Observation.valueQuantity.unit",
            "Observation.valueQuantity.system",
            "Observation.valueQuantity.code",
            "Observation.referenceRange.low.unit",
            "Observation.referenceRange.low.system",
            "Observation.referenceRange.low.code",
            "Observation.derivedFrom",
        }
    ),
)
