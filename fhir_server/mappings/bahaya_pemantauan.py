"""A danger sign noted in the form of a pregnant woman at risk proposes an escalation (§3.2).

Once: what the message it came from has proposed, or a value of the same form proposes with its
signs, is not proposed again. A sign that is added later proposes anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import eskalasi_darurat as eskalasi
from fhir_server.mappings.consequence import id_from, whole
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import extension_of, id_of, instant_of
from fhir_server.mappings.formulir import answer, items
from fhir_server.mappings.isian_pemantauan import PESAN
from fhir_server.mappings.pemantauan_risti import NAME, signs_of
from fhir_server.mappings.pihak import party_of
from fhir_server.sop.ambang import Ukuran, perlu_eskalasi
from fhir_server.sop.eskalasi_darurat import EskalasiDarurat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

NOTED = ("completed", "in-progress", "amended")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the form below a canonical base."""
    form = f"{canonical.rstrip('/')}/Questionnaire/{NAME}"

    def applies(response: Document, _new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        asked = str(response.get("questionnaire", "")).partition("|")[0] == form
        return asked and response.get("status") in NOTED and bool(signs_of(response))

    return (Effect("usulan dari isian", frozenset({"QuestionnaireResponse"}), applies, _follow),)


def _follow(responses: Sequence[Document], reader: Reader) -> Consequences:
    made: dict[str, Document] = {}
    for each in responses:
        before = reader.before(f"QuestionnaireResponse/{each['id']}")
        known = signs_of(before or {})
        added = [sign for sign in signs_of(each) if sign not in known]
        if not added or (before is None and _proposed(each, reader)):
            continue
        own_id = id_from("eskalasi", each, also=added)
        if reader.read(f"Task/{own_id}") is None and (call := _call(each, added, reader)):
            made |= whole(eskalasi.MAPPING, call, own_id, each)
    return Consequences(made)


def _proposed(response: Document, reader: Reader) -> bool:
    """Say whether its message, or a value of the form itself, proposes the escalation."""
    said = (extension_of(response, PESAN) or {}).get("valueReference")
    if message := id_of(said, "Communication"):
        origin = {"resourceType": "Communication", "id": message}
        if reader.read(f"Task/{id_from('eskalasi', origin)}") is not None:
            return True
    found = items(response)
    pressure = Ukuran(sistolik=answer(found, "sistolik"), diastolik=answer(found, "diastolik"))
    return bool(perlu_eskalasi(pressure))


def _call(response: Document, signs: Sequence[Any], reader: Reader) -> EskalasiDarurat | None:
    patient = id_of(response.get("subject"), "Patient")
    if patient is None:
        return None
    said = (extension_of(response, PESAN) or {}).get("valueReference")
    proposal = EskalasiDarurat(
        pasien=patient,
        waktu=instant_of(response.get("authored")) or reader.now,
        pemicu="usulan-tanda-bahaya",
        pelapor=party_of(response.get("source")) or f"pasien/{patient}",
        tanda=tuple(signs),
        pesan=id_of(said, "Communication"),
        status="diusulkan",
    )
    return eskalasi.complete(proposal, None, reader)[0]
