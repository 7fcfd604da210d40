"""PemantauanRisti: a filled form of the monitoring, of a pregnant woman at risk.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.config import CANONICAL
from fhir_server.mappings import Mapping, part_id
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import id_of, ids_of
from fhir_server.mappings.episode_kehamilan import quantity
from fhir_server.mappings.formulir import answer, answers, coding, items, plain
from fhir_server.mappings.isian_pemantauan import (
    CONSTANTS,
    STATUS,
    Isian,
    filled,
    guarded,
    item,
    observed,
    said,
)
from fhir_server.mappings.ukur import BLOOD_PRESSURE, MEASURES, PRESSURE, sides
from fhir_server.sop.hasil_ukur import HasilUkur
from fhir_server.sop.pemantauan_risti import ALUR_ISIAN
from fhir_server.sop.tanda_bahaya import KodeTanda

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pemantauan_risti import PemantauanRisti
    from fhir_server.store.ops import Condition

NAME: Final = "pemantauan-risti"
FORM: Final = f"{CANONICAL}/Questionnaire/{NAME}"
RENCANA: Final = f"{code_system('kategori-rencana')}|ibu-hamil-risti"
VALUES: Final = ("suhu", "nadi", "berat")
NUMBERS: Final = {
    "sistolik": "valueInteger",
    "diastolik": "valueInteger",
    "suhu": "valueDecimal",
    "nadi": "valueInteger",
    "berat": "valueDecimal",
}


def to_fhir(isian: PemantauanRisti, document_id: str) -> Resources:
    """Write the answers, and an Observation for every value; blood pressure is one panel."""
    form = _form(isian)
    written = {"": filled(form, _asked(isian))}
    pressure = sides(HasilUkur(sistolik=isian.sistolik, diastolik=isian.diastolik))
    if pressure:
        written[PRESSURE] = observed(form, document_id, BLOOD_PRESSURE, component=pressure)
    for name in VALUES:
        _, code, unit = MEASURES[name]
        value = quantity(getattr(isian, name), unit)
        if value is not None:
            written[name] = observed(form, document_id, code, valueQuantity=value)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a form, also one that another system filled in."""
    response = resources[""]
    found = items(response)
    return {
        **said(response),
        "rencana": next(iter(ids_of(response.get("basedOn"), "CarePlan")), None),
        "kunjungan": id_of(response.get("encounter"), "Encounter"),
        "keluhan": answer(found, "keluhan"),
        "tandaBahaya": signs_of(response),
        **{name: answer(found, name) for name in NUMBERS},
        "tabletFe": answer(found, "tabletFe"),
    }


def signs_of(response: Document) -> tuple[Any, ...]:
    """Read the danger signs that a form names."""
    found = answers(items(response), "tandaBahaya")
    return tuple(each for each in found if each in get_args(KodeTanda))


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find an Observation for every value among the answers."""
    given = {each.get("linkId") for each in primary.get("item", ())}
    roles = [*(each for each in VALUES if each in given)]
    if "sistolik" in given or "diastolik" in given:
        roles.append(PRESSURE)
    return {role: f"Observation/{part_id(primary['id'], role)}" for role in roles}


def complete(
    isian: PemantauanRisti, _before: Table[str, Any] | None, reader: Reader
) -> tuple[PemantauanRisti, tuple[Condition, ...]]:
    """Find the plan of care that is being followed."""
    return replace(isian, rencana=isian.rencana or plan_of(isian.pasien, reader)), ()


def plan_of(patient: str, reader: Reader) -> str | None:
    """Give the id of the running plan of care of a pregnancy at risk, the latest if several."""
    pairs = [("patient", f"Patient/{patient}"), ("category", RENCANA), ("status", "active")]
    found = reader.find("CarePlan", pairs)
    latest = max(found, key=lambda each: str(each.get("created", "")), default=None)
    return None if latest is None else str(latest["id"])


def _form(isian: PemantauanRisti) -> Isian:
    return Isian(
        form=FORM,
        pasien=isian.pasien,
        rencana=isian.rencana,
        waktu=isian.waktu,
        pelapor=isian.pelapor,
        status=isian.status,
        pesan=isian.pesan,
        petugas=isian.dikonfirmasiOleh,
        kunjungan=isian.kunjungan,
    )


def _asked(isian: PemantauanRisti) -> Iterator[Any]:
    yield item("keluhan", "valueString", isian.keluhan)
    yield from plain("tandaBahaya", *(coding("tanda-bahaya", each) for each in isian.tandaBahaya))
    for name, kind in NUMBERS.items():
        yield item(name, kind, getattr(isian, name))
    yield item("tabletFe", "valueBoolean", isian.tabletFe)
    yield item("catatan", "valueString", isian.catatan)


JAGA: Final = guarded(ALUR_ISIAN, NAME)

MAPPING = Mapping(
    resource_type="QuestionnaireResponse",
    profile="PemantauanRisti",
    profiles={PRESSURE: "TekananDarah", "Observation": "HasilUkur"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    criteria=(("questionnaire", FORM),),
    filters={
        "pasien": "patient=Patient/{}",
        "rencana": "based-on=CarePlan/{}",
        "waktu": "authored",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="authored",
    constants=CONSTANTS
    | {
        "Observation.component.code",
        "Observation.component.valueQuantity.unit",
        "Observation.component.valueQuantity.system",
        "Observation.component.valueQuantity.code",
    },
)
