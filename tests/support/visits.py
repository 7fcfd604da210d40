"""Visits of a puskesmas and what belongs to them, as FHIR clients write them."""

from __future__ import annotations

from fhir_server.mappings.codes import KFA, code_system

DAY = "2024-05-08"


def at(clock):
    return f"{DAY}T{clock}:00+07:00"


def ref(name):
    return {"reference": name}


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def visit(identity="v", patient="p", unit="kb", status="in-progress", kind="AMB", **elements):
    """Make an Encounter; one without ``unit`` is another's."""
    unit = {"serviceType": concept(code_system("unit-layanan"), unit)} if unit else {}
    return {
        "resourceType": "Encounter",
        "id": identity,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind},
        "subject": ref(f"Patient/{patient}"),
        **unit,
        **elements,
    }


def payer(code):
    """Say on an Encounter who pays."""
    url = "https://puskesmas.example/fhir/StructureDefinition/cara-bayar"
    value = concept(code_system("jenis-penjamin"), code)
    return {"extension": [{"url": url, "valueCodeableConcept": value}]}


def drug(identity="rx", visit="v", patient="p", **elements):
    return {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(KFA, "93003157"),
        "subject": ref(f"Patient/{patient}"),
        "encounter": ref(f"Encounter/{visit}"),
        **elements,
    }


def dispense(clock="09:12", identity="d", drug="rx", patient="p", **elements):
    return {
        "resourceType": "MedicationDispense",
        "id": identity,
        "status": "completed",
        "medicationCodeableConcept": concept(KFA, "93003157"),
        "subject": ref(f"Patient/{patient}"),
        "authorizingPrescription": [ref(f"MedicationRequest/{drug}")],
        "whenHandedOver": at(clock),
        **elements,
    }


def service(method="suntik-3bl", identity="s", patient="p", **elements):
    """Make a request of contraception that names its drug."""
    return {
        "resourceType": "ServiceRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "code": concept(code_system("metode-kb"), method),
        "subject": ref(f"Patient/{patient}"),
        "supportingInfo": [ref("MedicationRequest/rx")],
        **elements,
    }


def procedure(code="suntik-3bl", system=None, clock="09:30", patient="p", **elements):
    return {
        "resourceType": "Procedure",
        "id": "t",
        "status": "completed",
        "code": concept(system or code_system("tindakan-kb"), code),
        "subject": ref(f"Patient/{patient}"),
        "encounter": ref("Encounter/v"),
        "basedOn": [ref("ServiceRequest/s")],
        "performedDateTime": at(clock) if clock else DAY,
        **elements,
    }


def put(ask, resource):
    """Store a resource under its id."""
    return ask("PUT", f"{resource['resourceType']}/{resource['id']}", resource)


def kept(ask, *resources):
    """Store resources that nothing forbids."""
    for each in resources:
        said = put(ask, each)
        assert said.status in {200, 201}, said.issues
