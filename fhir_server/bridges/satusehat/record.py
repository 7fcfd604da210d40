"""A patient's record as SATUSEHAT gives it to us: the searches that it answers, page after page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat.login import NoToken
from fhir_server.bridges.satusehat.meaning import Kind, Meaning, meaning
from fhir_server.bridges.satusehat.remedies import LOGIN, both, remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fhir_server.bridges.satusehat.connection import Connection
    from fhir_server.bridges.satusehat.meaning import Said

    Json = dict[str, Any]

BY_PATIENT: Final = (
    ("Encounter", "subject"),
    ("EpisodeOfCare", "patient"),
    ("AllergyIntolerance", "patient"),
    ("Immunization", "patient"),
)
"""Searched for with the patient; SATUSEHAT is known to answer the first two."""
BY_VISIT: Final = (
    "Condition",
    "Observation",
    "Procedure",
    "ServiceRequest",
    "DiagnosticReport",
    "MedicationRequest",
    "ClinicalImpression",
    "Composition",
)
"""Searched for with the visit, which is what SATUSEHAT is known to answer."""
DISPENSED: Final = "MedicationDispense"
TYPES: Final = (*(kind for kind, _ in BY_PATIENT), *BY_VISIT, DISPENSED)
CLOSED: Final = frozenset({Kind.FORBIDDEN, Kind.UNAUTHORIZED, Kind.REFUSED, Kind.ABSENT})
"""What an answer means that leaves out one type and not the whole record."""
KEPT_BACK: Final = "SATUSEHAT answers without data"
AGAIN: Final = (
    "Coba lagi nanti; belum ada yang disimpan.",
    "Try again later; nothing has been stored.",
)


class NotRead(Exception):
    """A record was not read, or not to its end; nothing of it is stored."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass
class Record:
    """What was found by ``Type/id`` there, which types were withheld and why.

    ``strangers`` counts what was given although it is of somebody else; it is dropped.
    """

    resources: dict[str, Json] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    strangers: int = 0


def read(
    connection: Connection, patient: str, limit: int, is_ours: Callable[[Json], bool]
) -> Record:
    """Read the record of the person with this number there; NotRead if that cannot be done.

    What hangs on a visit of our own we have ourselves: it is not asked for. More than ``limit``
    resources are not read in part.
    """
    try:
        return _Reading(connection, patient, limit, is_ours).run()
    except NoToken as missing:
        login = missing.meaning.kind in {Kind.UNAUTHORIZED, Kind.REFUSED, Kind.FORBIDDEN}
        raise NotRead(missing.meaning.reason, both(LOGIN if login else AGAIN)) from None


class _Reading:
    def __init__(
        self, connection: Connection, patient: str, limit: int, is_ours: Callable[[Json], bool]
    ) -> None:
        self._connection = connection
        self._patient = patient
        self._limit = limit
        self._is_ours = is_ours
        self._found = Record()

    def run(self) -> Record:
        for kind, name in BY_PATIENT:
            self._search(kind, [(name, self._patient)])
        visits = [each for each in self._all("Encounter") if not self._is_ours(each)]
        for visit in visits:
            self._search_visit(str(visit["id"]))
        for name in self._referrals():
            self._get(*name.split("/", 1))
        return self._found

    def _search_visit(self, visit: str) -> None:
        for kind in BY_VISIT:
            self._search(kind, [("encounter", visit)])
        self._search(DISPENSED, [("context", visit), ("subject", self._patient)])

    def _all(self, kind: str) -> list[Json]:
        return [e for e in self._found.resources.values() if e["resourceType"] == kind]

    def _referrals(self) -> list[str]:
        """Name what visits came about by and no search has given."""
        named = [
            b.get("reference", "") for v in self._all("Encounter") for b in v.get("basedOn", ())
        ]
        short = dict.fromkeys("/".join(each.split("/")[-2:]) for each in named)
        there = self._found.resources
        return [e for e in short if e.startswith("ServiceRequest/") and e not in there]

    def _search(self, kind: str, search: Sequence[tuple[str, str]]) -> None:
        if kind in self._found.withheld:
            return
        said = self._connection.ask("GET", kind, search=search)
        seen: set[str] = set()
        while self._bundle(kind, said):
            for entry in said.document.get("entry", ()):
                self._take(kind, entry.get("resource", {}))
            following = self._next(said)
            if following is None or following in seen:
                return
            seen.add(following)
            said = self._connection.ask("GET", following)

    def _bundle(self, kind: str, said: Said) -> bool:
        """Say whether an answer has hits; a type that is closed to us is noted, once."""
        found = meaning(said)
        if found.kind is Kind.DONE and said.document.get("resourceType") == "Bundle":
            return True
        if found.kind is Kind.DONE:
            found = Meaning(Kind.FORBIDDEN, KEPT_BACK)
        if found.kind not in CLOSED:
            raise NotRead(found.reason, both(AGAIN))
        if kind == "Encounter":
            raise NotRead(found.reason, remedy(found.rule or "consent"))
        self._found.withheld[kind] = found.reason
        return False

    def _get(self, kind: str, name: str) -> None:
        said = self._connection.ask("GET", f"{kind}/{name}")
        found = meaning(said)
        if found.kind is Kind.DONE and said.document.get("resourceType") == kind:
            self._take(kind, said.document)
        elif found.kind is Kind.DONE or found.kind in CLOSED:
            self._found.withheld[f"{kind}/{name}"] = found.reason or KEPT_BACK
        else:
            raise NotRead(found.reason, both(AGAIN))

    def _next(self, said: Said) -> str | None:
        """Give the path of the next page; our token goes to no other address."""
        links = said.document.get("link", ())
        url = next((str(e.get("url", "")) for e in links if e.get("relation") == "next"), None)
        if url is None:
            return None
        base = f"{self._connection.base}/"
        if not url.startswith(base):
            raise NotRead("The next page lies outside of SATUSEHAT's address.", both(AGAIN))
        return url.removeprefix(base)

    def _take(self, kind: str, resource: Json) -> None:
        if resource.get("resourceType") != kind or not resource.get("id"):
            return
        if not is_of(resource, self._patient):
            self._found.strangers += 1
            return
        self._found.resources[f"{kind}/{resource['id']}"] = resource
        if len(self._found.resources) > self._limit:
            raise NotRead(
                f"The record has more than {self._limit} resources; nothing was stored.",
                both(
                    (
                        "Naikkan FHIR_SATUSEHAT_READ_LIMIT, lalu ulangi.",
                        "Raise FHIR_SATUSEHAT_READ_LIMIT, then repeat.",
                    )
                ),
            )


def is_of(resource: Json, patient: str) -> bool:
    """Say whether a resource is of this person; SATUSEHAT ignores parameters it does not know."""
    named = resource.get("subject") or resource.get("patient") or {}
    return str(named.get("reference", "")).split("/")[-2:] == ["Patient", patient]
