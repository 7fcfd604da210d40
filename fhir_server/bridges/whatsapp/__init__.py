"""WhatsApp: chats that a clinic exports from its telephone."""

from fhir_server.bridges.whatsapp.cli_command import command

__all__ = ["command"]
