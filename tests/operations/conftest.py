"""Small records to call operations on."""

import pytest

from tests.operations.measuring import KARANGANYAR, SIDOREJO, Clinic, keep, organization, ours

TERMS = "http://terminology.hl7.org/CodeSystem"


def parameters(**values):
    """Make Parameters: ``meta__valueMeta={…}`` is the parameter meta."""
    rows = []
    for name, value in values.items():
        code, _, key = name.partition("__")
        rows.append({"name": code, key: value})
    return {"resourceType": "Parameters", "parameter": rows}


@pytest.fixture
def ids():
    """Give what a Bundle holds as ``Type/id``, those of one mode or all."""

    def of(bundle, mode=None):
        return [
            f"{each['resource']['resourceType']}/{each['resource'].get('id')}"
            for each in bundle.get("entry", [])
            if mode is None or each["search"]["mode"] == mode
        ]

    return of


@pytest.fixture
def record(fhir):
    """Two patients with an encounter each, and who treated them where."""

    def put(resource_type, identity, **elements):
        document = {"resourceType": resource_type, "id": identity, **elements}
        return fhir.kept(f"{resource_type}/{identity}", document)

    put("Organization", "pkm", name="Puskesmas Dharma Rini")
    put("Organization", "idle", name="Not in any record")
    put("Practitioner", "ani", name=[{"text": "Ani"}])
    put("Location", "kia", name="KIA", managingOrganization={"reference": "Organization/pkm"})
    put("Medication", "paracetamol", code={"text": "Paracetamol"})
    for who, day in (("siti", "2024-03-01"), ("budi", "2024-04-01")):
        subject = {"reference": f"Patient/{who}"}
        put("Patient", who, name=[{"text": who.title()}], birthDate="1990-05-17")
        put(
            "Encounter",
            f"visit-{who}",
            status="finished",
            **{"class": {"code": "AMB"}},
            subject=subject,
            period={"start": f"{day}T08:00:00+07:00", "end": f"{day}T09:00:00+07:00"},
            participant=[{"individual": {"reference": "Practitioner/ani"}}],
            location=[{"location": {"reference": "Location/kia"}}],
        )
        put(
            "MedicationRequest",
            f"rx-{who}",
            status="active",
            intent="order",
            subject=subject,
            encounter={"reference": f"Encounter/visit-{who}"},
            medicationReference={"reference": "Medication/paracetamol"},
            authoredOn=day,
        )
        put(
            "Observation",
            f"temperature-{who}",
            status="final",
            code={"text": "Temperature"},
            subject=subject,
            encounter={"reference": f"Encounter/visit-{who}"},
            effectiveDateTime=day,
        )
        active = {"system": f"{TERMS}/allergyintolerance-clinical", "code": "active"}
        put(
            "AllergyIntolerance",
            f"allergy-{who}",
            patient=subject,
            code={"text": "Peanut"},
            clinicalStatus={"coding": [active]},
        )
    return put


@pytest.fixture
def clinic(fhir):
    """A puskesmas of two villages."""
    keep(fhir, "pws-k1")
    fhir.kept("Organization/pkm", organization("pkm", "puskesmas", (SIDOREJO, KARANGANYAR)))
    for role in ("bidan", "dokter", "kader"):
        document = {
            "resourceType": "PractitionerRole",
            "id": role,
            "code": [ours("peran-petugas", role)],
        }
        fhir.kept(f"PractitionerRole/{role}", document)
    return Clinic(fhir)
