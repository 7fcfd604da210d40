"""BR-R2 on the write road: only the side whose move it is moves a referral or back-referral.

A side is the organization that asks for the write; the operator of the server, who asks for
nobody, is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings import status_rujuk_balik, status_rujukan
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.wewenang_rujukan import BR_R2, boleh_memindahkan
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

STATE_OF: Mapping[str, Callable[[Document], str | None]] = {
    "rujukan": status_rujukan.JAGA.state_of,
    "rujuk-balik": status_rujuk_balik.JAGA.state_of,
}


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-R2 for the Tasks of referrals and back-referrals."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def applies(task: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return not new and _kind(task, kinds) is not None

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        judged = {each.document["id"]: each for each in concerns if each.by}
        plans = (facts("Task", [("_id", ",".join(sorted(judged)))]),) if judged else ()

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            stood = documents(found[0]) if found else []
            refuse(_verdicts(stood, judged, kinds))

        return Check((), plans, decide, when="before")

    return (Rule(BR_R2, frozenset({"Task"}), applies, check),)


def _kind(task: Document, kinds: str) -> str | None:
    return next((each for each in STATE_OF if has_code(task.get("code"), kinds, each)), None)


def _verdicts(
    stood: Sequence[Document], judged: Mapping[str, Concern], kinds: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    for before in stood:
        concern = judged[before["id"]]
        state_of = STATE_OF[_kind(concern.document, kinds) or "rujukan"]
        reproof = boleh_memindahkan(
            concern.by,
            peminta=local(before.get("requester"), "Organization") or "",
            diminta=local(before.get("owner"), "Organization") or "",
            dari=state_of(before) or "",
            ke=state_of(concern.document) or "",
        )
        if reproof:
            yield concern, "status", reproof
