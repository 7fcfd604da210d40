"""``CarePlan/[id]/$tugaskan``: the follow-up plan of a PWS becomes work for Pustu and cadres (C12).

Each activity without a Task becomes one, with the notice to who has to do it. Called again it
makes what is missing and nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fhir_server import exchange
from fhir_server.errors import Gone, Hidden, NotFound, RuleBroken
from fhir_server.interactions.reader import StoreReader
from fhir_server.interactions.request import Answer
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, day_of, id_of, ids_of
from fhir_server.mappings.pihak import party_of
from fhir_server.mappings.rencana_tugas import tasks_of
from fhir_server.mappings.tindak_lanjut import JENIS
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.bundles import join, quoted
from fhir_server.sop.tindak_lanjut import C12, TindakLanjut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

ENTITY = "tindak_lanjut"
KIND = code_system("jenis-tugas")


def run(context: Context, call: Call) -> Answer:
    """Answer the Tasks of the plan, those that were there and those that are new."""
    plan = _plan(context, call.resource_id or "")
    for task_id, task in _missing(context, plan):
        try:
            exchange.present(context, ENTITY, task_id)
        except (Hidden, NotFound):
            exchange.publish(context, ENTITY, task, document_id=task_id)
    base = quoted(call.request.base)[:-1]
    entries = [
        b'{"fullUrl":%s/Task/%s","resource":%s}' % (base, task_id.encode(), stored.raw)
        for task_id in _made(_plan(context, plan["id"]))
        if (stored := context.store.read("Task", task_id)) is not None and stored.text is not None
    ]
    return Answer(200, join("collection", entries))


def _plan(context: Context, plan_id: str) -> Document:
    plan = StoreReader(context).read(f"CarePlan/{plan_id}")
    if plan is None:
        stored = context.store.read("CarePlan", plan_id)
        raise (NotFound if stored is None else Gone)(f"There is no CarePlan/{plan_id}.")
    if plan.get("status") != "active":
        raise RuleBroken(
            f"{C12}: CarePlan/{plan_id} is {plan.get('status')}; only an active one is handed out.",
            indonesian=f"{C12}: rencana {plan_id} belum final; selesaikan analisisnya dahulu.",
        )
    return plan


def _made(plan: Document) -> Iterator[str]:
    for activity in plan.get("activity", ()):
        yield from tasks_of(activity)


def _missing(context: Context, plan: Document) -> Iterator[tuple[str, TindakLanjut]]:
    """Give the work of each activity that has no Task yet, with the id it gets."""
    for number, activity in enumerate(plan.get("activity", ()), 1):
        task = _task(context, plan, activity.get("detail", {}), number)
        if task is not None and not tasks_of(activity):
            yield f"{plan['id']}-tugas-{number}", task


def _task(context: Context, plan: Document, detail: Document, number: int) -> TindakLanjut | None:
    """Write an activity as a document; None where it does not say what, who or when."""
    kind, span = code_of(detail.get("code"), KIND), detail.get("scheduledPeriod", {})
    who = party_of(next(iter(detail.get("performer", ())), None))
    start, faskes = day_of(span.get("start")), id_of(plan.get("author"), "Organization")
    if kind not in JENIS or who is None or start is None or faskes is None:
        return None
    basis = plan.get("supportingInfo", ())
    now = context.clock().astimezone(ZoneInfo(context.settings.timezone))
    return TindakLanjut(
        faskes=faskes,
        nomor=f"{plan['id']}/{number}",
        jenis=kind,  # type: ignore[arg-type]
        asal="pws",
        petugas=who,
        jadwal=start,
        batas=day_of(span.get("end")),
        waktu=now.replace(microsecond=0),
        uraian=detail.get("description") or plan.get("title") or "Tindak lanjut PWS",
        pasien=id_of(plan.get("subject"), "Patient"),
        kelompok=id_of(plan.get("subject"), "Group"),
        lokasi=id_of(detail.get("location"), "Location"),
        rencana=plan["id"],
        laporan=ids_of(basis, "MeasureReport"),
        analisis=next(iter(ids_of(basis, "Composition")), None),
        sumber="api",
    )


OPERATION = Operation(
    name="tugaskan",
    types=("CarePlan",),
    levels=frozenset({"instance"}),
    says="Make the Tasks of a PWS follow-up plan and tell who has to do them (C12).",
    affects_state=True,
    parameters=(
        Parameter("return", "Bundle", use="out", minimum=1, says="All Tasks of the plan."),
    ),
    run=run,
)
