"""What follows in a LAKON case from what is written: the next step begins, the case moves on.

A case opens its forwarding; a forwarded complaint opens the advising; an advice its approval; an
approval the passing on; a rejection another cycle, whose clock starts at the rejection. Whoever
writes, by SOP API or FHIR, brings the same about, in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import konsultasi_alur as courses
from fhir_server.mappings import persetujuan_advis as approvals
from fhir_server.mappings.codes import CANONICAL
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.konsultasi_alur import is_advice, is_approval, is_lakon
from fhir_server.mappings.meja_lakon import Desk
from fhir_server.mappings.rules import has_code, local
from fhir_server.mappings.tugas_lakon import (
    OPEN,
    PERKIRAAN,
    as_exact_as,
    end_of,
    kind_of,
    start_of,
)
from fhir_server.mappings.tutup_lakon import close, turn_away

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.persetujuan_advis import Keputusan

DECIDED: Final[dict[str, Keputusan]] = {"completed": "disetujui", "rejected": "ditolak"}
SENT: Final = ("in-progress", "completed")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the one effect of a LAKON case."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        kind = document["resourceType"]
        if kind == "Task":
            own = is_lakon(document, base) or is_approval(document, base)
            return own or (kind_of(document) is not None and "partOf" in document)
        if kind == "Communication":
            named = any(local(each, "Task") for each in document.get("basedOn", ()))
            told = any(of_category(document, base, each) for each in ("penerusan", "darurat"))
            return named and (told or is_advice(document, base))
        if kind == "Encounter":
            types = document.get("type", ())
            return any(has_code(e, f"{base}/CodeSystem/layanan-konsultasi", "lakon") for e in types)
        codings = document.get("activity", {}).get("coding", ())
        return any(each.get("system") == f"{base}/CodeSystem/keputusan" for each in codings)

    kinds = frozenset({"Task", "Communication", "Encounter", "Provenance"})
    return (Effect("langkah-lakon", kinds, applies, follow),)


def of_category(message: Document, canonical: str, category: str) -> bool:
    """Say whether a message is of a category of ours."""
    kinds = f"{canonical}/CodeSystem/kategori-komunikasi"
    return any(has_code(each, kinds, category) for each in message.get("category", ()))


def follow(documents: Sequence[Document], reader: Reader) -> Consequences:
    """Work out what a write brings about, step after step."""
    desk = Desk(documents, reader)
    tasks = [_ended(desk, each) for each in documents if each["resourceType"] == "Task"]
    messages = [each for each in documents if each["resourceType"] == "Communication"]
    for task in tasks:
        if is_lakon(task, CANONICAL):
            _case(desk, task)
    for message in messages:
        if of_category(message, CANONICAL, "penerusan"):
            _forwarded(desk, message)
        elif is_advice(message, CANONICAL):
            _advised(desk, message)
        else:
            _alarmed(desk, message)
    for task in tasks:
        if is_approval(task, CANONICAL):
            _decided(desk, task)
    for message in messages:
        if is_advice(message, CANONICAL):
            _passed_on(desk, message)
    return Consequences(desk.changed)


def _ended(desk: Desk, task: Document) -> Document:
    """Note when a step ended whose writer did not say it (BR-D8)."""
    closed = task.get("status") in {*DECIDED, "failed"}
    if kind_of(task) is None or not closed or "end" in task.get("executionPeriod", {}):
        return task
    was = desk.before(f"Task/{task['id']}") or {}
    said = task.get("lastModified") if task.get("lastModified") != was.get("lastModified") else None
    return desk.finish({**task}, desk.instant(said), status=task["status"])


def _case(desk: Desk, case: Document) -> None:
    """Let a new case wait to be forwarded, and one that ended let go of its open steps."""
    state = courses.case_state(case)
    if desk.before(f"Task/{case['id']}") is None and state not in courses.ENDED:
        start = desk.instant(case.get("authoredOn"))
        desk.open_step(f"{case['id']}-d5", "teruskan-ke-tim-dokter", case, start)
    if turn_away(desk, case):
        return
    if state in courses.ENDED and desk.moved(case):
        close(desk, case, case.get("statusReason", {}).get("text") or f"kasus {state}")


def _forwarded(desk: Desk, message: Document) -> None:
    case = desk.case_of(message.get("basedOn"))
    sent = message.get("sent")
    unsent = message.get("status") in {"not-done", "entered-in-error", "preparation"}
    was = desk.before(f"Communication/{message['id']}") or {}
    if case is None or not sent or unsent or was.get("sent") == sent:
        return
    at = desk.instant(sent)
    name, focus = f"Task/{case['id']}-d5", f"Communication/{message['id']}"
    if (step := desk.read(name)) is not None and step.get("status") in OPEN:
        about = {"focus": {"reference": focus}, "owner": message.get("sender")}
        desk.finish(as_exact_as(step, message), at, **about)
    if desk.open_of(case, "memberi-saran") is None:
        team = next(iter(message.get("recipient", ())), None)
        timed = as_exact_as(case, message)
        desk.next_advising(timed, at, owner=team, requester=message.get("sender"))
    desk.move(case, "diteruskan")


def _alarmed(desk: Desk, message: Document) -> None:
    """Let an emergency go before the course of the case; the escalation itself is SOP A's."""
    case = desk.case_of(message.get("basedOn"))
    if case is None or desk.before(f"Communication/{message['id']}") is not None:
        return
    desk.move({**case, "priority": "stat"}, "darurat")
    if (moved := desk.read(f"Task/{case['id']}")) is not None:
        desk.put({**moved, "priority": "stat"})


