"""A referral of ours as P-Care's `kunjungan` with `rujukLanjut`: P-Care has no request of its own.

https://pcare.bpjs-kesehatan.go.id
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from fhir_server.bridges.pcare.codes import SADAR, Codes
from fhir_server.config import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Json = dict[str, Any]

REFERRED: Final = "4"
LONGEST_COMPLAINT: Final = 400
MOST_DIAGNOSES: Final = 3
TACC: Final = {"tanpa": -1, "waktu": 1, "usia": 2, "komplikasi": 3, "komorbid": 4}
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
REFERRAL: Final = "3457005"
MEDICAL: Final = "medis"
RESPONSIVENESS: Final = "67775-7"
VITALS: Final = {
    "sistole": "8480-6",
    "diastole": "8462-4",
    "heartRate": "8867-4",
    "respRate": "9279-1",
    "suhu": "8310-5",
    "beratBadan": "29463-7",
    "tinggiBadan": "8302-2",
    "lingkarPerut": "8280-0",
}
MANDATORY: Final = (*VITALS, "kdSadar")
REMEDIES: Final = {
    "noKartu": "nomor BPJS pada pasien atau penjamin",
    "kdPoli": "[poli] untuk unit kunjungan pada berkas FHIR_PCARE_KODE",
    "kdDokter": "[dokter] untuk perujuk pada berkas FHIR_PCARE_KODE",
    "kdDiag1": "diagnosis dengan kode ICD-10 pada rujukan",
    "kdSadar": "kesadaran pada kondisi rujukan",
    "rujukLanjut.kdppk": "[ppk] untuk fasilitas tujuan pada berkas FHIR_PCARE_KODE",
    "rujukLanjut.subSpesialis": "[subspesialis] atau [khusus] untuk spesialis rujukan pada berkas",
    "tglDaftar": "kunjungan pada rujukan",
    "keluhan": "alasan rujukan",
    "alasanTacc": "alasan TACC pada rujukan",
}


@dataclass(frozen=True)
class View:
    """What may be looked up: a resource of ours by `Type/id`; those of a type that name another."""

    local: Callable[[str], Json | None]
    referring: Callable[[str, str, str], Sequence[Json]]
    zone: str = "Asia/Jakarta"
    canonical: str = CANONICAL


@dataclass(frozen=True)
class Incomplete:
    """What P-Care demands and the record does not say: field → what would be right."""

    missing: tuple[tuple[str, str], ...]


def kunjungan(referral: Json, view: View, codes: Codes) -> Json | Incomplete:
    """Write the visit that carries a referral, or say everything that is missing."""
    written = _Writer(referral, view, codes).whole()
    missing = list(_missing(written))
    if missing:
        return Incomplete(
            tuple((name, REMEDIES.get(name, f"{name} pada rujukan")) for name in missing)
        )
    return written


def is_referral(resource: Json, canonical: str = CANONICAL) -> bool:
    """Say whether a resource refers a patient to another facility of health care."""
    codings = [e for kind in resource.get("category", ()) for e in kind.get("coding", ())]
    kinds = f"{canonical.rstrip('/')}/CodeSystem/jenis-rujukan"
    own = {each.get("code") for each in codings if each.get("system") == kinds}
    is_request = resource.get("resourceType") == "ServiceRequest" and any(
        each.get("system") == SNOMED and each.get("code") == REFERRAL for each in codings
    )
    return is_request and own <= {MEDICAL}


class _Writer:
    """Writes one payload; what the record does not say stays None."""

    def __init__(self, referral: Json, view: View, codes: Codes) -> None:
        self.referral, self.view, self.codes = referral, view, codes
        self.visit = self._read(referral.get("encounter")) or {}
        self.task = self._newest_task()

    def whole(self) -> Json:
        diagnoses = [*self._diagnoses(), None, None, None]
        written = {
            "noKunjungan": None,
            "noKartu": self._card(),
            "tglDaftar": self._day(self.visit.get("period", {}).get("start")),
            "kdPoli": self._unit(),
            "keluhan": self._reason()[:LONGEST_COMPLAINT] or None,
            **self._measured(),
            "kdStatusPulang": REFERRED,
            "tglPulang": self._day(self.referral.get("authoredOn")),
            "kdDokter": self.codes.dokter.get(_id(self.referral.get("requester"))),
            **{f"kdDiag{n + 1}": diagnoses[n] for n in range(MOST_DIAGNOSES)},
            "kdPoliRujukInternal": None,
            "rujukLanjut": self._onward(),
            **self._tacc(),
            "terapiNonObat": "; ".join(self._done()) or None,
            "rujukBalik": 0,
        }
        return written | dict(self.codes.tetap)

    def _read(self, reference: Json | None) -> Json | None:
        name = (reference or {}).get("reference", "")
        return self.view.local(name) if name else None

    def _newest_task(self) -> Json:
        name = f"ServiceRequest/{self.referral['id']}"
        found = [e for e in self.view.referring("Task", "focus", name) if "owner" in e]
        return max(found, key=lambda each: str(each.get("authoredOn", "")), default={})

    def _system(self, *path: str) -> str:
        return "/".join((self.view.canonical.rstrip("/"), *path))

    def _card(self) -> str | None:
        """Give the number of the BPJS card: the referral's payer, else the patient's."""
        for each in self.referral.get("insurance", ()):
            if number := (self._read(each) or {}).get("subscriberId"):
                return str(number)
        patient = self._read(self.referral.get("subject")) or {}
        system = self._system("sid", "no-bpjs")
        numbers = (e for e in patient.get("identifier", ()) if e.get("system") == system)
        return next((e.get("value") for e in numbers), None)

    def _unit(self) -> str | None:
        unit = _code(self.visit.get("serviceType"), self._system("CodeSystem", "unit-layanan"))
        return self.codes.poli.get(unit or "")

    def _reason(self) -> str:
        return str(self.referral.get("code", {}).get("text", ""))

    def _diagnoses(self) -> list[str]:
        conditions = (self._read(each) for each in self.referral.get("reasonReference", ()))
        concepts = [*self.referral.get("reasonCode", ()), *(c.get("code") for c in conditions if c)]
        found = (_code(each, ICD_10) for each in concepts)
        return list(dict.fromkeys(each for each in found if each))[:MOST_DIAGNOSES]

    def _measured(self) -> Json:
        """Give the vital signs: what the letter says, else what was measured at the visit."""
        told = [self._read(each) for each in self.referral.get("supportingInfo", ())]
        name = f"Encounter/{self.visit['id']}" if self.visit else ""
        at_visit = self.view.referring("Observation", "encounter", name) if name else ()
        values: Json = {}
        for each in (*filter(None, told), *_newest_first(at_visit)):
            for code, value in _values(each):
                values.setdefault(code, value)
        written: Json = {field: _number(values.get(code)) for field, code in VITALS.items()}
        written["suhu"] = _comma(values.get(VITALS["suhu"]))
        return {"kdSadar": self._consciousness(values.get(RESPONSIVENESS)), **written}

    def _consciousness(self, concept: Any) -> str | None:
        word = _code(concept, self._system("CodeSystem", "kesadaran")) if concept else None
        return (SADAR | dict(self.codes.sadar)).get(word or "")

    def _onward(self) -> Json:
        """Write where to: by speciality, or by one of P-Care's special programmes."""
        when = self.referral.get("occurrenceDateTime") or self.referral.get("authoredOn")
        target = self.task.get("owner") or next(iter(self.referral.get("performer", ())), None)
        details = [each.get("text", "") for each in self.referral.get("orderDetail", ())]
        speciality = next(
            (self.codes.subspesialis[e] for e in details if e in self.codes.subspesialis), None
        )
        special = next((self.codes.khusus[e] for e in details if e in self.codes.khusus), None)
        return {
            "tglEstRujuk": self._day(when),
            "kdppk": self.codes.ppk.get(_id(target)),
            "subSpesialis": dict(speciality) if speciality and not special else None,
            "khusus": dict(special) if special else None,
        }

    def _tacc(self) -> Json:
        system = self._system("CodeSystem", "parameter-tugas")
        given = {_code(e.get("type"), system): e for e in self.task.get("input", ())}
        word = _code(
            given.get("tacc", {}).get("valueCodeableConcept"), self._system("CodeSystem", "tacc")
        )
        reason = given.get("alasan-tacc", {}).get("valueString")
        return {"kdTacc": TACC.get(word or "tanpa", -1), "alasanTacc": reason}

    def _done(self) -> Iterator[str]:
        for each in self.referral.get("supportingInfo", ()):
            found = self._read(each) or {}
            if found.get("resourceType") == "Procedure" and found.get("code", {}).get("text"):
                yield found["code"]["text"]

    def _day(self, text: str | None) -> str | None:
        """Write a day as P-Care reads it: `20-08-2024`, by the clock of the puskesmas."""
        if not text or len(text) < 10:
            return None
        moment = datetime.fromisoformat(text)
        if "T" in text:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(
                ZoneInfo(self.view.zone)
            )
        return moment.strftime("%d-%m-%Y")


