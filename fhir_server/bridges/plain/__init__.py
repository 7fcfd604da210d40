"""THE BRIDGE TO ANY FHIR R4 SERVER: a hospital's HAPI, a Medplum, another of ours.

A table in the file of targets is all it needs (``docs/targets.md``).
"""
