"""PersetujuanPasien as Consent.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import ACT_CODE, LOINC, code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.pihak import parties_of, party
from fhir_server.mappings.rules import has_code
from fhir_server.sop.persetujuan_pasien import ALUR_PERSETUJUAN, KEPADA, berlaku

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from datetime import date

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.persetujuan_pasien import PersetujuanPasien
    from fhir_server.store.ops import Condition

JENIS: Final = code_system("jenis-persetujuan")
DICABUT: Final = structure("dicabut-pada")
SCOPE: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CONSENT_DOCUMENT: Final = "59284-0"
STATUS: Final = {
    "diberikan": "active",
    "ditolak": "rejected",
    "dicabut": "inactive",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}


def to_fhir(persetujuan: PersetujuanPasien, _id: str) -> Resources:
    """Write a consent; what was refused is a provision that denies."""
    refused = persetujuan.status == "ditolak"
    withdrawn = persetujuan.dicabut
    kinds = [
        r4b.Coding(system=LOINC, code=CONSENT_DOCUMENT),
        r4b.Coding(system=JENIS, code=persetujuan.jenis),
    ]
    consent = r4b.Consent(
        extension=several(withdrawn and r4b.Extension(url=DICABUT, valueDateTime=withdrawn)),
        status=STATUS[persetujuan.status],
        scope=concept(SCOPE, "patient-privacy"),
        category=[r4b.CodeableConcept(coding=kinds)],
        patient=reference("Patient", persetujuan.pasien),
        dateTime=persetujuan.waktu,
        performer=several(party(persetujuan.oleh)),
        organization=[reference("Organization", persetujuan.faskes)],
        sourceReference=reference("DocumentReference", persetujuan.bukti),
        policyRule=concept(ACT_CODE, "OPTOUT" if refused else "OPTIN"),
        provision={
            "type": "deny" if refused else "permit",
            "period": period(persetujuan.mulai, persetujuan.sampai),
            "actor": [
                {"role": concept(ROLE, "IRCP"), "reference": party(each)}
                for each in persetujuan.penerima
            ]
            or None,
        },
    )
    return {"": consent}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a consent."""
    consent = resources[""]
    provision = consent.get("provision", {})
    span = provision.get("period", {})
    actors = [each.get("reference", {}) for each in provision.get("actor", ())]
    return {
        "faskes": next(iter(ids_of(consent.get("organization"), "Organization")), None),
        "pasien": id_of(consent.get("patient"), "Patient"),
        "jenis": code_of(consent.get("category"), JENIS),
        "status": state_of(consent),
        "waktu": instant_of(consent.get("dateTime")),
        "mulai": day_of(span.get("start")),
        "sampai": day_of(span.get("end")),
        "penerima": parties_of(actors),
        "oleh": next(iter(parties_of(consent.get("performer"))), None),
        "dicabut": instant_of((extension_of(consent, DICABUT) or {}).get("valueDateTime")),
        "bukti": id_of(consent.get("sourceReference"), "DocumentReference"),
    }


def complete(
    persetujuan: PersetujuanPasien, before: Table[str, Any] | None, reader: Reader
) -> tuple[PersetujuanPasien, tuple[Condition, ...]]:
    """Note when a consent was withdrawn."""
    if persetujuan.status != "dicabut" or persetujuan.dicabut is not None:
        return persetujuan, ()
    return replace(persetujuan, dicabut=(before or {}).get("dicabut") or reader.now), ()


def permits(consent: Document, jenis: str, kepada: str, pada: date, canonical: str) -> bool:
    """Say whether a consent lets ``kepada`` (``Type/id``) do this on that day."""
    kinds = f"{canonical}/CodeSystem/jenis-persetujuan"
    provision = consent.get("provision", {})
    span = provision.get("period", {})
    named = {each.get("reference", {}).get("reference") for each in provision.get("actor", ())}
    return (
        any(has_code(each, kinds, jenis) for each in consent.get("category", ()))
        and provision.get("type") != "deny"
        and (jenis not in KEPADA or kepada in named)
        and berlaku(state_of(consent), day_of(span.get("start")), day_of(span.get("end")), pada)
    )


def is_ours(consent: Document, canonical: str) -> bool:
    """Say whether a Consent is of one of our kinds."""
    kinds = f"{canonical}/CodeSystem/jenis-persetujuan"
    codings = (c for each in consent.get("category", ()) for c in each.get("coding", ()))
    return any(each.get("system") == kinds for each in codings)


def state_of(consent: Document) -> str | None:
    """Read the state of a consent."""
    return DIBACA.get(consent.get("status", ""))


MAPPING = Mapping(
    resource_type="Consent",
    profile="PersetujuanPasien",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    criteria=(("category", f"{LOINC}|{CONSENT_DOCUMENT}"),),
    filters={
        "pasien": "patient=Patient/{}",
        "jenis": f"category={JENIS}|{{}}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
        "waktu": "date",
    },
    sort="-date",
    constants=frozenset(
        {
            "Consent.extension.url",
            "Consent.scope",
            "Consent.category.coding.system",
            "Consent.category.coding.code",
            "Consent.policyRule.coding.system",
            "Consent.provision.actor.role",
        }
    ),
)

JAGA = Jaga(
    alur=ALUR_PERSETUJUAN,
    resource_type="Consent",
    applies=is_ours,
    state_of=state_of,
    status=STATUS,
)
