"""What narrows and widens a reach: the patient's consent, and an emergency (domain §2.3).

A Consent whose provision denies (active, or refused in the words of the SOP) takes the patient's
record from the organization, person or role it names, and what it labels from everybody with
limits. What one wrote oneself stays. An emergency opens one record for some minutes, whatever the
consents say.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from fhir_server.access.directory import DIRECTORY
from fhir_server.access.people import found, today
from fhir_server.access.reach import NOTHING, Reach, either, written_by
from fhir_server.auth.scopes import AUDIT
from fhir_server.search.token import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.access.reach import Part
    from fhir_server.context import Context
    from fhir_server.search.plan import Filter, Join

_SAYS_NO: Final = ("active", "rejected")


class Excepted(Reach):
    """A reach, without what patients have denied, and with what an emergency opened."""

    def __init__(self, context: Context, inner: Reach, emergency: bool) -> None:  # noqa: FBT001
        self._context = context
        self._principal = context.principal
        self._inner = inner
        self._may_open = emergency
        self._rows = context.definitions.compartments["Patient"]

    def of(self, resource_type: str) -> Filter:
        """Give what of a type is in reach; who saw what is in nobody's."""
        if resource_type == AUDIT:
            return NOTHING
        inner = self._inner.of(resource_type)
        if resource_type in DIRECTORY or inner == NOTHING:
            return self._opened_as_well(resource_type, inner)
        denied = self._denied(resource_type)
        if denied:
            own = [written_by(self._principal.authors)] if self._principal.authors else []
            allowed: Filter = either(*own, {"$nor": denied})
            inner = {"$and": [inner, allowed]} if inner else allowed
        return self._opened_as_well(resource_type, inner)

    def through(self, resource_type: str) -> tuple[Join, ...]:
        """Give what must hold of other resources; not of what an emergency opened."""
        if resource_type == AUDIT:
            return ()
        joins = self._inner.through(resource_type)
        opened = self._of_opened(resource_type)
        if not opened:
            return joins
        return tuple(replace(e, unless=either(e.unless or NOTHING, opened)) for e in joins)

    def patients(self) -> frozenset[str]:
        """Give ids of patients who are known to be in reach."""
        return (self._inner.patients() - self._denying) | self._opened

    def may_write(self, resource_type: str) -> bool:
        """Say whether resources of a type may be written at all."""
        return resource_type != AUDIT and self._inner.may_write(resource_type)

    def past(self, resource_type: str) -> Filter:
        """Give what must hold of a past version: no label that is kept back now."""
        inner, denied = self._inner.past(resource_type), self._denied(resource_type)
        if not denied:
            return inner
        opened = self._of_opened(resource_type)
        kept: Filter = either({"$nor": denied}, *([opened] if opened else []))
        return {"$and": [inner, kept]} if inner else kept

    def part(self, resource_type: str) -> Part | None:
        """Give what of a type is shown."""
        return self._inner.part(resource_type)

    def _opened_as_well(self, resource_type: str, inner: Filter) -> Filter:
        opened = self._of_opened(resource_type)
        return either(inner, opened) if opened and inner else inner

    def _of_opened(self, resource_type: str) -> Filter:
        """Select what an emergency opened; ``{}``: nothing."""
        if resource_type == AUDIT or resource_type in DIRECTORY or not self._opened:
            return {}
        return self._of_patients(resource_type, self._opened)

    def _of_patients(self, resource_type: str, ids: Iterable[str]) -> Filter:
        if resource_type == "Patient":
            return {"_id": {"$in": sorted(ids)}}
        if resource_type != "Task" and not self._rows.get(resource_type):
            return {}
        named = {"$in": [f"Patient/{each}" for each in sorted(ids)]}
        return {"$or": [{"ix.patient": named}, {"ix._of": named}]}

    def _denied(self, resource_type: str) -> list[Filter]:
        filters = []
        if self._denying and (whose := self._of_patients(resource_type, self._denying)):
            filters.append(whose)
        for label, patients in self._labelled.items():
            if whose := self._of_patients(resource_type, patients):
                filters.append({"$and": [whose, {"ix._security": label}]})
        return filters

    @cached_property
    def _opened(self) -> frozenset[str]:
        if not self._may_open:
            return frozenset()
        store, principal = self._context.store.unguarded, self._principal
        return frozenset(store.emergencies.open_to(principal.subject, self._context.clock()))

    @property
    def _denying(self) -> frozenset[str]:
        """Name the patients who keep their record from whoever asks."""
        return self._refusals[0]

    @property
    def _labelled(self) -> dict[str, set[str]]:
        """Give by label the patients who keep what carries it from whoever asks."""
        return self._refusals[1]

    @cached_property
    def _refusals(self) -> tuple[frozenset[str], dict[str, set[str]]]:
        whole: set[str] = set()
        labelled: dict[str, set[str]] = {}
        for patient, labels in self._refused():
            if labels:
                for each in labels:
                    labelled.setdefault(each, set()).add(patient)
            else:
                whole.add(patient)
        return frozenset(whole), labelled

    def _refused(self) -> Iterator[tuple[str, list[str]]]:
        """Read the consents: whose, and what they keep back, everything if there is no label."""
        parties = {"$in": sorted(self._principal.parties)}
        unnamed = {"ix.security-label": {"$gt": ""}, "ix.actor": None}
        wanted = {
            "ix.status": {"$in": list(_SAYS_NO)},
            "$or": [{"ix.actor": parties}, unnamed],
        }
        for consent in found(self._context, "Consent", wanted):
            patient = consent.get("patient", {}).get("reference", "")
            if patient.startswith("Patient/"):
                said = consent.get("provision", {})
                if self._is_meant(said):
                    yield patient.removeprefix("Patient/"), _labels(said)

    def _is_meant(self, provision: dict[str, Any]) -> bool:
        actors = [each.get("reference", {}).get("reference") for each in provision.get("actor", ())]
        named = bool(set(actors) & set(self._principal.parties))
        if provision.get("type") != "deny" or not self._is_now(provision.get("period", {})):
            return False
        return named or (not actors and bool(provision.get("securityLabel")))

    def _is_now(self, period: dict[str, str]) -> bool:
        day = today(self._context)
        return period.get("start", day)[:10] <= day <= period.get("end", day)[:10]


def _labels(provision: dict[str, Any]) -> list[str]:
    codings = provision.get("securityLabel", ())
    return [key(each.get("system"), each["code"]) for each in codings if "code" in each]
