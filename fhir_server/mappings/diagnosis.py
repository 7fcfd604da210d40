"""Diagnosis as Condition: a complaint, a finding of a visit, or a problem that lasts.

https://hl7.org/fhir/R4/condition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import ICD_10, SNOMED, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    id_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.pihak import is_public, party, party_of
from fhir_server.mappings.rules import Rule, refuse
from fhir_server.sop import pihak
from fhir_server.sop.diagnosis import keluhan_belum_pasti
from fhir_server.sop.tanda_bahaya import TANDA, KodeTanda
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from collections.abc import Sequence

    from fhir_server.mappings import Resources
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.diagnosis import Diagnosis
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

KELUHAN: Final = "A2"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
CLINICAL: Final = f"{HL7}condition-clinical"
VERIFICATION: Final = f"{HL7}condition-ver-status"
KATEGORI: Final = code_system("kategori-kondisi")
TANDA_BAHAYA: Final = code_system("tanda-bahaya")
CATEGORY: Final = {
    "keluhan": (KATEGORI, "keluhan"),
    "diagnosis": (f"{HL7}condition-category", "encounter-diagnosis"),
    "masalah": (f"{HL7}condition-category", "problem-list-item"),
}
KEADAAN: Final = {
    "aktif": "active",
    "kambuh": "recurrence",
    "membaik": "remission",
    "sembuh": "resolved",
}
KEPASTIAN: Final = {
    "belum-pasti": "unconfirmed",
    "sementara": "provisional",
    "banding": "differential",
    "pasti": "confirmed",
    "tidak-terbukti": "refuted",
    "salah-entri": "entered-in-error",
}
KEPARAHAN: Final = {
    "ringan": ("255604002", "Mild"),
    "sedang": ("6736007", "Moderate"),
    "berat": ("24484000", "Severe"),
}


def to_fhir(diagnosis: Diagnosis, _id: str) -> Resources:
    """Write a complaint or a diagnosis."""
    warga = pihak.adalah_warga(diagnosis.pencatat)
    wrong = diagnosis.kepastian == "salah-entri"
    severity = KEPARAHAN.get(diagnosis.keparahan or "")
    day: Any = diagnosis.mulai
    ended: Any = diagnosis.berakhir
    return {
        "": r4b.Condition(
            clinicalStatus=None if wrong else concept(CLINICAL, KEADAAN[diagnosis.keadaan]),
            verificationStatus=concept(VERIFICATION, KEPASTIAN[diagnosis.kepastian]),
            category=[concept(*CATEGORY[diagnosis.kategori])],
            severity=severity and concept(SNOMED, *severity),
            code=_code(diagnosis),
            subject=reference("Patient", diagnosis.pasien),
            encounter=reference("Encounter", diagnosis.kunjungan),
            onsetDateTime=day,
            abatementDateTime=ended,
            recordedDate=diagnosis.waktu,
            recorder=None if warga else party(diagnosis.pencatat),
            asserter=party(diagnosis.pencatat) if warga else None,
            evidence=_evidence(diagnosis),
            note=several(diagnosis.catatan and {"text": diagnosis.catatan}),
        )
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a Condition, also one that a hospital or a KSPR card wrote."""
    condition = resources[""]
    categories = condition.get("category", ())
    severity = {code: word for word, (code, _) in KEPARAHAN.items()}
    evidence = [each for e in condition.get("evidence", ()) for each in e.get("detail", ())]
    notes = [each.get("text") for each in condition.get("note", ())]
    code = condition.get("code", {})
    sign = code_of(code, TANDA_BAHAYA)
    return {
        "pasien": id_of(condition.get("subject"), "Patient"),
        "kategori": next((w for w, pair in CATEGORY.items() if _in(categories, *pair)), None),
        "waktu": instant_of(condition.get("recordedDate")),
        "pencatat": party_of(condition.get("asserter")) or party_of(condition.get("recorder")),
        "kode": code_of(code, ICD_10),
        "tandaBahaya": sign if sign in get_args(KodeTanda) else None,
        "uraian": code.get("text"),
        "kunjungan": id_of(condition.get("encounter"), "Encounter"),
        "pesan": next(iter(ids_of(evidence, "Communication")), None),
        "mulai": day_of(condition.get("onsetDateTime")),
        "berakhir": day_of(condition.get("abatementDateTime")),
        "keadaan": _word(KEADAAN, code_of(condition.get("clinicalStatus"), CLINICAL)),
        "kepastian": _word(KEPASTIAN, code_of(condition.get("verificationStatus"), VERIFICATION)),
        "keparahan": severity.get(code_of(condition.get("severity"), SNOMED) or ""),
        "catatan": notes[0] if notes else None,
    }


def signs(kode: str) -> list[Any]:
    """Give the codings of a danger sign: ours and SNOMED CT."""
    tanda = TANDA[kode]
    pairs = [(TANDA_BAHAYA, tanda.kode, tanda.nama), (SNOMED, tanda.sct, None)]
    return [r4b.Coding(system=s, code=c, display=d) for s, c, d in pairs if c is not None]


def _code(diagnosis: Diagnosis) -> Any:
    codings = signs(diagnosis.tandaBahaya) if diagnosis.tandaBahaya else []
    if diagnosis.kode:
        codings.append(r4b.Coding(system=ICD_10, code=diagnosis.kode))
    return r4b.CodeableConcept(coding=codings or None, text=diagnosis.uraian)


def _evidence(diagnosis: Diagnosis) -> Any:
    said = reference("Communication", diagnosis.pesan)
    return [{"detail": [said]}] if said is not None else None


def _in(categories: Any, system: str, code: str) -> bool:
    return any(code_of(each, system) == code for each in categories)


def _word(table: Table[str, str], code: str | None) -> str | None:
    return next((word for word, each in table.items() if each == code), None)


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the code systems below a canonical base."""
    category = f"{canonical}/CodeSystem/kategori-kondisi"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if "recorder" in document or not is_public(document.get("asserter")):
            return False
        complaint = _in(document.get("category", ()), category, "keluhan")
        return complaint and _judged(document) is not None

    def check(concerns: Sequence[Concern], _facts: Facts) -> Check:
        def decide(_found: Sequence[Sequence[Stored]]) -> None:
            refuse(
                (each, "verificationStatus", reproof)
                for each in concerns
                if (reproof := _judged(each.document)) is not None
            )

        return Check((), (), decide)

    return (Rule(KELUHAN, frozenset({"Condition"}), applies, check),)


def _judged(condition: Document) -> Teguran | None:
    kepastian = _word(KEPASTIAN, code_of(condition.get("verificationStatus"), VERIFICATION))
    return keluhan_belum_pasti("keluhan", kepastian, petugas=False)


MAPPING = Mapping(
    resource_type="Condition",
    profile="DiagnosisPuskesmas",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "kode": f"code={ICD_10}|{{}}",
        "kategori": lambda word: "category=" + "|".join(CATEGORY.get(word, ("", word))),
        "keadaan": lambda word: f"clinical-status={KEADAAN.get(word, word)}",
    },
    sort="-recorded-date",
    constants=frozenset(
        {
            "Condition.category.coding.system",
            "Condition.clinicalStatus.coding.system",
            "Condition.verificationStatus.coding.system",
            "Condition.severity.coding.system",
            "Condition.code.coding.system",
        }
    ),
)
