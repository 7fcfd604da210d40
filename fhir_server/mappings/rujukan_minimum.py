"""C8 on the write road: what a social or legal referral may refer to.

The letter may go along, and who pays; not what says something about the patient's health.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from fhir_server.mappings.elements import instant_of
from fhir_server.mappings.persetujuan_pasien import permits
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.rujukan_minimum import TANPA_KLINIS, melebihi_minimum
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Concern, Stored

C8: Final = "C8"
ZONE: Final = ZoneInfo("Asia/Jakarta")
NOT_CLINICAL: Final = ("Composition", "DocumentReference", "Coverage", "Consent")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give C8 for the codes below a canonical base."""
    base = canonical.rstrip("/")
    kinds = f"{base}/CodeSystem/jenis-rujukan"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return (
            document.get("status") in {"draft", "active"} and kind_of(document, kinds) is not None
        )

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        patients = {local(each.document.get("subject"), "Patient") for each in concerns}
        asked = [("patient", ",".join(sorted(filter(None, patients))) or "Patient/-")]
        letters = sorted({each for c in concerns for each in _letters(c.document)})
        plans = (
            facts("Consent", [*asked, ("status", "active")]),
            facts("Composition", [("_id", ",".join(letters) or "-")]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            consents = documents(found[0])
            telling = {each["id"] for each in documents(found[1]) if _tells(each)}
            refuse(
                (each, "reasonReference", melebihi_minimum(kind_of(each.document, kinds) or ""))
                for each in concerns
                if (is_clinical(each.document) or telling & set(_letters(each.document)))
                and not _agreed(each.document, consents, base)
            )

        return Check((), plans, decide, when="after")

    return (Rule(C8, frozenset({"ServiceRequest"}), applies, check),)


def kind_of(request: Document, system: str) -> str | None:
    """Give ``sosial`` or ``hukum`` where a referral is of such a kind."""
    found = (
        kind
        for kind in TANPA_KLINIS
        for each in request.get("category", ())
        if has_code(each, system, kind)
    )
    return next(found, None)


def is_clinical(request: Document) -> bool:
    """Say whether a referral carries more than who comes and why."""
    said = [*request.get("reasonReference", ()), *request.get("supportingInfo", ())]
    plain = all(any(local(each, kind) for kind in NOT_CLINICAL) for each in said)
    coded = any(each.get("coding") for each in request.get("reasonCode", ()))
    return coded or not plain


def _letters(request: Document) -> list[str]:
    """Give the ids of the letters that go along."""
    found = (local(each, "Composition") for each in request.get("supportingInfo", ()))
    return [each.partition("/")[2] for each in found if each]


def _tells(letter: Document) -> bool:
    """Say whether a letter refers to what is clinical."""
    entries = [each for section in letter.get("section", ()) for each in section.get("entry", ())]
    return any(not any(local(each, kind) for kind in NOT_CLINICAL) for each in entries)


def _agreed(request: Document, consents: Sequence[Document], base: str) -> bool:
    written = instant_of(request.get("authoredOn")) or datetime.now(UTC)
    day, patient = written.astimezone(ZONE).date(), local(request.get("subject"), "Patient")
    own = [each for each in consents if local(each.get("patient"), "Patient") == patient]
    receivers = [local(each, "Organization") for each in request.get("performer", ())]
    return bool(receivers) and all(
        any(permits(each, "berbagi-data", receiver or "", day, base) for each in own)
        for receiver in receivers
    )
