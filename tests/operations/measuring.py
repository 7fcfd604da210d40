"""A puskesmas of two villages whose services are noted by FHIR, and counted by Measures."""

from __future__ import annotations

import json
from pathlib import Path

PROFILES = Path(__file__).parents[2] / "profiles"
CANONICAL = "https://puskesmas.example/fhir"
EPISODE = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare"
AREA = "http://sys-ids.kemkes.go.id/administrative-area"
VILLAGE = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
ICD_10, ICD_9_CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-9-cm"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
SIDOREJO, KARANGANYAR, FAR = "9902012001", "9902012002", "9904012009"
YEAR = "periodStart=2024-01-01&periodEnd=2024-12-31"


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def ours(name, code):
    return concept(f"{CANONICAL}/CodeSystem/{name}", code)


def to(reference):
    return {"reference": reference}


def organization(identity, kind, villages=(), part_of=None):
    url = f"{CANONICAL}/StructureDefinition/wilayah-kerja"
    document = {
        "resourceType": "Organization",
        "id": identity,
        "name": identity,
        "type": [ours("jenis-faskes", kind)],
        "extension": [{"url": url, "valueCode": code} for code in villages],
        "partOf": to(f"Organization/{part_of}") if part_of else None,
    }
    return without_empty(document)


def without_empty(document):
    return {name: value for name, value in document.items() if value not in ([], {}, None)}


def keep(fhir, name):
    """Keep a Measure of ours, as a server does when it starts."""
    fhir.kept(f"Measure/{name}", json.loads((PROFILES / f"measure/{name}.json").read_text("utf-8")))


class Clinic:
    """Notes what happened, and asks what was counted."""

    def __init__(self, fhir):
        self.fhir = fhir
        self.kept = {"pws-k1"}

    def person(self, identity, village=SIDOREJO, **elements):
        part = {"url": VILLAGE, "extension": [{"url": "village", "valueCode": village}]}
        document = {
            "resourceType": "Patient",
            "id": identity,
            "address": [{"extension": [part]}] if village else [],
            **elements,
        }
        self.fhir.kept(f"Patient/{identity}", without_empty(document))
        return f"Patient/{identity}"

    def pregnancy(self, identity, patient, hpht, status="active"):
        document = {
            "resourceType": "EpisodeOfCare",
            "id": identity,
            "status": status,
            "type": [concept(f"{EPISODE}-type", "ANC")],
            "patient": to(patient),
            "period": {"start": hpht},
        }
        self.fhir.kept(f"EpisodeOfCare/{identity}", document)
        return f"EpisodeOfCare/{identity}"

    def visit(self, patient, day, tag=None, episode=None, by=(), **elements):
        kind, code = tag or (None, None)
        document = {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB"},
            "identifier": [{"system": f"{EPISODE}/{kind}", "value": code}] if tag else [],
            "subject": to(patient),
            "episodeOfCare": [to(episode)] if episode else [],
            "participant": [{"individual": to(f"PractitionerRole/{each}")} for each in by],
            "period": {"start": f"{day}T08:00:00+07:00", "end": f"{day}T09:00:00+07:00"},
            "serviceProvider": to("Organization/pkm"),
            **elements,
        }
        return self.fhir.made("Encounter", without_empty(document))["id"]

    def anc(self, patient, code, day, episode=None, **elements):
        return self.visit(patient, day, ("ANC", code), episode, **elements)

    def put(self, kind, patient, **elements):
        who = "patient" if kind == "Immunization" else "subject"
        return self.fhir.made(kind, {"resourceType": kind, who: to(patient), **elements})["id"]

    def report(self, name, query=YEAR):
        if name not in self.kept:
            keep(self.fhir, name)
            self.kept.add(name)
        return self.fhir.read(f"Measure/{name}/$evaluate-measure?{query}")

    def numerator(self, name, query=YEAR):
        return counts(self.report(name, query)["group"][0])["numerator"]

    def denominator(self, name, query=YEAR):
        return counts(self.report(name, query)["group"][0])["denominator"]


def counts(group):
    """Give the counts of a group or stratum by population."""
    return {e["code"]["coding"][0]["code"]: e.get("count") for e in group["population"]}


def by_village(report, group=0):
    """Give the numerators of the strata by village."""
    strata = report["group"][group].get("stratifier", [{"stratum": []}])[0]["stratum"]
    return {e["value"]["coding"][0]["code"]: counts(e)["numerator"] for e in strata}
