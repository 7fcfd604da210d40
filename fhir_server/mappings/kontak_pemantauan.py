"""SOP Chat steps 1 and 2 on the write road: what a message of the monitoring brings about.

* The bidan's first message on a due day completes that day's CommunicationRequest and opens the
  case of that contact. A later message that names a missed contact completes it as late.
* The patient's answer moves the case. Of her own accord, in a monitoring thread and with no case
  open, her message opens one (domain §1.A A2); triage stays with the bidan.
* BR-A6: the message itself gets its encounter, and a Provenance that says where it came from.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.effects import Consequences, Effect, Nothing
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    ids_of,
    instant_of,
    reference,
)
from fhir_server.mappings.kasus_pemantauan import moved, state_of, to_fhir
from fhir_server.mappings.konsultasi_daring import KONSULTASI, LAYANAN, TUGAS
from fhir_server.mappings.pihak import is_public, party_of
from fhir_server.mappings.plain import as_json
from fhir_server.sop.kasus_pemantauan import MENUNGGU_JAWABAN, KasusPemantauan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

KATEGORI: Final = code_system("kategori-komunikasi")
STATUS_KONTAK: Final = code_system("status-kontak")
ARAH: Final = structure("arah-pesan")
AGENT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ACTIVITY: Final = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
NO_CONTACT: Final = frozenset(
    {"utas", "advis-dokter", "penerusan", "pemberitahuan", "sistem", "hasil-pemantauan"}
)
UNDER_WAY: Final = ("in-progress", "completed", "unknown")
OPEN: Final = ("requested", "received", "accepted", "ready", "in-progress", "on-hold")
ASAL: Final = "asal"
KASUS: Final = "kasus"
LONGEST_ORIGIN: Final = 64 - len(f"-{KASUS}-{KONSULTASI}")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the code systems below a canonical base."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/kategori-komunikasi"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        if document.get("status") not in UNDER_WAY or "sent" not in document:
            return False
        is_of_a_chat = "sender" in document and id_of(document.get("subject"), "Patient")
        return bool(is_of_a_chat) and code_of(document.get("category"), kinds) not in NO_CONTACT

    return (Effect("kontak pemantauan", frozenset({"Communication"}), applies, follow),)


def follow(messages: Sequence[Document], reader: Reader) -> Consequences:
    """Say what follows from messages, the earliest first."""
    day = _Messages(reader)
    timed = [(sent, each) for each in messages if (sent := instant_of(each.get("sent")))]
    for sent, each in sorted(timed, key=lambda pair: pair[0]):
        day.take(each, sent)
    return Consequences(day.changed, tuple(day.nothing))


class _Messages:
    """The messages of one write, each met by what those before it have changed."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._zone: tzinfo = reader.now.tzinfo  # type: ignore[assignment]
        self.changed: dict[str, Document] = {}
        self.nothing: list[Nothing] = []

    def take(self, message: Document, sent: datetime) -> None:
        """Take one message."""
        if is_public(message.get("sender")):
            self._from_patient(message, sent)
        elif _is_to_patient(message):
            self._to_patient(message, sent.astimezone(self._zone))

    def _to_patient(self, message: Document, sent: datetime) -> None:
        request = self._due(message, sent.date())
        if request is None:
            return
        late = day_of(request.get("occurrenceDateTime")) != sent.date()
        self._change({**request, "status": "completed"} | (_LATE if late else {}))
        name = _named(request["id"], KASUS)
        if self._reader.read(f"Task/{name}") is None:
            self._open(name, message, sent, jadwal=request["id"], status="dihubungi")
        self._document(message, name, jadwal=request["id"])

    def _due(self, message: Document, day: date) -> Document | None:
        """Find the planned contact that a message keeps: the one it names, or that of the day."""
        named = ids_of(message.get("basedOn"), "CommunicationRequest")
        pairs = [("patient", _patient(message)), ("status", "active")]
        if named:
            pairs.append(("_id", ",".join(named)))
        else:  # widened, for the search reads a day in the zone of the server
            days = (day - timedelta(days=1), day + timedelta(days=1))
            pairs += [("occurrence", f"ge{days[0]}"), ("occurrence", f"le{days[1]}")]
        found = [
            each
            for each in self._reader.find("CommunicationRequest", pairs)
            if f"CommunicationRequest/{each['id']}" not in self.changed
            and (planned := self._day(each)) is not None
            and (planned <= day if named else planned == day)
        ]
        return min(found, key=lambda each: str(each["id"]), default=None)

    def _day(self, request: Document) -> date | None:
        text = request.get("occurrenceDateTime")
        instant = instant_of(text)
        return day_of(text) if instant is None else instant.astimezone(self._zone).date()

    def _from_patient(self, message: Document, sent: datetime) -> None:
        cases = self._open_cases(message)
        emergency = code_of(message.get("category"), KATEGORI) == "darurat"
        waits = ("menjawab", "dilaporkan", *MENUNGGU_JAWABAN, "diberi-advis") if emergency else ()
        answered = [
            each
            for each in cases
            if state_of(each) in (waits or MENUNGGU_JAWABAN) and _began(each) <= sent
        ]
        if answered:
            last = max(answered, key=_began)
            self._change(moved(last, "darurat" if emergency else "menjawab"))
            self._document(message, last["id"])
        elif cases:
            monitored = [each for each in cases if state_of(each) is not None]
            if monitored:
                self._document(message, max(monitored, key=_began)["id"])
        elif "inResponseTo" not in message and self._is_monitoring(message):
            self._complain(message, sent, emergency=emergency)

    def _open_cases(self, message: Document) -> list[Document]:
        found = {f"Task/{each['id']}": each for each in self._reader.find("Task", _cases(message))}
        mine = {
            name: each
            for name, each in self.changed.items()
            if each["resourceType"] == "Task"
            and each["for"]["reference"] == _patient(message)
            and each["status"] in OPEN
        }
        return list({**found, **mine}.values())

    def _complain(self, message: Document, sent: datetime, *, emergency: bool) -> None:
        name = _named(message["id"], KASUS)
        if self._reader.read(f"Task/{name}") is not None:
            return  # an old message, written again: its case is closed
        who, when = _patient(message), sent.astimezone(self._zone)
        self._open(name, message, when, status="darurat" if emergency else "menjawab")
        self._document(message, name)
        pairs = tuple(_cases(message))
        self.nothing.append(Nothing(f"konsultasi-daring|{who}", "Task", pairs))

    def _is_monitoring(self, message: Document) -> bool:
        threads = ids_of(message.get("partOf"), "Communication")
        roots = [self._reader.read(f"Communication/{each}") for each in threads]
        return any(code_of(each.get("category"), LAYANAN) == "pemantauan" for each in roots if each)

    def _open(
        self,
        name: str,
        message: Document,
        sent: datetime,
        *,
        status: Any,
        jadwal: str | None = None,
    ) -> None:
        """Open a case; who carries it is who wrote, or to whom the patient wrote."""
        staff = _staff(message)
        who = _patient(message)
        case = KasusPemantauan(
            noKasus=f"PM-{sent:%Y%m%d}-{who.partition('/')[2]}",
            pasien=who.partition("/")[2],
            pemohon=party_of(message.get("sender")) or f"pasien/{who.partition('/')[2]}",
            mulai=sent,
            pelaksana=staff,
            faskes=self._employer(staff),
            jadwal=jadwal,
            pesan=message["id"],
            keluhan=None if jadwal else _text(message),
            status=status,
        )
        profiles = {"": "KasusPemantauan", KONSULTASI: "KonsultasiPemantauan"}
        for role, each in to_fhir(case, name).items():
            self._make(as_json(each), part_id(name, role), profiles[role], message)

    def _employer(self, staff: str | None) -> str | None:
        role = self._reader.read(f"PractitionerRole/{staff}") if staff else None
        return id_of(role.get("organization"), "Organization") if role else None

    def _document(self, message: Document, case: str, jadwal: str | None = None) -> None:
        """Let a message say to which consultation it belongs, and prove where it came from."""
        consultation = {"reference": f"Encounter/{part_id(case, KONSULTASI)}"}
        more: Document = {"encounter": message.get("encounter", consultation)}
        if jadwal and jadwal not in ids_of(message.get("basedOn"), "CommunicationRequest"):
            link = {"reference": f"CommunicationRequest/{jadwal}"}
            more["basedOn"] = [*message.get("basedOn", ()), link]
        if any(message.get(key) != value for key, value in more.items()):
            self._change({**message, **more})
        proof = _named(message["id"], ASAL)
        if self._reader.read(f"Provenance/{proof}") is None:
            self._make(_proof(message, self._reader.now), proof, "AsalPesan", message)

    def _make(self, resource: Document, name: str, profile: str, message: Document) -> None:
        tags = message.get("meta", {}).get("tag")
        meta: Document = {"profile": [structure(profile)], **({"tag": tags} if tags else {})}
        kind = resource.pop("resourceType")
        self._change({"resourceType": kind, "id": name, "meta": meta, **resource})

    def _change(self, resource: Document) -> None:
        self.changed[f"{resource['resourceType']}/{resource['id']}"] = resource


