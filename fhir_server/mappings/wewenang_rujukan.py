"""BR-R2 on the write road: only the side whose move it is moves a referral or back-referral.

A side is the organization that asks for the write; the operator of the server, who asks for
nobody, is not judged. A back-referral that was given to a midwife or a pustu is still moved by the
puskesmas that was asked for it.
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
    from fhir_server.search.plan import Plan
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
        plans = _facts(judged, facts) if judged else ()

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            stood, asked = map(documents, found) if found else ([], [])
            refuse(_verdicts(stood, judged, kinds, _performers(asked)))

        return Check((), plans, decide, when="before")

    return (Rule(BR_R2, frozenset({"Task"}), applies, check),)


def _facts(judged: Mapping[str, Concern], facts: Facts) -> tuple[Plan, ...]:
    """Ask how the Tasks stand, and for their requests."""
    requests = {local(each.document.get("focus"), "ServiceRequest") for each in judged.values()}
    names = sorted(each.partition("/")[2] for each in requests if each)
    return (
        facts("Task", [("_id", ",".join(sorted(judged)))]),
        facts("ServiceRequest", [("_id", ",".join(names) or "-")]),
    )


def _kind(task: Document, kinds: str) -> str | None:
    return next((each for each in STATE_OF if has_code(task.get("code"), kinds, each)), None)


def _performers(requests: Sequence[Document]) -> dict[str | None, set[str | None]]:
    return {
        f"ServiceRequest/{each['id']}": {
            local(one, "Organization") for one in each.get("performer", ())
        }
        for each in requests
    }


def _verdicts(
    stood: Sequence[Document],
    judged: Mapping[str, Concern],
    kinds: str,
    performers: Mapping[str | None, set[str | None]],
) -> Iterator[tuple[Concern, str, Teguran]]:
    for before in stood:
        concern = judged[before["id"]]
        kind = _kind(concern.document, kinds) or "rujukan"
        state_of = STATE_OF[kind]
        owner = local(before.get("owner"), "Organization")
        request = local(before.get("focus"), "ServiceRequest")
        if kind == "rujuk-balik" and concern.by in performers.get(request, ()):
            owner = concern.by
        reproof = boleh_memindahkan(
            concern.by,
            peminta=local(before.get("requester"), "Organization") or "",
            diminta=owner or "",
            dari=state_of(before) or "",
            ke=state_of(concern.document) or "",
        )
        if reproof:
            yield concern, "status", reproof
