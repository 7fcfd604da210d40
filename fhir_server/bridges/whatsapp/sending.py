"""One message out, at most once: intent, request, record, in this order.

The Graph API has no idempotency key, so a request whose answer was lost is never repeated. Its
token comes back with the message's first status and settles it; when none comes in time, a person
decides. Texts and numbers are in no log and in no state of the delivery.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from fhir_server.bridges.whatsapp import graph, recording
from fhir_server.bridges.whatsapp.judging import Held, Letter, Lost, judged
from fhir_server.bridges.whatsapp.threads import Peer, thread_with
from fhir_server.delivery.target import Accepted, Later, Refused, Sent, Unauthorized, Wait
from fhir_server.errors import FhirError, RuleBroken
from fhir_server.injection import point
from fhir_server.interactions.reader import StoreReader
from fhir_server.mappings import pesan_keluar

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.delivery.target import Answer
    from fhir_server.mappings.pesan_keluar import Outgoing
    from fhir_server.resources.wire import Document
    from fhir_server.store.sendings import Sending

log = structlog.get_logger(__name__)

NAME: Final = "whatsapp"
RATE_SECONDS: Final = 30.0
ONE_PERSON: Final = 131056
"""Too many messages to one person in a short time; others are not held up by it."""
UNKNOWN: Final = "Tidak diketahui apakah pesan ini sampai. Tanyakan, sebelum mengirim lagi."
NOT_WAITING: Final = "Pesan ini tidak lagi menunggu dikirim."
MENDED: Final = "fhir-server bridge retry whatsapp"


@dataclass(frozen=True, slots=True)
class Post:
    """What it takes to send: the context of the work and the API."""

    context: Context
    api: graph.Graph

    def look(self, name: str) -> Answer | None:
        """Say what became of an earlier attempt to send a message; None if there is none."""
        sending = self.context.store.sendings.open(NAME, name)
        return None if sending is None else self._settled(sending)

    def send(self, name: str) -> Answer:
        """Send a message (``Communication/x``), unless it was sent or may have been."""
        if (known := self.look(name)) is not None:
            return known
        reader = StoreReader(self.context)
        message = reader.read(name)
        outgoing = None if message is None else pesan_keluar.read(message, reader)
        if message is None or outgoing is None:
            return Refused(NOT_WAITING, "tidak-menunggu")
        verdict = judged(message, outgoing, reader)
        return self._carried(name, message, outgoing, reader, verdict)

    def _carried(
        self,
        name: str,
        message: Document,
        outgoing: Outgoing,
        reader: StoreReader,
        verdict: Letter | Held | Lost,
    ) -> Answer:
        if isinstance(verdict, Held):
            return Wait((), f"quiet hours until {verdict.until:%H:%M}")
        if isinstance(verdict, Lost):
            recording.lost(self.context, name, verdict.why, ask=verdict.ask)
            return Refused(verdict.why, verdict.rule)
        thread = self._thread(message, verdict, reader)
        answer = self._posted(name, verdict, thread)
        if answer is not None:
            return answer
        again = judged(message, outgoing, reader, template=True)  # the window had closed
        return self._carried(name, message, outgoing, reader, again)

    def _posted(self, name: str, letter: Letter, thread: str | None) -> Answer | None:
        """Ask the Graph API once; None if the same may be tried as a template."""
        sendings = self.context.store.sendings
        intent = sendings.intend(NAME, name, self.context.clock())
        if not intent.mine:
            return self._settled(intent)
        point("whatsapp-intended")
        try:
            number = self.api.send(letter.body, intent.token)
        except graph.Refused as refusal:
            sendings.free(intent.token, str(refusal))
            closed = refusal.cause == "window" and not letter.is_template
            return None if closed else self._refused(name, refusal)
        except graph.Unknown as unknown:
            log.warning("whatsapp: nobody knows", message=name, why=str(unknown))
            return Later(str(unknown), unknown=True, counts=False)
        point("whatsapp-taken")
        taken = sendings.sent(intent.token, number) or intent
        return self._recorded(taken, thread)

    def _settled(self, sending: Sending) -> Answer:
        """Finish what was sent and not recorded; wait for word of what nobody knows."""
        if sending.number is not None:
            return self._recorded(sending, None)
        patience = timedelta(minutes=self.context.settings.whatsapp_ragu_menit)
        if self.context.clock() < sending.at + patience:
            return Later("no word yet", unknown=True, counts=False)
        self.context.store.sendings.doubt(sending.token, "no word in time")
        recording.lost(self.context, sending.message, UNKNOWN)
        return Refused(UNKNOWN, "tidak-diketahui")

    def _recorded(self, sending: Sending, thread: str | None) -> Answer:
        number = sending.number or ""
        try:
            recording.gone(self.context, sending.message, number, sending.at, thread)
        except RuleBroken as error:
            says = error.issues[0]
            log.warning("whatsapp: sent, but not recorded", message=sending.message, rule=says.rule)
            return Refused(says.indonesian or says.diagnostics, says.rule or says.code)
        return Sent(number)

    def _refused(self, name: str, refusal: graph.Refused) -> Answer:
        """Say what the refusal of the Graph API means; only its code is repeated."""
        code = str(refusal.code)
        if refusal.cause == "token":
            return Unauthorized(f"Graph API: {code}", "Periksa FHIR_WHATSAPP_TOKEN dan akun Meta.")
        if refusal.cause in {"rate", "later", "window"}:
            of_all = refusal.cause == "rate" and refusal.code != ONE_PERSON
            wait = (refusal.seconds or RATE_SECONDS) if of_all else None
            return Later(f"Graph API: {code}", wait, counts=not of_all)
        if refusal.cause in {"person", "unwilling"}:
            why = f"WhatsApp tidak dapat mengantar pesan ini (kode {code})."
            recording.lost(self.context, name, why)
            return Refused(why, code)
        return Refused(
            f"Graph API menolak permintaan (kode {code}).",
            code,
            f"Periksa templat dan setelan (docs/exchange/whatsapp.md), lalu: {MENDED}",
        )

    def _thread(self, message: Document, letter: Letter, reader: StoreReader) -> str | None:
        """Give the thread in which a message belongs that names none."""
        if message.get("partOf"):
            return None
        settings = self.context.settings
        reads = settings.whatsapp_penerima or f"wa/{settings.whatsapp_nomor}"
        peer = Peer(letter.number, letter.party, letter.patient)
        try:
            line = settings.whatsapp_nomor
            return thread_with(self.context, reader, line, peer, reads, reader.now).id
        except FhirError as error:
            log.warning("whatsapp: no thread", message=message["id"], error=type(error).__name__)
            return None


def adopted(context: Context, token: str, number: str) -> bool:
    """Take in what a webhook says of a message whose number was never learned; False if unknown."""
    sending = context.store.sendings.known(token)
    if sending is None or sending.target != NAME:
        return False
    taken = context.store.sendings.sent(token, number) or sending
    recording.gone(context, taken.message, number, taken.at, None)
    return True


def finding(answer: Answer | None) -> Answer | None:
    """Say of a look-up that what was sent was there before this attempt."""
    return Accepted(answer.remote, adopted=True) if isinstance(answer, Sent) else answer
