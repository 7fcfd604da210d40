"""BR-R1 on the write road: who declines a referral or back-referral says why (domain §5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from fhir_server.mappings import status_rujuk_balik, status_rujukan
from fhir_server.mappings.alur import number_of
from fhir_server.mappings.rules import Rule, documents, has_code, refuse
from fhir_server.sop.rujuk_balik import Alasan
from fhir_server.sop.rujukan import AlasanTolak
from fhir_server.sop.status_rujukan import ditolak_dengan_alasan
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

STATE_OF: Final[Mapping[str, Callable[[Document], str | None]]] = {
    "rujukan": status_rujukan.state_of,
    "rujuk-balik": status_rujuk_balik.state_of,
}
DECLINED: Final = frozenset({"ditolak", "gagal"})
REASONS: Final = {
    "rujukan": ("alasan-tolak", get_args(AlasanTolak)),
    "rujuk-balik": ("alasan-rujuk-balik", get_args(Alasan)),
}
"""Kind of Task → our code system of the reasons, and its codes."""


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for Tasks that become declined; history may be loaded without a reason."""
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-tugas"

    def applies(task: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return not new and not _says_why(task) and _declined(task, kinds) is not None

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        names = {each.document["id"]: each for each in concerns}
        plans = (facts("Task", [("_id", ",".join(sorted(names)))]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            refuse(_verdicts(documents(found[0]), names, kinds))

        return Check((), plans, decide, when="before")

    return (Rule("BR-R1 alasan", frozenset({"Task"}), applies, check),)


def _declined(task: Document, kinds: str) -> str | None:
    """Give the kind of a Task that stands declined, else None."""
    ours = (each for each in STATE_OF if has_code(task.get("code"), kinds, each))
    kind = next(ours, None)
    return kind if kind and STATE_OF[kind](task) in DECLINED else None


def _says_why(task: Document) -> bool:
    """Say whether there is a reason: a code of any system, or words."""
    reason = task.get("statusReason") or {}
    codings = reason.get("coding") or ()
    return bool(reason.get("text")) or any(c.get("code") or c.get("display") for c in codings)


def _verdicts(
    stood: Sequence[Document], judged: Mapping[str, Concern], kinds: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    for before in stood:
        concern = judged[before["id"]]
        kind = _declined(concern.document, kinds)
        if kind and _declined(before, kinds) is None:
            system, codes = REASONS[kind]
            yield (
                concern,
                "statusReason",
                ditolak_dengan_alasan(number_of(before), system, codes),
            )
