"""BR-E3: a danger sign that a student notes calls the bidan, within the same visit.

An effect of the filled form, so it follows whoever writes it. What was noted before has called
already; a sign that is added later calls again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import eskalasi_darurat as eskalasi
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.consequence import id_from, whole
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import id_of, instant_of
from fhir_server.mappings.pendampingan import signs_of
from fhir_server.mappings.penugasan_mahasiswa import KIND, members
from fhir_server.sop.eskalasi_darurat import EskalasiDarurat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

FORM: Final = "/Questionnaire/catatan-pendampingan"
NOTED: Final = ("completed", "in-progress", "amended")
TIM: Final = code_system("jenis-tim")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the form below a canonical base."""
    form = f"{canonical.rstrip('/')}{FORM}"

    def applies(note: Document, _new: bool) -> bool:  # noqa: FBT001 - as Effect has it
        asked = note.get("questionnaire", "").partition("|")[0] == form
        return asked and note.get("status") in NOTED and bool(signs_of(note))

    return (Effect("BR-E3", frozenset({"QuestionnaireResponse"}), applies, _follow),)


def _follow(notes: Sequence[Document], reader: Reader) -> Consequences:
    made: dict[str, Document] = {}
    for note in notes:
        before = reader.before(f"QuestionnaireResponse/{note['id']}") or {}
        added = [each for each in signs_of(note) if each not in signs_of(before)]
        own_id = id_from("eskalasi", note, also=added)
        if added and reader.read(f"Task/{own_id}") is None:
            called = _call(note, added, reader)
            made |= whole(eskalasi.MAPPING, called, own_id, note) if called else {}
    return Consequences(made)


def _call(note: Document, signs: Sequence[Any], reader: Reader) -> EskalasiDarurat | None:
    patient = id_of(note.get("subject"), "Patient")
    student = id_of(note.get("author"), "PractitionerRole")
    if patient is None:
        return None
    midwife = _midwife(patient, reader)
    call = EskalasiDarurat(
        pasien=patient,
        waktu=instant_of(note.get("authored")) or reader.now,
        pemicu="pendampingan",
        pelapor=f"petugas/{student}" if student else f"pasien/{patient}",
        tanda=tuple(signs),
        kunjungan=id_of(note.get("encounter"), "Encounter"),
        penanggungJawab=midwife,
        status="dibuka" if midwife else "diusulkan",
    )
    return eskalasi.complete(call, None, reader)[0]


def _midwife(patient: str, reader: Reader) -> str | None:
    """Give the bidan who answers for the student of this mother."""
    pairs = [("patient", f"Patient/{patient}"), ("category", f"{TIM}|{KIND}"), ("status", "active")]
    for team in reader.find("CareTeam", pairs):
        for midwife in members(team, "bidan"):
            return midwife
    return None
