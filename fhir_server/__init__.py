"""A FHIR R4 server for Indonesian primary care."""
