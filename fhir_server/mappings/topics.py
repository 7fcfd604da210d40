"""The topics one can subscribe to (R5's SubscriptionTopic, backported): what happens, to whom.

A topic is a search that a resource begins to meet: its version before did not, or there was none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PATH: Final = "SubscriptionTopic"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. ``{}`` in ``search`` is the canonical base.

    ``mine`` is the parameter that names whom it concerns: whoever filters by nothing and belongs
    to an organization is told of its own only. ``filters``: the parameters one may filter by.
    ``anew``: every further change of the status is one more event.
    """

    name: str
    says: str
    resource_type: str
    search: str
    filters: tuple[str, ...]
    mine: str = ""
    anew: bool = False

    def canonical(self, base: str) -> str:
        """Give its url."""
        return f"{base.rstrip('/')}/{PATH}/{self.name}"

    def criteria(self, base: str) -> str:
        """Give its search: ``Type?…``."""
        return f"{self.resource_type}?{self.search.replace('{}', base.rstrip('/'))}"


TOPICS: Final = (
    Topic(
        "rujukan-masuk",
        "A referral is sent to a facility.",
        "Task",
        "code={}/CodeSystem/jenis-tugas|rujukan&status=requested",
        ("owner", "requester", "patient", "priority"),
        mine="owner",
    ),
    Topic(
        "rujuk-balik-masuk",
        "A back-referral is sent to a facility.",
        "Task",
        "code={}/CodeSystem/jenis-tugas|rujuk-balik&status=requested",
        ("owner", "requester", "patient", "priority"),
        mine="owner",
    ),
    Topic(
        "advis-siap",
        "The advice of a doctor may go out: it is approved where that is needed.",
        "Communication",
        "category={}/CodeSystem/kategori-komunikasi|advis-dokter&status=in-progress,completed",
        ("recipient", "patient", "encounter", "based-on"),
    ),
    Topic(
        "hasil-lab-final",
        "The result of a laboratory is final, or was corrected after that.",
        "DiagnosticReport",
        "category=http://terminology.hl7.org/CodeSystem/v2-0074|LAB&status=final,amended,corrected",
        ("patient", "encounter", "based-on", "performer", "code"),
        anew=True,
    ),
)


def topic_of(canonical: str, base: str) -> Topic | None:
    """Find a topic by its url; a version behind a bar does not count."""
    url = canonical.partition("|")[0]
    return next((each for each in TOPICS if each.canonical(base) == url), None)
