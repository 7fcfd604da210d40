"""Reading a patient's record back from SATUSEHAT, with the patient's consent, into our store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import orjson

from fhir_server.auth.principals import OPERATOR
from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat import finding
from fhir_server.bridges.satusehat.answers import looked_up
from fhir_server.bridges.satusehat.localising import Place, named_as_ours
from fhir_server.bridges.satusehat.login import NoToken
from fhir_server.bridges.satusehat.record import AGAIN, TYPES, NotRead, Record
from fhir_server.bridges.satusehat.record import read as read_record
from fhir_server.bridges.satusehat.remedies import both
from fhir_server.delivery.target import Accepted, Refused
from fhir_server.delivery.view import Seen
from fhir_server.errors import FhirError
from fhir_server.interactions.write import commit, prepare
from fhir_server.mappings.dibaca import is_read
from fhir_server.mappings.persetujuan_pasien import permits, state_of
from fhir_server.mappings.rules import has_code
from fhir_server.resources.wire import dump
from fhir_server.store import traces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.auth.principals import Principal
    from fhir_server.bridges.satusehat.target import Satusehat
    from fhir_server.context import Context
    from fhir_server.store.ops import Put

    Json = dict[str, Any]

SHARING: Final = "berbagi-data"
WORK: Final = "read back from SATUSEHAT"
REFERRAL: Final = "3457005"
TOGETHER: Final = 100
"""Resources stored in one transaction."""
STAMP: Final = ("versionId", "lastUpdated")
NO_FACILITY: Final = (
    "Isi FHIR_SATUSEHAT_FACILITY: kepada siapa pasien memberi persetujuan.",
    "Set FHIR_SATUSEHAT_FACILITY: to whom the patient gives consent.",
)
ASK_PATIENT: Final = (
    "Minta persetujuan pasien: jenis berbagi-data, penerima faskes/{}.",
    "Ask the patient for a consent of kind berbagi-data that names faskes/{}.",
)
NO_NUMBER: Final = (
    "Isi NIK pada data pasien; SATUSEHAT mencari orang dengan NIK.",
    "Enter the patient's NIK, by which SATUSEHAT finds people.",
)


@dataclass
class Result:
    """What a reading found: new, changed, same, ours already or refused, by name.

    ``withheld``: what SATUSEHAT did not give, and why; ``refused``: what was not stored here;
    ``referrals``: requests that are addressed to us, as they are stored here.
    """

    fates: dict[str, str] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    referrals: list[str] = field(default_factory=list)
    strangers: int = 0

    @property
    def counts(self) -> dict[str, Counter[str]]:
        """Count by type."""
        found: dict[str, Counter[str]] = {}
        for name, fate in self.fates.items():
            found.setdefault(name.partition("/")[0], Counter())[fate] += 1
        return found

    @property
    def stored(self) -> int:
        """Count what was new or changed."""
        return sum(each in {"new", "changed"} for each in self.fates.values())

    def refuse(self, name: str, reason: str) -> None:
        """Note what is not stored here."""
        self.fates[name] = "refused"
        self.refused[name] = reason


def read(
    context: Context,
    target: Satusehat,
    patient_id: str,
    *,
    show: bool = False,
    who: Principal = OPERATOR,
) -> Result:
    """Read the record of a patient of ours and store it for ``who``; with ``show`` only count.

    NotRead without an active consent (nothing is asked then), or when SATUSEHAT does not answer.
    That somebody looked is recorded in either case.
    """
    view = Seen(context, target.name)
    patient = view.read(f"Patient/{patient_id}")
    if patient is None:
        raise NotRead(
            f"There is no Patient/{patient_id}.",
            both(("Periksa id pasien.", "Check the patient's id.")),
        )
    _expect_consent(view, target, patient_id)
    with context.store.trail.working(who, WORK):
        traces.touched(patient_id)
        return _Inbound(view, target, patient).run(show=show)


def _expect_consent(view: Seen, target: Satusehat, patient_id: str) -> None:
    """Raise NotRead unless the patient's last word lets our facility have the data of others."""
    facility, canonical = target.choices.facility, target.choices.canonical.rstrip("/")
    if not facility:
        raise NotRead("It is not set which Organization is ours.", both(NO_FACILITY))
    receiver = f"Organization/{facility}"
    found = view.find("Consent", [("patient", f"Patient/{patient_id}")])
    said = [each for each in found if _concerns(each, receiver, canonical)]
    last = max(said, key=lambda each: str(each.get("dateTime", "")), default=None)
    settings = view.context.settings
    today = view.context.clock().astimezone(ZoneInfo(settings.timezone)).date()
    if last is None or not permits(last, SHARING, receiver, today, canonical):
        indonesian, english = (words.format(facility) for words in ASK_PATIENT)
        raise NotRead(
            "The patient has not agreed to that the puskesmas reads the national record "
            "(or not any more); SATUSEHAT was not asked.",
            both((indonesian, english)),
        )


def _concerns(consent: Json, receiver: str, canonical: str) -> bool:
    kinds = f"{canonical}/CodeSystem/jenis-persetujuan"
    actors = consent.get("provision", {}).get("actor", ())
    return (
        state_of(consent) not in {None, "salah-entri"}
        and any(has_code(each, kinds, SHARING) for each in consent.get("category", ()))
        and any(each.get("reference", {}).get("reference") == receiver for each in actors)
    )