def _missing(written: Json) -> Iterator[str]:
    for name in ("noKartu", "tglDaftar", "kdPoli", "keluhan", "kdDokter", "kdDiag1", *MANDATORY):
        if written[name] is None and name != "lingkarPerut":
            yield name
    onward = written["rujukLanjut"]
    if onward["kdppk"] is None:
        yield "rujukLanjut.kdppk"
    if onward["subSpesialis"] is None and onward["khusus"] is None:
        yield "rujukLanjut.subSpesialis"
    if written["kdTacc"] > 0 and not written["alasanTacc"]:
        yield "alasanTacc"


def _values(observation: Json) -> Iterator[tuple[str, Any]]:
    """Give what an Observation and its components measured, by LOINC code."""
    if observation.get("resourceType") != "Observation":
        return
    for each in (observation, *observation.get("component", ())):
        code = _code(each.get("code"), LOINC)
        value = each.get("valueQuantity", {}).get("value") or each.get("valueCodeableConcept")
        if code and value is not None:
            yield code, value


def _newest_first(observations: Iterable[Json]) -> list[Json]:
    return sorted(observations, key=lambda e: str(e.get("effectiveDateTime", "")), reverse=True)


def _number(value: Any) -> int | float | None:
    if value is None or isinstance(value, dict):
        return None
    number = Decimal(str(value))
    return int(number) if number == number.to_integral_value() else float(number)


def _comma(value: Any) -> str | None:
    number = _number(value)
    return None if number is None else f"{number:.1f}".replace(".", ",")


def _id(reference: Json | None) -> str:
    return str((reference or {}).get("reference", "")).rpartition("/")[2]


def _code(concept: Json | None, system: str) -> str | None:
    codings = (concept or {}).get("coding", ())
    return next((e.get("code") for e in codings if e.get("system") == system), None)
