"""SATU-EPISODE on the write road: a woman has one active episode of a kind (domain §5.6).

SATUSEHAT refuses a second one (rules 10109 and 10110); here nobody can write it in the first place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.elements import code_of
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.sop.episode_kehamilan import SATU_EPISODE, hanya_satu
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

RUNNING = ("active", "onhold")


def rules(_canonical: str) -> tuple[Rule, ...]:
    """Give the rule; the types of episodes are SATUSEHAT's, below no base of ours."""

    def applies(episode: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return episode.get("status") in RUNNING and kind_of(episode) in {"ANC", "PNC"}

    return (Rule(SATU_EPISODE, frozenset({"EpisodeOfCare"}), applies, check),)


def check(concerns: Sequence[Concern], facts: Facts) -> Check:
    """Look, after the write, at all running episodes of its women."""
    women = sorted({found for each in concerns if (found := woman_of(each.document))})
    pairs = [("patient", ",".join(women)), ("status", ",".join(RUNNING))]

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        refuse(verdicts(concerns, documents(found[0])))

    return Check(
        tuple(f"{SATU_EPISODE}|{each}" for each in women),
        (facts("EpisodeOfCare", pairs),),
        decide,
        when="after",
    )


def verdicts(
    concerns: Sequence[Concern], running: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every written episode by the others that run."""
    for concern in concerns:
        own, kind = concern.document, kind_of(concern.document)
        others = [
            each["id"]
            for each in running
            if each["id"] != own["id"] and woman_of(each) == woman_of(own) and kind_of(each) == kind
        ]
        if others and kind:
            yield concern, "patient", hanya_satu(kind, ", ".join(sorted(others)))


def kind_of(episode: Document) -> str | None:
    """Read whether an episode is a pregnancy (ANC) or the weeks after birth (PNC)."""
    return code_of(episode.get("type"), EPISODE_TYPE)


def woman_of(episode: Document) -> str | None:
    """Give ``Patient/id`` of an episode."""
    return local(episode.get("patient"), "Patient")
