"""Types that say who and where and how, and nothing of a patient: whoever may ask may read them."""

from __future__ import annotations

from typing import Final

DIRECTORY: Final = frozenset(
    {
        *("ActivityDefinition", "CapabilityStatement", "ChargeItemDefinition", "CodeSystem"),
        *("ConceptMap", "Endpoint", "HealthcareService", "Library", "Location", "Measure"),
        *("Medication", "NamingSystem", "OperationDefinition", "Organization", "PlanDefinition"),
        *("Practitioner", "PractitionerRole", "Questionnaire", "SearchParameter"),
        *("StructureDefinition", "Substance", "TerminologyCapabilities", "ValueSet"),
    }
)
