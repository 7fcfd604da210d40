"""A FHIR R4 server for Indonesian primary care."""

__version__ = "0.1.0"
