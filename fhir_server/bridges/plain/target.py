"""A FHIR R4 server as a target: every resource it wants, by PUT.

Under our id (``identity = "id"``), or under an id of its own, found again by an identifier of ours
(``"identifier"``, a conditional update). Both say the same however often they are sent. References
follow: to what is there, under the id it has there; to what the server does not get, to us.

https://hl7.org/fhir/R4/http.html#cond-update
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from fhir_server.bridges.plain import answers
from fhir_server.bridges.plain.signing import Signature
from fhir_server.bridges.plain.table import read
from fhir_server.delivery.target import (
    Accepted,
    Later,
    Nothing,
    Parcel,
    Refused,
    Rendered,
    Unauthorized,
)
from fhir_server.delivery.transport import Line, Reply
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.references import Rewriter, targets
from fhir_server.resources.wire import pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fhir_server.bridges.plain.table import Table
    from fhir_server.config import Settings
    from fhir_server.delivery.target import Answer, Reference, Resource, View

Document = dict[str, Any]

JSON = "application/fhir+json"
TIERS = (
    ("Organization", "Questionnaire", "Binary", "Medication", "Substance", "Device"),
    ("Location", "HealthcareService", "Endpoint"),
    ("Practitioner",),
    ("PractitionerRole", "Schedule"),
    ("Patient", "Slot"),
    ("RelatedPerson", "Group", "Person", "Coverage", "Account"),
    ("EpisodeOfCare", "CareTeam", "Appointment"),
    ("Encounter",),
    ("Condition", "AllergyIntolerance", "FamilyMemberHistory", "Flag", "Consent"),
    ("ServiceRequest", "MedicationRequest", "DeviceRequest", "CommunicationRequest", "Goal"),
    ("Specimen", "QuestionnaireResponse", "Media"),
    ("Observation", "Procedure", "Immunization", "MedicationDispense", "RiskAssessment"),
    ("DiagnosticReport", "ClinicalImpression", "CarePlan", "DocumentReference"),
    ("Composition", "Task", "Communication", "List", "Invoice", "ChargeItem"),
    ("Provenance", "AuditEvent"),
)
"""What goes before what. A reference to a later tier is no reason to wait, or two could wait for
each other; types that are not named come just before the last."""
TIER = {name: number for number, names in enumerate(TIERS) for name in names}
UNNAMED = len(TIERS) - 2
NO_IDENTIFIER = 'Jenis ini tidak punya identifier; pakai identity = "id" untuk target ini.'


class Plain:
    """One FHIR server of the file of targets."""

    def __init__(self, table: Table, settings: Settings) -> None:
        hosts = settings.target_hosts
        self._table = table
        self._line = Line(
            table.url,
            hosts,
            timeout=table.timeout,
            authority=table.authority,
        )
        self._signature = Signature(table.auth, hosts, table.authority)
        self.name = table.name
        self.pace = table.pace
        self.every_version = table.every_version

    def wants(self, document: Document) -> bool:
        """Take the types that the table names; criteria are judged before it is sent."""
        return document["resourceType"] in self._table.types

    def needs(self, resource: Resource, view: View) -> Sequence[Reference] | Nothing | Refused:
        """Wait for what a resource refers to, if that goes before it."""
        query = self._table.criteria.get(resource.resource_type)
        if query and not view.matches(resource.reference, query):
            return Nothing(f"It does not meet the criteria {query!r} of the table.")
        tier = TIER.get(resource.resource_type, UNNAMED)
        return [
            f"{kind}/{name}"
            for kind, name in _referred(resource)
            if kind in self._table.types
            and (TIER.get(kind, UNNAMED) < tier or kind == resource.resource_type)
        ]

    def render(self, resource: Resource, view: View) -> Rendered | Nothing | Refused:
        """Make the PUT, or the DELETE of what was deleted."""
        if resource.raw is None:
            if not self._table.deletions:
                return Nothing("Deletions are not sent to this target.")
            remote = view.remote(resource.reference) or resource.id
            return Rendered((Parcel("DELETE", f"{resource.resource_type}/{remote}"),))
        known, wishes = self._known(resource, view)
        raw = Rewriter(known, load_definitions()).rewrite(resource.raw, None)
        if self._table.identity == "id":
            return Rendered((Parcel("PUT", resource.reference, raw),))
        parcel = self._conditional(resource, raw)
        return parcel if isinstance(parcel, Refused) else Rendered((parcel,), tuple(wishes))

    def find(self, parcel: Parcel, view: View) -> Answer | None:
        """Look whether a PUT has arrived; a DELETE may be done twice."""
        del view
        if parcel.method != "PUT":
            return None
        reply = self._asked("GET", parcel.path)
        if not isinstance(reply, Reply):
            return reply
        if reply.status not in {200, 404, 410}:
            return answers.judged(reply, parcel)
        found = reply.document
        if found.get("resourceType") == "Bundle":
            entries = [each.get("resource", {}) for each in found.get("entry", ())]
            found = entries[0] if len(entries) == 1 else {}
        if reply.status == 200 and found.get("id") and _same(found, parcel.body):
            return Accepted(str(found["id"]), adopted=True)
        return None

    def send(self, parcel: Parcel, view: View) -> Answer:
        """Send one request; a token that is over is exchanged once."""
        del view
        body = parcel.body if isinstance(parcel.body, bytes) else None
        reply = self._asked(parcel.method, parcel.path, body)
        if isinstance(reply, Reply) and reply.status == 401 and self._signature.renews:
            self._signature.forget()
            reply = self._asked(parcel.method, parcel.path, body)
        return answers.judged(reply, parcel) if isinstance(reply, Reply) else reply

    def _asked(
        self, method: str, path: str, body: bytes | None = None
    ) -> Reply | Later | Unauthorized:
        signed = self._signature.headers()
        if isinstance(signed, Later | Unauthorized):
            return signed
        headers = {"Accept": JSON, **signed}
        if body is not None:
            headers["Content-Type"] = JSON
        return self._line.ask(method, path, body=body, headers=headers)

    def _known(self, resource: Resource, view: View) -> tuple[dict[str, str], list[Reference]]:
        """Say what each reference is there; and which are to be mended when they have arrived."""
        known: dict[str, str] = {}
        wishes: list[Reference] = []
        for kind, name in _referred(resource):
            reference = f"{kind}/{name}"
            wanted = kind in self._table.types
            if wanted and self._table.identity == "id":
                continue
            remote = view.remote(reference) if wanted else None
            if remote is not None:
                known[reference] = f"{kind}/{remote}"
            elif self._table.source:
                known[reference] = f"{self._table.source}/{reference}"
            if wanted and remote is None and reference != resource.reference:
                wishes.append(reference)
        return known, wishes

    def _conditional(self, resource: Resource, raw: bytes) -> Parcel | Refused:
        """Make a conditional update by an identifier that is ours alone; no patient's is in it."""
        element = load_definitions().elements(resource.resource_type).get("identifier")
        parts = pieces(raw)
        if element is None or (not element.repeats and "identifier" in parts):
            says = f"A {resource.resource_type} has no place for an identifier of ours."
            return Refused(says, remedy=NO_IDENTIFIER)
        ours = orjson.dumps({"system": self._table.source, "value": resource.reference})
        there = parts.get("identifier", b"[]")[1:-1]
        whole = b"[" + b",".join(filter(None, (there, ours))) + b"]"
        parts["identifier"] = whole if element.repeats else ours
        parts.pop("id", None)
        body = b"{" + b",".join(b'"%s":%s' % (n.encode(), p) for n, p in parts.items()) + b"}"
        value = quote(f"{self._table.source}|{resource.reference}", safe="")
        return Parcel("PUT", f"{resource.resource_type}?identifier={value}", body)


def make(table: Mapping[str, Any], settings: Settings) -> Plain:
    """Make the target of a table; ValueError says what is wrong with it."""
    return Plain(read(table, settings.base_url), settings)


def _referred(resource: Resource) -> list[tuple[str, str]]:
    own = (resource.resource_type, resource.id)
    return [each for each in dict.fromkeys(targets(resource.raw or b"")) if each != own]


def _same(found: Document, body: Any) -> bool:
    """Tell whether what is there says what is sent; its stamp and narrative are its own."""
    sent = orjson.loads(body)
    own = {"meta", "text", "id"}
    return all(found.get(name) == value for name, value in sent.items() if name not in own) and (
        set(found) - own == set(sent) - own
    )
