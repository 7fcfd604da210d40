"""SkorPoedjiRochjati as RiskAssessment, with its answers, its total, a flag and diagnoses.

https://hl7.org/fhir/R4/riskassessment.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import ICD_10, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.kartu_kspr import KARTU, answered, answers
from fhir_server.mappings.penanda_risti import PENANDA, penanda_risti
from fhir_server.mappings.plain import as_json
from fhir_server.sop import kspr
from fhir_server.sop.skor_poedji_rochjati import BERISIKO, lengkap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from datetime import datetime

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.skor_poedji_rochjati import SkorPoedjiRochjati

METODE: Final = code_system("metode")
KELOMPOK: Final = code_system("kelompok-risiko-kspr")
OBSERVASI: Final = code_system("observasi-lokal")
PROBABILITY: Final = "http://terminology.hl7.org/CodeSystem/risk-probability"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/"
LIKELY: Final = {"KRR": "low", "KRT": "moderate", "KRST": "high"}
DIAGNOSIS: Final = "diagnosis-"


def to_fhir(skor: SkorPoedjiRochjati, document_id: str) -> Resources:
    """Write the card, its total, what it says of the risk, and what follows from a high one."""
    conditions = {role_of(code): code for code in skor.diagnosis}
    written = {
        "": _assessment(skor, document_id, list(conditions)),
        "jawaban": answers(skor),
        "skor": _total(skor, document_id),
        **{role: _condition(skor, code, document_id) for role, code in conditions.items()},
    }
    if skor.kelompok in BERISIKO:
        written["risti"] = _flag(skor, document_id)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a card, as far as its resources are there."""
    assessment = resources[""]
    risks = [each.get("qualitativeRisk") for each in assessment.get("prediction", ())]
    conditions = [each for role, each in resources.items() if role.startswith(DIAGNOSIS)]
    codes = (code_of(each.get("code"), ICD_10) for each in conditions)
    notes = [each.get("text") for each in assessment.get("note", ())]
    return {
        "pasien": id_of(assessment.get("subject"), "Patient"),
        "kunjungan": id_of(assessment.get("encounter"), "Encounter"),
        "waktu": instant_of(assessment.get("occurrenceDateTime")),
        "penilai": id_of(assessment.get("performer"), "PractitionerRole"),
        "kelompok": code_of([each for each in risks if each], KELOMPOK),
        "skor": resources.get("skor", {}).get("valueInteger"),
        "diagnosis": tuple(code for code in codes if code),
        "catatan": notes[0] if notes else None,
        **answered(resources.get("jawaban", {})),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the answers, the total and the diagnoses in the basis, the flag by its id."""
    own = f"{primary['id']}-"
    found = {}
    for each in primary.get("basis", ()):
        kind, _, resource_id = each.get("reference", "").rpartition("/")
        if resource_id.startswith(own) and kind:
            found[resource_id.removeprefix(own)] = f"{kind}/{resource_id}"
    risks = [each.get("qualitativeRisk", {}) for each in primary.get("prediction", ())]
    if code_of(risks, KELOMPOK) in BERISIKO:
        found["risti"] = f"Flag/{part_id(primary['id'], 'risti')}"
    return found


def complete(
    skor: SkorPoedjiRochjati, before: Table[str, Any] | None, reader: Reader
) -> tuple[SkorPoedjiRochjati, tuple[()]]:
    """Count the card; the group is the highest of all contacts of this pregnancy."""
    old = (before or {}).get("kontak"), (before or {}).get("waktu")
    cards = [answered(each) for each in cards_of(reader, skor.pasien)]
    times = [
        each["faktor"]
        for each in cards
        if each["hpht"] == skor.hpht and (each["kontak"], each["waktu"]) != old
    ]
    return lengkap(skor, times), ()


def amend(skor: SkorPoedjiRochjati, document_id: str, reader: Reader) -> dict[str, Document]:
    """End the flags of earlier contacts, so that a woman has one, and take back diagnoses."""
    keeps = {part_id(document_id, role_of(code)) for code in skor.diagnosis}
    if skor.kelompok in BERISIKO:
        keeps.add(part_id(document_id, "risti"))
    flags = reader.find("Flag", [("subject", f"Patient/{skor.pasien}")])
    conditions = reader.find("Condition", [("subject", f"Patient/{skor.pasien}")])
    own = part_id(document_id, DIAGNOSIS)
    ended = [
        _ended(each, skor)
        for each in flags
        if each["id"] not in keeps and is_open_risti(each, skor.waktu)
    ]
    wrong = [
        _taken_back(each)
        for each in conditions
        if each["id"] not in keeps and each["id"].startswith(own)
    ]
    return {f"{each['resourceType']}/{each['id']}": each for each in [*ended, *wrong]}


def cards_of(reader: Reader, pasien: str) -> list[Document]:
    """Give every filled card of a woman."""
    found = reader.find("QuestionnaireResponse", [("subject", f"Patient/{pasien}")])
    return [
        each for each in found if is_card(each) and each.get("status") in {"completed", "amended"}
    ]


def is_card(response: Document, kartu: str = KARTU) -> bool:
    """Say whether a QuestionnaireResponse is a filled card, of whichever version."""
    return str(response.get("questionnaire", "")).partition("|")[0] == kartu


def is_risti(flag: Document, system: str = PENANDA) -> bool:
    """Say whether a Flag marks a high-risk pregnancy."""
    return code_of(flag.get("code"), system) == "ibu-hamil-risti"


def role_of(icd10: str) -> str:
    """Name the role of a diagnosis: ``diagnosis-z358``."""
    return DIAGNOSIS + "".join(each for each in icd10.lower() if each.isalnum())


def _assessment(skor: SkorPoedjiRochjati, document_id: str, diagnoses: list[str]) -> Any:
    basis = ["QuestionnaireResponse/jawaban", "Observation/skor"]
    basis += [f"Condition/{role}" for role in diagnoses]
    return r4b.RiskAssessment(
        status="final",
        method=concept(METODE, "kspr", "Kartu Skor Poedji Rochjati"),
        subject=reference("Patient", skor.pasien),
        encounter=reference("Encounter", skor.kunjungan),
        occurrenceDateTime=skor.waktu,
        performer=reference("PractitionerRole", skor.penilai),
        basis=[
            reference(kind, part_id(document_id, role))
            for kind, _, role in (each.partition("/") for each in basis)
        ],
        prediction=[_prediction(skor)],
        mitigation=_mitigation(skor.kelompok),
        note=several(skor.catatan and {"text": skor.catatan}),
    )


def _prediction(skor: SkorPoedjiRochjati) -> Any:
    return {
        "outcome": {"text": "Kegawatan obstetri"},
        "qualitativeRisk": _risk(skor.kelompok),
        "rationale": kspr.perincian(each for each in skor.faktor if each in kspr.FAKTOR),
    }


def _risk(kelompok: str | None) -> dict[str, Any] | None:
    if kelompok is None:
        return None
    return {
        "coding": [
            {"system": KELOMPOK, "code": kelompok},
            {"system": PROBABILITY, "code": LIKELY[kelompok]},
        ]
    }


def _mitigation(kelompok: Any) -> str | None:
    if kelompok is None:
        return None
    saran = kspr.anjuran(kelompok)
    return (
        f"Perawatan: {saran.perawatan}; rujukan: {saran.rujukan}; persalinan di {saran.tempat}, "
        f"penolong {saran.penolong}."
    )


def _total(skor: SkorPoedjiRochjati, document_id: str) -> Any:
    return r4b.Observation(
        status="final",
        category=[concept(f"{CATEGORY}observation-category", "survey")],
        code=concept(OBSERVASI, "skor-poedji-rochjati", "Skor Poedji Rochjati"),
        subject=reference("Patient", skor.pasien),
        encounter=reference("Encounter", skor.kunjungan),
        effectiveDateTime=skor.waktu,
        performer=several(reference("PractitionerRole", skor.penilai)),
        valueInteger=skor.skor,
        derivedFrom=[reference("QuestionnaireResponse", part_id(document_id, "jawaban"))],
    )


def _condition(skor: SkorPoedjiRochjati, code: str, document_id: str) -> Any:
    return r4b.Condition(
        clinicalStatus=concept(f"{CATEGORY}condition-clinical", "active"),
        verificationStatus=concept(f"{CATEGORY}condition-ver-status", "provisional"),
        category=[concept(f"{CATEGORY}condition-category", "problem-list-item")],
        code=concept(ICD_10, code),
        subject=reference("Patient", skor.pasien),
        encounter=reference("Encounter", skor.kunjungan),
        recordedDate=skor.waktu,
        recorder=reference("PractitionerRole", skor.penilai),
        evidence=[_evidence(document_id)],
    )


def is_open_risti(flag: Document, moment: datetime) -> bool:
    """Say whether a Flag marks a high-risk pregnancy now, and did so before a moment.

    A card of years ago that is entered late must not end the flag of today's pregnancy.
    """
    began = instant_of(flag.get("period", {}).get("start"))
    is_earlier = began is None or began <= moment
    return is_risti(flag) and flag.get("status") == "active" and is_earlier


def _evidence(document_id: str) -> Any:
    return {"detail": [reference("QuestionnaireResponse", part_id(document_id, "jawaban"))]}


def _flag(skor: SkorPoedjiRochjati, document_id: str) -> Any:
    return penanda_risti(
        reference("Patient", skor.pasien),
        skor.kelompok,
        period(skor.waktu),
        encounter=reference("Encounter", skor.kunjungan),
        author=reference("PractitionerRole", skor.penilai),
        details=[
            reference("RiskAssessment", document_id),
            *(reference("Condition", part_id(document_id, role_of(c))) for c in skor.diagnosis),
        ],
    )


def _ended(flag: Document, skor: SkorPoedjiRochjati) -> Document:
    started = flag.get("period", {})
    return {
        **flag,
        "status": "inactive",
        "period": {**started, "end": skor.waktu.isoformat()},
    }


def _taken_back(condition: Document) -> Document:
    status = concept(f"{CATEGORY}condition-ver-status", "entered-in-error")
    kept = {key: value for key, value in condition.items() if key != "clinicalStatus"}
    return {**kept, "verificationStatus": as_json(status)}


MAPPING = Mapping(
    resource_type="RiskAssessment",
    profile="PenilaianRisikoKehamilan",
    profiles={
        "jawaban": "SkorKSPR",
        "skor": "SkorTotalKSPR",
        "risti": "PenandaRisti",
        "Condition": "DiagnosisRisti",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    criteria=(("method", f"{METODE}|kspr"),),
    filters={
        "pasien": "patient",
        "waktu": "date",
        "kelompok": f"risk={KELOMPOK}|{{}}",
    },
    sort="-date",
    constants=frozenset(
        {
            "RiskAssessment.status",
            "RiskAssessment.method",
            "RiskAssessment.basis",
            "RiskAssessment.prediction.rationale",
            "RiskAssessment.prediction.outcome",
            "RiskAssessment.prediction.qualitativeRisk.coding.system",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.status",
            "QuestionnaireResponse.item",
            "Observation.status",
            "Observation.category",
            "Observation.code",
            "Observation.derivedFrom",
        }
    ),
)
