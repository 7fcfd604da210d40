"""The Kohort Ibu register as a file (XLSX or CSV): its rows become mothers and pregnancies."""

from fhir_server.bridges.kohort_ibu.cli_command import command

__all__ = ["command"]