class _Inbound:
    """One reading of one patient."""

    def __init__(self, view: Seen, target: Satusehat, patient: Json) -> None:
        self._view = view
        self._context = view.context
        self._target = target
        self._patient = patient
        self._own = [each for kind in TYPES for each in self._documents(kind)]
        self._ids = self._remote_ids()

    def run(self, *, show: bool) -> Result:
        number = self._number()
        limit = self._context.settings.satusehat_read_limit
        found = read_record(self._target.connection, number, limit, self._is_ours)
        result = Result(withheld=found.withheld, strangers=found.strangers)
        wanted = self._localised(found, number, result)
        puts = self._compared(wanted, result)
        result.referrals = [n for n, each in wanted.items() if self._is_referral_to_us(each)]
        if not show:
            for start in range(0, len(puts), TOGETHER):
                self._commit(puts[start : start + TOGETHER], result)
        return result

    def _documents(self, kind: str) -> list[Json]:
        """Give what we have of the patient ourselves."""
        found = self._view.find(kind, [("patient", f"Patient/{self._patient['id']}")])
        return [each for each in found if not is_read(each)]

    def _remote_ids(self) -> dict[str, str]:
        """Say which of ours is behind an id there, as far as we sent it."""
        names = [f"{each['resourceType']}/{each['id']}" for each in self._own]
        states = self._view.states(names)
        return {part.remote: name for name, each in states.items() for part in each.parts}

    def _is_ours(self, resource: Json) -> bool:
        return self._ours(resource) is not None

    def _ours(self, resource: Json) -> str | None:
        """Give our resource that SATUSEHAT shows us: we sent it, or it carries our identifier."""
        sent = self._ids.get(str(resource["id"]))
        return sent or named_as_ours(resource, self._target.choices.organization, self._own)

    def _number(self) -> str:
        """Give the patient's number there: known from what was sent, or looked up by NIK."""
        name = f"Patient/{self._patient['id']}"
        if known := self._view.remote(name):
            return known
        given = {e.get("system"): str(e.get("value")) for e in self._patient.get("identifier", ())}
        if c.NIK not in given:
            for each in c.PATIENT_NUMBERS:
                if each in given:
                    return given[each]
            raise NotRead("The patient has neither NIK nor IHS number.", both(NO_NUMBER))
        return self._looked_up(given[c.NIK])

    def _looked_up(self, nik: str) -> str:
        search = [("identifier", f"{c.NIK}|{nik}")]
        try:
            answer = looked_up(finding.hits(self._target.connection, "Patient", search))
        except NoToken as missing:
            raise NotRead(missing.meaning.reason, both(AGAIN)) from None
        if isinstance(answer, Accepted) and answer.remote:
            return answer.remote
        if isinstance(answer, Refused):
            raise NotRead(answer.reason, answer.remedy)
        raise NotRead(str(getattr(answer, "reason", "")), both(AGAIN))

    def _localised(self, found: Record, number: str, result: Result) -> dict[str, Json]:
        """Write what is not ours as it is stored here, by its name here."""
        ours = {str(e["id"]): n for e in found.resources.values() if (n := self._ours(e))}
        others = {n: e for n, e in found.resources.items() if str(e["id"]) not in ours}
        for name in found.resources.keys() - others.keys():
            result.fates[name] = "ours"
        place = Place(
            base=self._target.connection.base,
            canonical=self._target.choices.canonical,
            patient=number,
            local=f"Patient/{self._patient['id']}",
            own=self._ids | ours,
            facility=cache(self._facility),
            read=others.keys(),
        )
        written = [place.localised(each) for each in others.values()]
        return {f"{each['resourceType']}/{each['id']}": each for each in written}

    def _facility(self, number: str) -> str | None:
        """Give our Organization with a number there, if it is the only one."""
        choices = self._target.choices
        if number == choices.organization:
            return f"Organization/{choices.facility}"
        found = self._view.find("Organization", [("identifier", f"{c.FACILITY}|{number}")])
        return f"Organization/{found[0]['id']}" if len(found) == 1 else None

    def _compared(self, wanted: dict[str, Json], result: Result) -> list[Put]:
        """Give the writes of what is new or says something else than what was read before."""
        puts = []
        for name, document in wanted.items():
            before = self._view.read(name)
            if before is not None and not is_read(before):
                result.refuse(name, "The id is taken by something that was not read there.")
            elif before is not None and _bare(before) == _bare(document):
                result.fates[name] = "same"
            elif (put := self._put(name, document, result)) is not None:
                result.fates[name] = "new" if before is None else "changed"
                puts.append(put)
        return puts

    def _put(self, name: str, document: Json, result: Result) -> Put | None:
        try:
            return prepare(self._context, dump(document), document["id"])
        except FhirError as error:
            result.refuse(name, _why(error))
            return None

    def _commit(self, puts: Sequence[Put], result: Result) -> None:
        """Store together; where that is refused, one by one, so that one thing is left out."""
        try:
            commit(self._context, puts)
        except FhirError as error:
            if len(puts) > 1:
                for each in puts:
                    self._commit([each], result)
                return
            result.refuse(f"{puts[0].resource_type}/{puts[0].id}", _why(error))

    def _is_referral_to_us(self, document: Json) -> bool:
        ours = f"Organization/{self._target.choices.facility}"
        named = {each.get("reference") for each in document.get("performer", ())}
        return (
            document["resourceType"] == "ServiceRequest"
            and ours in named
            and any(has_code(each, c.SNOMED, REFERRAL) for each in document.get("category", ()))
        )


def _bare(document: Json) -> Json:
    meta = {k: v for k, v in document.get("meta", {}).items() if k not in STAMP}
    bare: Json = orjson.loads(orjson.dumps({**document, "meta": meta}))
    return bare


def _why(error: FhirError) -> str:
    first = error.issues[0]
    return f"{first.expression}: {first.diagnostics}" if first.expression else first.diagnostics
