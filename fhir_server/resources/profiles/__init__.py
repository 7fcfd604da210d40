"""Profiles: what StructureDefinitions require beyond R4. Ours are files, others come from the store.

https://hl7.org/fhir/R4/profiling.html
"""

from fhir_server.resources.profiles.files import folder, load_profiles

__all__ = ["folder", "load_profiles"]