_LATE: Final[Document] = {
    "statusReason": {"coding": [{"system": STATUS_KONTAK, "code": "terlambat"}]}
}


def _proof(message: Document, now: datetime) -> Document:
    made: Any = r4b.Provenance  # its choice of occurred[x] is not typed
    return as_json(
        made(
            target=[reference("Communication", message["id"])],
            occurredDateTime=message["sent"],
            recorded=now,
            activity=concept(ACTIVITY, "CREATE"),
            agent=[{"type": concept(AGENT, "author"), "who": message["sender"]}],
        )
    )


def _named(origin: str, role: str) -> str:
    """Give the id of what an origin brings about, always the same; long ones are shortened."""
    short = origin if len(origin) <= LONGEST_ORIGIN else sha256(origin.encode()).hexdigest()[:32]
    return f"{short}-{role}"


def _cases(message: Document) -> list[tuple[str, str]]:
    return [
        ("patient", _patient(message)),
        ("code", f"{TUGAS}|konsultasi-daring"),
        ("status", ",".join(OPEN)),
    ]


def _patient(message: Document) -> str:
    return f"Patient/{id_of(message.get('subject'), 'Patient')}"


def _staff(message: Document) -> str | None:
    people = [message.get("sender"), *message.get("recipient", ())]
    return next(iter(ids_of(people, "PractitionerRole")), None)


def _is_to_patient(message: Document) -> bool:
    if (extension_of(message, ARAH) or {}).get("valueCode") == "internal":
        return False
    recipients = message.get("recipient", ())
    return not recipients or any(map(is_public, recipients))


def _began(case: Document) -> datetime:
    begun = instant_of(case.get("authoredOn"))
    return begun or datetime.fromisoformat("1900-01-01T00:00:00+00:00")


def _text(message: Document) -> str | None:
    texts = (each.get("contentString") for each in message.get("payload", ()))
    return next((each for each in texts if each), None)
