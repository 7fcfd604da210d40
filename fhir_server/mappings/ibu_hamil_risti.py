"""IbuHamilRisti as Flag, with the Conditions that are its reasons.

https://hl7.org/fhir/R4/flag.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import ICD_10
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.penanda_risti import (
    PENANDA,
    assessments_of,
    conditions_of,
    kelompok_of,
    penanda_risti,
)
from fhir_server.mappings.skor_poedji_rochjati import CATEGORY, DIAGNOSIS, role_of

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.ibu_hamil_risti import IbuHamilRisti

STATUS: Final = {"aktif": "active", "berakhir": "inactive"}


def to_fhir(risti: IbuHamilRisti, document_id: str) -> Resources:
    """Write the flag and a Condition for each reason."""
    roles = {role_of(code): code for code in risti.alasan}
    details = [
        reference("RiskAssessment", risti.skor),
        *(reference("Condition", part_id(document_id, role)) for role in roles),
    ]
    flag = penanda_risti(
        reference("Patient", risti.pasien),
        risti.kelompok,
        period(risti.sejak, risti.sampai),
        encounter=reference("Encounter", risti.kunjungan),
        author=reference("PractitionerRole", risti.pencatat),
        details=several(*details) or [],
        active=risti.status == "aktif",
    )
    return {"": flag, **{role: _condition(risti, code) for role, code in roles.items()}}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a flag, also the one that a KSPR card has written."""
    flag = resources[""]
    when = flag.get("period", {})
    reasons = [each for role, each in resources.items() if role.startswith(DIAGNOSIS)]
    codes = (code_of(each.get("code"), ICD_10) for each in reasons)
    return {
        "pasien": id_of(flag.get("subject"), "Patient"),
        "sejak": instant_of(when.get("start")),
        "kelompok": kelompok_of(flag),
        "alasan": tuple(code for code in codes if code),
        "pencatat": id_of(flag.get("author"), "PractitionerRole"),
        "skor": next(iter(assessments_of(flag)), None),
        "kunjungan": id_of(flag.get("encounter"), "Encounter"),
        "status": next((w for w, c in STATUS.items() if c == flag.get("status")), None),
        "sampai": instant_of(when.get("end")),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the reasons among what the flag rests on."""
    found = {}
    for each in conditions_of(primary):
        _, marked, code = each.rpartition(f"-{DIAGNOSIS}")
        found[f"{DIAGNOSIS}{code if marked else each}"] = f"Condition/{each}"
    return found


def _condition(risti: IbuHamilRisti, code: str) -> Any:
    return r4b.Condition(
        clinicalStatus=concept(f"{CATEGORY}condition-clinical", "active"),
        verificationStatus=concept(f"{CATEGORY}condition-ver-status", "provisional"),
        category=[concept(f"{CATEGORY}condition-category", "problem-list-item")],
        code=concept(ICD_10, code),
        subject=reference("Patient", risti.pasien),
        encounter=reference("Encounter", risti.kunjungan),
        recordedDate=risti.sejak,
        recorder=reference("PractitionerRole", risti.pencatat),
    )


MAPPING = Mapping(
    resource_type="Flag",
    profile="PenandaRisti",
    profiles={"Condition": "DiagnosisPuskesmas"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    criteria=(("code", f"{PENANDA}|ibu-hamil-risti"),),
    filters={
        "pasien": "patient=Patient/{}",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Flag.category",
            "Flag.extension.url",
            "Flag.extension.valueReference.reference",
            "Flag.code.coding.system",
            "Flag.code.coding.code",
            "Condition.clinicalStatus",
            "Condition.verificationStatus",
            "Condition.category",
            "Condition.code.coding.system",
        }
    ),
)
