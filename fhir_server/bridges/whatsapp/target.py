"""WhatsApp as a target of the delivery engine: messages that wait, and approvals that release one.

The parcel names the message and no more: text and number are read when it is sent, so that no
state, dry run or log of the delivery holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.whatsapp import hours, templates
from fhir_server.bridges.whatsapp.authority import is_foreign
from fhir_server.bridges.whatsapp.graph import Graph
from fhir_server.bridges.whatsapp.judging import ON_REQUEST, UNLESS_REFUSED
from fhir_server.bridges.whatsapp.sending import NAME, Post, finding
from fhir_server.delivery.target import Nothing, Pace, Parcel, Refused, Rendered
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings import pesan_keluar
from fhir_server.mappings.codes import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.config import Settings
    from fhir_server.delivery.target import Answer, Resource, Target, View

PACE: Final = Pace(rate=20.0, connections=4, attempts=12, first=2.0, longest=900.0)
"""Well below the 80 messages a second that Meta takes from a number."""


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """The number of a clinic at Meta."""

    settings: Settings
    api: Graph
    name: str = NAME
    pace: Pace = PACE
    every_version: bool = False

    def wants(self, document: dict[str, Any]) -> bool:
        """Tell whether this is a message to go out, or the approval of one."""
        canonical = self.settings.canonical.rstrip("/")
        kind = document["resourceType"]
        if kind == "Communication":
            return pesan_keluar.asks_to_go(document, canonical)
        return kind == "Task" and pesan_keluar.released(document, canonical) is not None

    def needs(self, resource: Resource, view: View) -> Sequence[str]:  # noqa: ARG002 - as Target has it
        """Need nothing there."""
        return ()

    def render(self, resource: Resource, view: View) -> Rendered | Nothing | Refused:
        """Name the message, if it is to go now."""
        reader = StoreReader(view.context)
        name, message = _message(resource, reader)
        if message is None or pesan_keluar.read(message, reader) is None:
            return Nothing("no message that waits to go by WhatsApp")
        if not pesan_keluar.is_approved(message, reader):
            return Nothing("waits for its approval (BR-D7), which releases it")
        if is_foreign(view.context, message, reader):
            return Refused("Ditulis organisasi lain, bukan pemilik nomor ini.", "organisasi")
        path = f"messages/{resource.version}"  # one that staff let wait again goes again
        return Rendered((Parcel("POST", path, note={"message": name}),))

    def find(self, parcel: Parcel, view: View) -> Answer | None:
        """Look whether an earlier attempt went."""
        return finding(Post(view.context, self.api).look(parcel.note["message"]))

    def send(self, parcel: Parcel, view: View) -> Answer:
        """Send the message."""
        return Post(view.context, self.api).send(parcel.note["message"])


def make(settings: Settings) -> Target | None:
    """Give the target that the settings configure; None without token or number.

    ValueError names a setting that cannot be read.
    """
    if not (settings.whatsapp_token and settings.whatsapp_nomor):
        return None
    hours.quiet(settings.whatsapp_tenang, UTC)
    hours.time_of_day(settings.whatsapp_jadwal)
    templates.load(settings.whatsapp_templat)
    if settings.whatsapp_persetujuan not in {ON_REQUEST, UNLESS_REFUSED}:
        raise ValueError(
            f"FHIR_WHATSAPP_PERSETUJUAN={settings.whatsapp_persetujuan!r} is neither "
            f"{UNLESS_REFUSED} nor {ON_REQUEST}."
        )
    return WhatsApp(settings, Graph(settings))


def _message(resource: Resource, reader: StoreReader) -> tuple[str, dict[str, Any] | None]:
    """Give the message that a resource is, or that its approval releases, as it stands now."""
    name: str | None = f"Communication/{resource.id}"
    if resource.resource_type == "Task":
        approval = reader.read(f"Task/{resource.id}")
        name = None if approval is None else pesan_keluar.released(approval, CANONICAL)
    return name or "", reader.read(name) if name else None