def _advised(desk: Desk, advice: Document) -> None:
    case = desk.case_of(advice.get("basedOn"))
    name = f"Communication/{advice['id']}"
    if case is None or desk.before(name) is not None:
        return
    written = desk.step_on(case, "memberi-saran", name)
    if written is None and (step := desk.open_of(case, "memberi-saran")) is not None:
        about = {"focus": {"reference": name}, "owner": advice.get("sender")}
        written = desk.finish(step, desk.after(start_of(step)), **about)
    desk.move(case, "saran-dibuat")
    end = written and end_of(written)
    approver = case.get("owner")
    if advice.get("status") == "preparation" and approver and approver != advice.get("sender"):
        desk.open_step(
            f"{advice['id']}-persetujuan",
            "persetujuan-advis",
            case,
            end or desk.now,
            owner=approver,
            requester=advice.get("sender"),
            focus=name,
        )


def _decided(desk: Desk, approval: Document) -> None:
    decision = DECIDED.get(approval.get("status", ""))
    case = desk.case_of(approval.get("partOf"))
    was = desk.before(f"Task/{approval['id']}") or {}
    if decision is None or case is None or was.get("status") in DECIDED:
        return
    at = end_of(approval) or desk.now
    advice = desk.read(local(approval.get("focus"), "Communication"))
    if advice is not None:
        for each in approvals.opened(advice, decision, desk):
            desk.put(each)
        desk.drop_other_approvals(case, approval, at)
    _proven(desk, approval, decision, at)
    if decision == "disetujui":
        desk.move(case, "disetujui")
        _to_pass_on(desk, case, approval, at)
        return
    desk.move(case, "ditolak-penyetuju")
    if advice is not None and advice.get("status") == "preparation":
        desk.put({**advice, "status": "stopped"})
    why = approval.get("statusReason", {}).get("text")
    desk.next_advising(case, at, owner=approval.get("requester"), reason=why)


def _to_pass_on(desk: Desk, case: Document, approval: Document, at: datetime) -> None:
    name = local(approval.get("focus"), "Communication")
    if name is None:
        return
    operator = next((e.get("requester") for e in desk.steps(case, "memberi-saran")), None)
    desk.open_step(
        f"{name.partition('/')[2]}-d8", "meneruskan-saran", case, at, owner=operator, focus=name
    )


def _proven(desk: Desk, approval: Document, decision: Keputusan, at: datetime) -> None:
    """Give a decision made by FHIR alone the proof that the SOP API writes."""
    target = f"Task/{approval['id']}"
    if any(local(t, "Task") == target for p in desk.provenances for t in p.get("target", ())):
        return
    whole = {**approval, "executionPeriod": {**approval.get("executionPeriod", {})}}
    whole["executionPeriod"]["end"] = at.isoformat()
    if (proof := approvals.proof_of(whole, decision)) is not None:
        desk.put(proof)


def _passed_on(desk: Desk, advice: Document) -> None:
    """Close the passing on: when it was received or, as far as anybody knows, when it was sent."""
    case = desk.case_of(advice.get("basedOn"))
    when = advice.get("received") or advice.get("sent")
    if case is None or advice.get("status") not in SENT or not when:
        return
    name = f"Communication/{advice['id']}"
    was = desk.before(name) or {}
    as_before = was.get("status") == advice.get("status")
    if as_before and (was.get("received") or was.get("sent")) == when:
        return
    if (step := desk.step_on(case, "meneruskan-saran", name)) is not None:
        step = as_exact_as(step, advice)
        guess = {"url": PERKIRAAN, "valueBoolean": True}
        guessed: list[Any] = [] if advice.get("received") else [guess]
        kept = [e for e in step.get("extension", ()) if e.get("url") != PERKIRAAN]
        desk.finish(step, desk.instant(when), extension=kept + guessed)
    received = advice.get("status") == "completed"
    desk.move(case, "diterima" if received else "diteruskan-ke-pasien", answered=True)
