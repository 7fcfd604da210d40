"""What a resource says, in a line or a few, for the section of a letter that names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fhir_server.letters.kata import angka, jumlah, kata, konsep, tanggal, waktu
from fhir_server.letters.orang import nama
from fhir_server.mappings.codes import ICD_10, LOINC
from fhir_server.mappings.elements import code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.resources.wire import Document

TANDA: Final = {
    "85354-9": "Tekanan darah",
    "8480-6": "Sistolik",
    "8462-4": "Diastolik",
    "8867-4": "Nadi",
    "9279-1": "Pernapasan",
    "8310-5": "Suhu",
    "59408-5": "SpO₂",
    "67775-7": "Kesadaran",
    "29463-7": "Berat badan",
    "8302-2": "Tinggi badan",
}
POPULASI: Final = {
    "initial-population": "sasaran",
    "denominator": "penyebut",
    "numerator": "pembilang",
}
NONE_COUNTED: Final = "tidak ada yang dihitung"
_PARTED: Final = re.compile(r"-|(?<=[a-z])(?=[A-Z])")
BATAL: Final = ("entered-in-error", "cancelled")


def uraian(resource: Document) -> list[str]:
    """Say what a resource says, line by line; nothing if it was entered in error."""
    if resource.get("status") in BATAL:
        return []
    write = WRITERS.get(resource.get("resourceType", ""))
    return [] if write is None else [line for line in write(resource) if line]


def pemeriksaan(observation: Document) -> str:
    """Name what an Observation observed."""
    code = code_of(observation.get("code"), LOINC)
    return TANDA.get(code or "") or konsep(observation.get("code"))


def nilai(observation: Document) -> str:
    """Write the value of an Observation, or of its components."""
    parts = observation.get("component", ())
    if not parts:
        return _value(observation)
    if code_of(observation.get("code"), LOINC) == "85354-9":
        numbers = [angka(each.get("valueQuantity", {}).get("value")) or "?" for each in parts]
        return "/".join(numbers) + " mmHg"
    said = [f"{pemeriksaan(each)} {value}" for each in parts if (value := _value(each))]
    return "; ".join(filter(None, (_value(observation), *said)))


def diagnosis(condition: Document) -> str:
    """Write a diagnosis with its ICD-10 code."""
    code = code_of(condition.get("code"), ICD_10)
    words = konsep(condition.get("code"))
    return words if code is None or words == code else f"{words} ({code})"


def obat(drug: Document) -> str:
    """Write a medicine with how it is taken and how much there is."""
    doses = (*drug.get("dosage", ()), *drug.get("dosageInstruction", ()))
    how = "; ".join(each["text"] for each in doses if each.get("text"))
    notes = [each.get("text") for each in drug.get("note", ())]
    amount = jumlah(drug.get("dispenseRequest", {}).get("quantity"))
    extra = ", ".join(filter(None, (how, amount, *notes)))
    return f"{konsep(drug.get('medicationCodeableConcept'))}: {extra}".removesuffix(": ")


def _value(observation: Document) -> str:
    if "valueQuantity" in observation:
        return jumlah(observation["valueQuantity"])
    if "valueCodeableConcept" in observation:
        return konsep(observation["valueCodeableConcept"])
    if "valueBoolean" in observation:
        return "ya" if observation["valueBoolean"] else "tidak"
    for name in ("valueInteger", "valueString", "valueDateTime"):
        if name in observation:
            found = observation[name]
            return waktu(found) if name == "valueDateTime" else str(found)
    return ""


def _observation(each: Document) -> list[str]:
    return [f"{pemeriksaan(each)}: {value}" if (value := nilai(each)) else pemeriksaan(each)]


def _plan(each: Document) -> list[str]:
    lines = []
    for activity in each.get("activity", ()):
        detail = activity.get("detail", {})
        start = detail.get("scheduledPeriod", {}).get("start")
        words = detail.get("description") or konsep(detail.get("code"))
        lines.append(": ".join(filter(None, (tanggal(start), words))))
    return lines or [each.get("title", "")]


def _report(each: Document) -> list[str]:
    said = []
    for group in each.get("group", ()):
        score = jumlah(group.get("measureScore"))
        counts = ", ".join(
            f"{_population(p)} {p['count']}" for p in group.get("population", ()) if "count" in p
        )
        words = score or (NONE_COUNTED if _is_empty(group) else counts)
        said.append(f"{konsep(group.get('code'))}: {words}")
    return said


def _is_empty(group: Document) -> bool:
    """Say whether there was nobody and nothing of which a part could be counted."""
    populations = group.get("population", ())
    return any(_population(p) == "penyebut" and p.get("count") == 0 for p in populations)


def _population(found: Document) -> str:
    word = konsep(found.get("code"))
    return POPULASI.get(word.lower().replace(" ", "-"), word)


def _visit(each: Document) -> list[str]:
    when = waktu(each.get("period", {}).get("start"))
    kind = konsep(next(iter(each.get("type", ())), None)) or konsep(each.get("serviceType"))
    return [": ".join(filter(None, (when, kind or "Kunjungan")))]


def _message(each: Document) -> list[str]:
    words = " ".join(p.get("contentString", "") for p in each.get("payload", ())).strip()
    return [": ".join(filter(None, (waktu(each.get("sent")), words)))]


def _task(each: Document) -> list[str]:
    state = kata(_system(each), code_of(each.get("businessStatus"), _system(each)))
    words = each.get("description") or konsep(each.get("code"))
    return [f"{words} ({state})" if state else words]


def _system(task: Document) -> str:
    codings = task.get("businessStatus", {}).get("coding", ())
    return next((str(c.get("system", "")) for c in codings), "")


def _answers(each: Document) -> list[str]:
    return [line for item in each.get("item", ()) for line in _item(item)]


def _item(item: Document) -> list[str]:
    values = [_answer(each) for each in item.get("answer", ())]
    name = item.get("text") or _label(item.get("linkId", ""))
    own = [f"{name}: {', '.join(filter(None, values))}"]
    below = [line for each in item.get("item", ()) for line in _item(each)]
    return [*(own if any(values) else ()), *below]


def _label(link: str) -> str:
    """Write the name of an item as words: ``keluhanLain`` is ``Keluhan lain``."""
    return _PARTED.sub(" ", link).capitalize()


def _answer(answer: Document) -> str:
    if "valueCoding" in answer:
        return konsep({"coding": [answer["valueCoding"]]})
    if "valueBoolean" in answer:
        return "ya" if answer["valueBoolean"] else "tidak"
    if "valueDate" in answer:
        return tanggal(answer["valueDate"])
    found = next((v for k, v in answer.items() if k.startswith("value")), "")
    return angka(found) if isinstance(found, int | float) else str(found)


WRITERS: Final[dict[str, Callable[[Document], list[Any]]]] = {
    "CarePlan": _plan,
    "Communication": _message,
    "Condition": lambda each: [diagnosis(each)],
    "Encounter": _visit,
    "Immunization": lambda each: [konsep(each.get("vaccineCode"))],
    "MeasureReport": _report,
    "MedicationRequest": lambda each: [obat(each)],
    "MedicationStatement": lambda each: [obat(each)],
    "Observation": _observation,
    "Organization": lambda each: [each.get("name", "")],
    "Patient": lambda each: [nama(each)],
    "Procedure": lambda each: [konsep(each.get("code"))],
    "QuestionnaireResponse": _answers,
    "RiskAssessment": lambda each: [
        konsep(p.get("qualitativeRisk")) for p in each.get("prediction", ())
    ],
    "ServiceRequest": lambda each: [konsep(each.get("code"))],
    "Task": _task,
}
