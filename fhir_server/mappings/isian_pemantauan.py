"""A filled form of the monitoring: a QuestionnaireResponse, with an Observation a value.

What a message names waits for staff: until they confirm it, it is in-progress and preliminary.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import structure
from fhir_server.mappings.elements import (
    concept,
    extension_of,
    id_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.formulir import answer, items
from fhir_server.mappings.pihak import party, party_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fhir_server.resources.wire import Document
    from fhir_server.sop.alur import Alur

CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
PESAN: Final = structure("pesan-sumber")
STATUS: Final = {
    "menunggu-konfirmasi": "in-progress",
    "dikonfirmasi": "completed",
    "ditolak": "stopped",
    "salah-entri": "entered-in-error",
}
SEEN: Final = {
    "menunggu-konfirmasi": "preliminary",
    "dikonfirmasi": "final",
    "ditolak": "cancelled",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()} | {"amended": "dikonfirmasi"}


@dataclass(frozen=True, slots=True)
class Isian:
    """Of whom a form is, by which plan, who said it, and who of the staff stands for it."""

    form: str
    pasien: str
    rencana: str | None
    waktu: datetime
    pelapor: str
    status: str
    pesan: str | None = None
    petugas: str | None = None
    kunjungan: str | None = None


def filled(isian: Isian, asked: Iterable[dict[str, Any]]) -> Any:
    """Write the form with its items."""
    said = reference("Communication", isian.pesan)
    return r4b.QuestionnaireResponse(
        extension=several(said and r4b.Extension(url=PESAN, valueReference=said)),
        basedOn=several(reference("CarePlan", isian.rencana)),
        questionnaire=isian.form,
        status=STATUS[isian.status],
        subject=reference("Patient", isian.pasien),
        encounter=reference("Encounter", isian.kunjungan),
        authored=isian.waktu,
        author=reference("PractitionerRole", isian.petugas),
        source=party(isian.pelapor),
        item=several(*asked),
    )


def observed(isian: Isian, own_id: str, code: tuple[str, str, str], **value: Any) -> Any:
    """Write one value of the form ``own_id``."""
    return r4b.Observation(
        basedOn=several(reference("CarePlan", isian.rencana)),
        status=SEEN[isian.status],
        category=[concept(CATEGORY, "vital-signs")],
        code=concept(*code),
        subject=reference("Patient", isian.pasien),
        encounter=reference("Encounter", isian.kunjungan),
        effectiveDateTime=isian.waktu,
        performer=several(party(isian.pelapor), reference("PractitionerRole", isian.petugas)),
        derivedFrom=[reference("QuestionnaireResponse", own_id)],
        **value,
    )


def said(response: Document) -> dict[str, Any]:
    """Read what every form of the monitoring says."""
    message = (extension_of(response, PESAN) or {}).get("valueReference")
    return {
        "pasien": id_of(response.get("subject"), "Patient"),
        "waktu": instant_of(response.get("authored")),
        "pelapor": party_of(response.get("source")),
        "pesan": id_of(message, "Communication"),
        "status": state_of(response),
        "dikonfirmasiOleh": id_of(response.get("author"), "PractitionerRole"),
        "catatan": answer(items(response), "catatan"),
    }


def item(link: str, kind: str, value: Any) -> dict[str, Any] | None:
    """Write an item of one answer; one without is not written."""
    return None if value is None else {"linkId": link, "answer": [{kind: value}]}


def state_of(response: Document) -> str | None:
    """Read the state of a form."""
    return DIBACA.get(response.get("status", ""))


def guarded(alur: Alur, form: str) -> Jaga:
    """Guard the states of the forms of one kind (``form``: its name), of whichever version."""

    def is_form(response: Document, canonical: str) -> bool:
        asked = str(response.get("questionnaire", "")).partition("|")[0]
        return asked == f"{canonical}/Questionnaire/{form}"

    return Jaga(alur, "QuestionnaireResponse", is_form, state_of, STATUS)


CONSTANTS: Final = frozenset(
    {
        "QuestionnaireResponse.extension.url",
        "QuestionnaireResponse.questionnaire",
        "QuestionnaireResponse.item.linkId",
        "QuestionnaireResponse.item.answer.valueCoding.system",
        "Observation.category",
        "Observation.code",
        "Observation.valueQuantity.unit",
        "Observation.valueQuantity.system",
        "Observation.valueQuantity.code",
        "Observation.derivedFrom",
    }
)
