"""Whose number it is that wrote: asked of staff by a Task, and their answer into the messages.

A message of a number that is nobody's here, or several people's, opens a Task (``kenali-nomor``),
one a thread. Staff complete it with ``for`` the patient, and a RelatedPerson in ``output`` where
family wrote; then thread and messages are that patient's, and what follows from a patient's words
follows. Rejected, it is not asked again. Nobody is invented, and no number is added to anybody: who
is to be known the next time has the number in ``telecom``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings import akibat_pesan, kontak_pemantauan
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.consequence import id_from
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, id_of, ids_of
from fhir_server.mappings.kontak_pemantauan import KATEGORI, NO_CONTACT
from fhir_server.mappings.persetujuan_pesan import number_of
from fhir_server.mappings.pesan_keluar import reads
from fhir_server.mappings.rules import has_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.mappings.effects import Nothing
    from fhir_server.resources.wire import Document

KIND: Final = "kenali-nomor"
TUGAS: Final = code_system("jenis-tugas")
ASKS: Final = (
    "Nomor ini tidak dikenal, atau dipakai beberapa orang. Cari siapa yang menulis; selesaikan "
    "tugas ini dengan pasiennya (for), atau tolak bila tidak dapat diketahui."
)
SAID: Final = ("in-progress", "completed")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give both effects for the code systems below a canonical base."""
    base = canonical.rstrip("/")
    system, kinds = f"{base}/CodeSystem/kategori-komunikasi", f"{base}/CodeSystem/jenis-tugas"
    origin, numbers = f"{base}/CodeSystem/asal-data", f"{base}/sid/wa-id"

    def is_unmatched(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        sender = document.get("sender", {})
        if sender.get("identifier", {}).get("system") != numbers or "reference" in sender:
            return False
        tags = document.get("meta", {}).get("tag", ())
        live = any(e.get("system") == origin and e.get("code") == "webhook" for e in tags)
        quiet = any(has_code(e, system, "sistem") for e in document.get("category", ()))
        return live and not quiet and "subject" not in document and document.get("status") in SAID

    def is_answer(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        answered = document.get("status") == "completed" and "for" in document
        return answered and has_code(document.get("code"), kinds, KIND)

    return (
        Effect("nomor tidak dikenal", frozenset({"Communication"}), is_unmatched, ask),
        Effect("nomor dikenali", frozenset({"Task"}), is_answer, told),
    )


def ask(messages: Sequence[Document], reader: Reader) -> Consequences:
    """Ask staff once a thread who wrote; again when it writes after they have said it."""
    made: dict[str, Document] = {}
    for each in messages:
        thread = next(iter(ids_of(each.get("partOf"), "Communication")), None)
        if thread is None:
            continue
        own_id = id_from("kenali", {"resourceType": "Communication", "id": thread})
        stands = made.get(f"Task/{own_id}") or reader.read(f"Task/{own_id}")
        if stands is None or stands.get("status") == "completed":
            made[f"Task/{own_id}"] = _task(own_id, thread, stands or {}, reader)
    return Consequences(made)


def told(tasks: Sequence[Document], reader: Reader) -> Consequences:
    """Let threads and their messages be those of the people whom staff have named."""
    made: dict[str, Document] = {}
    nothing: list[Nothing] = []
    for each in tasks:
        thread, patient = id_of(each.get("focus"), "Communication"), id_of(each["for"], "Patient")
        if thread is None or patient is None:
            continue
        who, unmatched = _person(each, patient, reader), _unmatched(thread, reader)
        made |= _thread(thread, patient, who, unmatched, reader)
        matched = [_matched(message, patient, who) for message in unmatched]
        made |= {f"Communication/{message['id']}": message for message in matched}
        words = [e for e in matched if code_of(e.get("category"), KATEGORI) not in NO_CONTACT]
        for follow in (kontak_pemantauan.follow, akibat_pesan.from_messages):
            follows = follow(words, reader)
            made |= follows.resources
            nothing += follows.nothing
    return Consequences(made, tuple(nothing))


def _task(own_id: str, thread: str, before: Document, reader: Reader) -> Document:
    now = reader.now.isoformat()
    written: Document = {
        "resourceType": "Task",
        "id": own_id,
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [{"system": TUGAS, "code": KIND}]},
        "focus": {"reference": f"Communication/{thread}"},
        "authoredOn": before.get("authoredOn", now),
        "lastModified": now,
        "owner": before.get("owner") or reads(reader),
        "reasonCode": {"text": ASKS},
    }
    return {key: each for key, each in written.items() if each}


def _person(task: Document, patient: str, reader: Reader) -> Document:
    """Give who wrote, as a Reference: family of this patient if staff name it, else the patient."""
    named = [each.get("valueReference", {}) for each in task.get("output", ())]
    for family in ids_of(named, "RelatedPerson"):
        person = reader.read(f"RelatedPerson/{family}") or {}
        if id_of(person.get("patient"), "Patient") == patient:
            return {"reference": f"RelatedPerson/{family}"}
    return {"reference": f"Patient/{patient}"}


def _unmatched(thread: str, reader: Reader) -> list[Document]:
    found = reader.find("Communication", [("part-of", f"Communication/{thread}")])
    return [
        each
        for each in found
        if number_of(each.get("sender")) is not None
        and "subject" not in each
        and each.get("status") in SAID
    ]


def _matched(message: Document, patient: str, who: Document) -> Document:
    return {**message, "subject": {"reference": f"Patient/{patient}"}, "sender": who}


def _thread(
    thread: str, patient: str, who: Document, messages: Sequence[Document], reader: Reader
) -> dict[str, Document]:
    """Give the thread with its patient, instead of the number; one that has a patient keeps it."""
    stands = reader.read(f"Communication/{thread}")
    if stands is None or "subject" in stands:
        return {}
    numbers = {number_of(each.get("sender")) for each in messages}
    others = [
        each
        for each in stands.get("recipient", ())
        if each != who and (number_of(each) is None or number_of(each) not in numbers)
    ]
    subject = {"reference": f"Patient/{patient}"}
    return {f"Communication/{thread}": {**stands, "subject": subject, "recipient": [who, *others]}}
