"""``QuestionnaireResponse/$isi-daftar-tilik``: the chat SOP's checklist, filled from the data.

Questions 1, 3, 4 and 6 are answered by what is recorded of a village and a period, each with what
was found; the others stay open for the auditor, who may answer any of them otherwise. Nothing is
stored: what comes back is a draft to be completed and sent (``/sop/v1/daftar-tilik``).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fhir_server.errors import BadRequest
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.interactions.request import Answer
from fhir_server.mappings.daftar_tilik import complete, to_fhir
from fhir_server.mappings.plain import as_json
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.sop.daftar_tilik import BUTIR, DaftarTilik

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document


def run(context: Context, call: Call) -> Answer:
    """Answer the QuestionnaireResponse."""
    first = _day("mulai", call.required("mulai"))
    last = _day("sampai", call.one("sampai")) if call.one("sampai") else first
    now = context.clock().astimezone(ZoneInfo(context.settings.timezone)).replace(microsecond=0)
    asked = DaftarTilik(
        sop="chat",
        auditor=call.required("auditor"),
        unit=call.required("unit"),
        tanggal=now,
        desa=call.required("desa"),
        mulai=first,
        sampai=last,
    )
    filled, _ = complete(asked, None, StoreReader(context))
    return Answer(200, outward(context, _draft(as_json(to_fhir(filled, "draf")[""]))))


def _draft(response: Document) -> Document:
    """Give all questions, those that the data do not answer without an answer."""
    answered = {each["linkId"]: each for each in response.get("item", ())}
    items = [answered.get(no, {"linkId": no, "text": text}) for no, text in BUTIR["chat"].items()]
    return {**response, "status": "in-progress", "item": items}


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"{name}={text!r} is not a day; right is 2024-08-05.") from None


OPERATION = Operation(
    name="isi-daftar-tilik",
    types=("QuestionnaireResponse",),
    levels=frozenset({"type"}),
    says="The checklist of the chat SOP, answered as far as the data can (SOP Chat, A-chk).",
    parameters=(
        Parameter("desa", "code", minimum=1, says="The village, ten digits."),
        Parameter("mulai", "date", minimum=1, says="First day of the period."),
        Parameter("sampai", "date", says="Last day of the period; the first if absent."),
        Parameter("auditor", "id", minimum=1, says="Who audits (PractitionerRole)."),
        Parameter("unit", "id", minimum=1, says="What is audited (Organization)."),
        Parameter(
            "return", "QuestionnaireResponse", use="out", minimum=1, says="The draft, not stored."
        ),
    ),
    run=run,
)
