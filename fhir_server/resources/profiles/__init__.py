"""Profiles: what StructureDefinitions require of resources beyond R4.

https://hl7.org/fhir/R4/profiling.html
"""

from fhir_server.resources.profiles.files import folder, load_profiles

__all__ = ["folder", "load_profiles"]
