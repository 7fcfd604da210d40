"""The body of one request while it is being written: references, times and codes as they go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.ownership import facility_number, local_name, not_sent
from fhir_server.bridges.satusehat.parts import parts_of
from fhir_server.bridges.satusehat.payload import Payload, Request, Unmappable, Waiting
from fhir_server.bridges.satusehat.wanted import national

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.bridges.satusehat.choices import Choices
    from fhir_server.bridges.satusehat.payload import Known, Rendering

    Json = dict[str, Any]

IN_PARTS: Final = ("Observation/", "DiagnosticReport/")
WIB: Final = timezone(timedelta(hours=7))
TIMES: Final = frozenset(
    {
        "abatementDateTime",
        "authored",
        "authoredOn",
        "collectedDateTime",
        "created",
        "date",
        "dateAsserted",
        "effectiveDateTime",
        "end",
        "issued",
        "lastOccurrence",
        "occurrenceDateTime",
        "onsetDateTime",
        "performedDateTime",
        "receivedTime",
        "recorded",
        "recordedDate",
        "start",
        "valueDateTime",
        "whenHandedOver",
        "whenPrepared",
    }
)
HISTORY: Final = frozenset({"onsetDateTime", "abatementDateTime", "onsetPeriod"})
"""Times that may lie before what SATUSEHAT takes; they are left out then."""


class Stop(Exception):
    """Ends a rendering with a result that is no payload."""

    def __init__(self, result: Rendering) -> None:
        self.result = result


class Draft:
    """One rendering: what is known, each thing asked once, and what it turned out to wait for."""

    def __init__(self, resource: Json, known: Known) -> None:
        self.resource = resource
        self.known = replace(known, local=cache(known.local), remote=cache(known.remote))
        self.choices: Choices = known.choices
        self.name = f"{resource['resourceType']}/{resource['id']}"
        self.waiting: list[str] = []

    def body(self, resource: Json, elements: Iterable[str]) -> Json:
        """Copy the elements that SATUSEHAT knows, each as it goes out; what empties is left out."""
        kind = resource["resourceType"]
        given = ((e, resource[e]) for e in elements if e in resource)
        sent = {e: self.sent(value, e, f"{kind}.{e}") for e, value in given}
        return {"resourceType": kind} | {e: v for e, v in sent.items() if v not in (None, [], {})}

    def sent(self, value: Any, element: str, path: str) -> Any:
        """Write one value as it goes out."""
        if element == "extension":
            return [e for e in value if e.get("url", "").startswith(c.EXTENSIONS)]
        if isinstance(value, list):
            found = [one for each in value for one in self._each(each, element, path)]
            return [each for each in found if each not in (None, [], {})]
        if isinstance(value, dict):
            return self._object(value, element, path)
        return self.instant(value, path) if element in TIMES else value

    def _each(self, value: Any, element: str, path: str) -> list[Any]:
        """Write one of several values; what goes in parts is named by each of them."""
        if isinstance(value, dict) and isinstance(value.get("reference"), str):
            return list(self.references(value))
        return [self.sent(value, element, path)]

    def _object(self, value: Json, element: str, path: str) -> Any:
        if isinstance(value.get("reference"), str):
            return self.reference(value)
        if "coding" in value:
            codings = national(value, self.choices)
            value = {k: v for k, v in value.items() if k != "coding"}
            value |= {"coding": codings} if codings else {}
        if element in HISTORY and self._is_early(value.get("start", "")):
            return None
        found = {k: self.sent(v, k, f"{path}.{k}") for k, v in value.items() if k != "id"}
        return {k: v for k, v in found.items() if v not in (None, [], {})}

    def instant(self, text: str, path: str) -> str | None:
        """Write a time in UTC to the second; a day keeps its date, as SATUSEHAT takes no days."""
        if self._is_early(text):
            if path.rpartition(".")[2] in HISTORY:
                return None
            self.refuse(
                path,
                f"{text[:10]} lies before {self.choices.earliest}, the earliest SATUSEHAT takes",
                f"tanggal pada atau sesudah {self.choices.earliest}",
            )
        return utc(text)

    def _is_early(self, text: str) -> bool:
        return bool(text) and text[:10] < self.choices.earliest[: len(text[:10])]

    def reference(self, found: Json | None) -> Json | None:
        """Write a reference as it is there; what SATUSEHAT does not have is left out.

        What has no id there yet is waited for.
        """
        return next(self.references(found), None)

    def references(self, found: Json | None) -> Iterator[Json]:
        """Write a reference, one for each part of what is sent in parts."""
        name = self.person(local_name(found))
        if name is None:
            return
        for key in [f"{name}#{part}" for part in self._parts(name)] or [name]:
            remote = self.remote(key)
            if remote is None:
                if not self._is_to_come(name, self.known.local(name)):
                    return
                self.waiting.append(name)
            yield self.written(name, remote or "?")

    def _parts(self, name: str) -> tuple[str, ...]:
        target = self.known.local(name) if name.startswith(IN_PARTS) else None
        return parts_of(target, self.known.local) if target else ()

    def _is_to_come(self, name: str, target: Json | None) -> bool:
        """Say whether SATUSEHAT will have it; a patient may be stored here after the visit."""
        if target is None:
            return name.startswith("Patient/")
        return not_sent(target, self.known) is None

    def written(self, key: str, remote: str) -> Json:
        """Write the reference to what has this id there."""
        is_entry = remote.startswith("urn:uuid:")
        return {"reference": remote if is_entry else f"{key.partition('/')[0]}/{remote}"}

    def remote(self, key: str) -> str | None:
        """Give the id there; a facility has the number it is registered under."""
        if key == f"Organization/{self.choices.facility}" and self.choices.organization:
            return self.choices.organization
        found = self.known.remote(key)
        if found is None and key.startswith("Organization/"):
            return facility_number(self.known.local(key))
        return found

    def person(self, name: str | None) -> str | None:
        """Give the Practitioner behind a PractitionerRole; SATUSEHAT knows no roles."""
        if name is None or not name.startswith("PractitionerRole/"):
            return name
        role = self.known.local(name) or {}
        return local_name(role.get("practitioner"))

    def own_organization(self) -> Json:
        """Write the reference to our facility."""
        if not self.choices.organization:
            self.refuse(
                self.resource["resourceType"],
                "our number at SATUSEHAT is not set",
                "FHIR_SATUSEHAT_ORGANIZATION",
            )
        return {"reference": f"Organization/{self.choices.organization}"}

    def system(self, word: str, *below: str) -> str:
        """Give one of our identifier systems there."""
        return "/".join((c.SYS_IDS, word, self.choices.organization, *below))

    def refuse(self, path: str, reason: str, remedy: str) -> None:
        """End with what SATUSEHAT would refuse."""
        raise Stop(Unmappable(path, reason, remedy))

    def identified(
        self, word: str | None = None, *below: str, part: str = "", value: str | None = None
    ) -> tuple[str, str]:
        """Give our identifier of this resource, the same however often it is rendered."""
        word = word or c.IDENTIFIERS[self.resource["resourceType"]]
        own = value or str(self.resource["id"])
        return self.system(word, *below), f"{own}-{part}" if part else own

    def request(
        self,
        body: Json,
        identifier: tuple[str, str] | None,
        *,
        part: str = "",
        search: tuple[tuple[str, str], ...] = (),
    ) -> Request:
        """Give the POST of a body, or the PUT when SATUSEHAT has it."""
        key = f"{self.name}#{part}" if part else self.name
        remote = self.known.remote(key)
        if remote is None or remote.startswith("urn:uuid:"):
            return Request("POST", body["resourceType"], body, key, identifier, search=search)
        kind = body["resourceType"]
        numbered = {"resourceType": kind, "id": remote} | body
        return Request("PUT", kind, numbered, key, identifier, remote, search)

    def result(self, *requests: Request, again: bool = False) -> Rendering:
        """Give the payload, or what it waits for."""
        if self.waiting:
            return Waiting(tuple(dict.fromkeys(self.waiting)))
        return Payload(requests, again)


def utc(text: str) -> str:
    """Write a FHIR date or dateTime in UTC to the second; a day keeps its date."""
    if "T" not in text:
        return f"{(text + '-01-01')[:10] if len(text) < 7 else (text + '-01')[:10]}T00:00:00+00:00"
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def day_of(text: str | None) -> date | None:
    """Give the day of a FHIR date or dateTime by the clock of the puskesmas."""
    if not text or len(text) < 10:
        return None
    if "T" not in text:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).astimezone(WIB).date()
