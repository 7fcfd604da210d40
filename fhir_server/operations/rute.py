"""``Encounter/[id]/$rute``: where a visit should go, and why (domain §1.C C3, BR-C3).

It only suggests, unless ``terapkan`` is true: then unit, cluster and route are written on the
Encounter, and a visit that has to go into the infection room is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Gone, Invalid, Issue, NotFound, RuleBroken
from fhir_server.interactions import write
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.rute import Asked, arrival, facts, patient_of, routed, screening_of
from fhir_server.mappings.skrining_kunjungan import ENDED
from fhir_server.operations.call import answered
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop.antrean import alasan_prioritas
from fhir_server.sop.rute import BR_C3, KELUHAN, rute
from fhir_server.sop.skrining_visual import belum_diskrining

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rute import Langkah


@dataclass(frozen=True, slots=True)
class Saran:
    """A suggested route: its stops in order, and why the patient goes first, if so."""

    langkah: tuple[Langkah, ...]
    prioritas: str | None
    diterapkan: bool


def run(context: Context, call: Call) -> Answer:
    """Answer the route as Parameters."""
    asked = Asked(
        keluhan=frozenset(call.all("keluhan")),
        hamil=call.one("hamil"),
        nifas=call.one("nifas"),
        menyusui=bool(call.one("menyusui")),
        infeksi=call.one("infeksi"),
    )
    found = saran(context, call.resource_id or "", asked, terapkan=bool(call.one("terapkan")))
    steps: list[Any] = [("langkah", _parts(each)) for each in found.langkah]
    if found.prioritas is not None:
        steps.append(("prioritas", "code", found.prioritas))
    return answered(*steps, ("diterapkan", "boolean", found.diterapkan))


def saran(context: Context, visit: str, asked: Asked, *, terapkan: bool = False) -> Saran:
    """Suggest a route for a visit, and write it if that is wanted.

    RuleBroken (BR-C1) if nobody has looked at the patient yet.
    """
    _known(asked)
    reader = StoreReader(context)
    encounter = _encounter(context, visit, reader)
    patient = reader.read(f"Patient/{patient_of(encounter)}")
    if patient is None:
        raise NotFound(f"The patient of Encounter/{visit} is not known here.")
    screening = screening_of(encounter, reader)
    if screening is None:
        raise _unscreened()
    steps = rute(facts(encounter, patient, screening, asked, reader))
    if terapkan:
        _running(encounter)
        _apply(context, routed(encounter, steps), reader.versions[f"Encounter/{visit}"])
    return Saran(steps, _priority(encounter, patient, reader), terapkan)


def _encounter(context: Context, visit: str, reader: StoreReader) -> Document:
    encounter = reader.read(f"Encounter/{visit}")
    if encounter is None:
        stored = context.store.read("Encounter", visit)
        raise (NotFound if stored is None else Gone)(f"There is no Encounter/{visit}.")
    return encounter


def _known(asked: Asked) -> None:
    if strange := sorted(asked.keluhan.difference(KELUHAN)):
        says = f"keluhan: {', '.join(strange)} tidak dikenal. Seharusnya: {', '.join(KELUHAN)}."
        english = f"keluhan: {', '.join(strange)} is not known; right: {', '.join(KELUHAN)}."
        raise Invalid([Issue("value", english, "keluhan", indonesian=says, rule=BR_C3)])


def _unscreened() -> RuleBroken:
    teguran = belum_diskrining()
    says = teguran.english or teguran.kalimat
    refusal = RuleBroken(says)
    refusal.issues = (
        Issue("business-rule", says, "Encounter", indonesian=teguran.kalimat, rule=teguran.aturan),
    )
    return refusal


def _running(encounter: Document) -> None:
    if (status := encounter.get("status")) in ENDED:
        raise RuleBroken(
            f"{BR_C3}: Encounter/{encounter['id']} is {status}; a visit that has ended is not "
            "routed any more.",
            indonesian=f"{BR_C3}: kunjungan sudah berakhir dan tidak diarahkan lagi.",
        )


def _apply(context: Context, encounter: Document, version: int) -> None:
    raw = outward(context, encounter)
    document = write.checked(context, raw)
    put = write.put(context, document, raw, encounter["id"], method="PUT", if_match=version)
    write.commit(context, [put])


def _priority(encounter: Document, patient: Document, reader: StoreReader) -> str | None:
    known = patients.from_fhir({"": patient})
    day = arrival(encounter, reader).date()
    return alasan_prioritas(known["tanggalLahir"], day, disabilitas=known["disabilitas"])


def _parts(step: Langkah) -> list[Any]:
    return [
        ("unit", "code", step.unit),
        ("klaster", "code", step.klaster),
        ("ruang-infeksi", "boolean", step.ruang_infeksi),
        ("alasan", "string", step.alasan),
    ]


OPERATION = Operation(
    name="rute",
    types=("Encounter",),
    levels=frozenset({"instance"}),
    says="Where a visit should go by age and complaint, and why (BR-C3).",
    affects_state=True,
    parameters=(
        Parameter("keluhan", "code", maximum="*", says="Of the code system kelompok-keluhan."),
        Parameter("hamil", "boolean", says="Pregnant; absent: by an active ANC episode."),
        Parameter("nifas", "boolean", says="In childbed; absent: by an active PNC episode."),
        Parameter("menyusui", "boolean", says="Breastfeeding."),
        Parameter("infeksi", "boolean", says="Infectious; absent: by flag and diagnoses."),
        Parameter("terapkan", "boolean", says="Write the route on the Encounter."),
        Parameter(
            "langkah",
            use="out",
            minimum=1,
            maximum="*",
            says="One stop, in the order of the visit.",
            parts=(
                Parameter("unit", "code", use="out", minimum=1),
                Parameter("klaster", "code", use="out", minimum=1),
                Parameter("ruang-infeksi", "boolean", use="out", minimum=1),
                Parameter("alasan", "string", use="out", minimum=1),
            ),
        ),
        Parameter("prioritas", "code", use="out", says="Why the patient goes first (BR-B20)."),
        Parameter("diterapkan", "boolean", use="out", minimum=1, says="Whether it was written."),
    ),
    run=run,
)
