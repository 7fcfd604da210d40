"""KSPR on the write road: within a pregnancy the risk group only goes up.

The facts are the filled cards of the woman, read after the write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fhir_server.mappings.kartu_kspr import answered
from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.resources.wire import parse
from fhir_server.sop import kspr
from fhir_server.sop.skor_poedji_rochjati import kelompok_tidak_turun
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

KSPR = "KSPR"
FILLED = ("completed", "amended")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the code systems below a canonical base."""
    method = f"{canonical}/CodeSystem/metode"
    groups = f"{canonical}/CodeSystem/kelompok-risiko-kspr"
    card = f"{canonical}/Questionnaire/kspr"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return has_code(document.get("method"), method, "kspr") and bool(group_of(document, groups))

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        found = {local(each.document.get("subject"), "Patient") for each in concerns}
        women = sorted(each for each in found if each)
        plans = (
            facts(
                "QuestionnaireResponse",
                [("subject", ",".join(women) or "Patient/-"), ("status", ",".join(FILLED))],
            ),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            cards = [parse(each.raw) for each in found[0]]
            refuse(verdicts(concerns, [c for c in cards if is_card(c, card)], groups))

        return Check(tuple(f"{KSPR}|{each}" for each in women), plans, decide, when="after")

    return (Rule(KSPR, frozenset({"RiskAssessment"}), applies, check),)


def verdicts(
    concerns: Sequence[Concern], cards: Sequence[Document], groups: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every assessment that says on which card it stands."""
    read = {f"QuestionnaireResponse/{each['id']}": (each, answered(each)) for each in cards}
    for concern in concerns:
        basis = (each.get("reference", "") for each in concern.document.get("basis", ()))
        own = next((read[each] for each in basis if each in read), None)
        group = group_of(concern.document, groups)
        if own is None or group not in kspr.KELOMPOK:
            continue
        times = _pregnancy(own, list(read.values()))
        wrong = {code for _, card in times for code in card["faktorSalahCatat"]}
        due = kspr.kelompok_berlaku((), [card["faktor"] for _, card in times], wrong)
        if reproof := kelompok_tidak_turun(group, due):
            yield concern, "prediction[0].qualitativeRisk", reproof


def is_card(response: Document, card: str) -> bool:
    """Say whether a QuestionnaireResponse is a filled card, of whichever version."""
    return str(response.get("questionnaire", "")).partition("|")[0] == card


def group_of(assessment: Document, groups: str) -> str | None:
    """Read the risk group of an assessment."""
    for prediction in assessment.get("prediction", ()):
        for coding in prediction.get("qualitativeRisk", {}).get("coding", ()):
            if coding.get("system") == groups:
                return cast("str | None", coding.get("code"))
    return None


def _pregnancy(own: Any, cards: list[Any]) -> list[Any]:
    """Give the cards of the same woman and the same pregnancy."""
    subject, hpht = own[0].get("subject", {}).get("reference"), own[1]["hpht"]
    return [
        each
        for each in cards
        if each[0].get("subject", {}).get("reference") == subject and each[1]["hpht"] == hpht
    ]
