"""K, KF and KN codes of a visit: filled where nobody gave one, and kept to the lists.

An antenatal visit counts up within its episode (K1A or K1M, then K2 to K6); a visit of the mother
after birth is KF1 to KF4, of the newborn KN1 to KN3, by the time since the birth. SATUSEHAT refuses
codes that are not on its lists, so they do not get in here either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.elements import code_of, day_of, extension_of, identifier_of, instant_of
from fhir_server.mappings.rules import Rule, refuse
from fhir_server.sop.dokumen import Teguran
from fhir_server.sop.kehamilan import kode_kunjungan, usia_hamil
from fhir_server.sop.kontak_kia import NEONATUS, kode_neonatus, kode_nifas
from fhir_server.sop.ruang_bersalin import UNIT, prioritas_bersalin
from fhir_server.store.ops import Check, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from fhir_server.mappings import Reader
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.kunjungan import Kunjungan
    from fhir_server.store.ops import Concern, Condition

EPISODE_TYPE: Final = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type"
KEMKES: Final = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/"
ANC, NIFAS, NEONATAL = f"{KEMKES}ANC", f"{KEMKES}puerperium", f"{KEMKES}neonate"
KODE: Final[Mapping[str, tuple[str, ...]]] = {
    ANC: ("K1A", "K1M", "K2", "K3", "K4", "K5", "K6"),
    NIFAS: ("KF1", "KF2", "KF3", "KF4"),
    NEONATAL: tuple(each.kode for each in NEONATUS),
}
BIRTH_TIME: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
VOID: Final = ("cancelled", "entered-in-error")
MOTHER_AND_CHILD: Final = ("kia", UNIT)
RULE: Final = "KODE-KONTAK"


def coded(
    kunjungan: Kunjungan, before: Mapping[str, Any], reader: Reader
) -> tuple[Kunjungan, tuple[Condition, ...]]:
    """Fill the codes and the priority of a visit where nobody gave them; what stands stays.

    Two visits of one pregnancy that come at once take their contact codes one after the other.
    """
    known = replace(kunjungan, **_kept(kunjungan, before))
    if kunjungan.unit == UNIT and known.prioritas is None:
        known = replace(known, prioritas=prioritas_bersalin(kunjungan.kelas))  # type: ignore[arg-type]
    if kunjungan.episode is not None:
        linked = kunjungan.episode != before.get("episode")
        episode = reader.read(f"EpisodeOfCare/{kunjungan.episode}") if linked else None
        return (known, ()) if episode is None else _of_mother(known, episode, reader)
    is_new = not before and kunjungan.unit in MOTHER_AND_CHILD
    return _unsaid(known, reader) if is_new else known, ()


def tied(encounter: Document, episode: Document, day: date, reader: Reader) -> Document | None:
    """Tie a visit to a pregnancy and give it its contact code; None if it is tied already."""
    if encounter.get("episodeOfCare"):
        return None
    identifiers = encounter.get("identifier", [])
    code = identifier_of(encounter, ANC) or next_contact(episode, day, reader)
    if code is not None and identifier_of(encounter, ANC) is None:
        identifiers = [*identifiers, {"system": ANC, "value": code}]
    care = [{"reference": f"EpisodeOfCare/{episode['id']}"}]
    return {**encounter, "identifier": identifiers, "episodeOfCare": care}


def is_antenatal(encounter: Document) -> bool:
    """Say whether a visit is a contact of a pregnancy: it has its code and its episode."""
    return bool(identifier_of(encounter, ANC) and encounter.get("episodeOfCare"))


def turn(episode: Document, reader: Reader) -> Tally:
    """Give what must still be so when a contact is stored whose code was counted after this."""
    key = f"kontak/{episode['id']}"
    return Tally(key, reader.tally(key))


def next_contact(episode: Document, day: date, reader: Reader) -> str | None:
    """Give the code of a pregnancy's next contact; none before HPHT and after the sixth."""
    hpht = day_of(episode.get("period", {}).get("start"))
    if hpht is None or day < hpht:
        return None
    pairs = [("episode-of-care", f"EpisodeOfCare/{episode['id']}")]
    visits = [each for each in reader.find("Encounter", pairs) if each.get("status") not in VOID]
    taken = {identifier_of(each, ANC) for each in visits} - {None}
    return kode_kunjungan(len(taken) + 1, usia_hamil(hpht, day))


def rules(_canonical: str) -> tuple[Rule, ...]:
    """Give the rule that a visit carries only codes which exist."""

    def applies(document: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return any(each.get("system") in KODE for each in document.get("identifier", ()))

    def check(concerns: Sequence[Concern], _facts: Facts) -> Check:
        refuse(verdicts(concerns))
        return Check((), (), lambda _found: None)

    return (Rule(RULE, frozenset({"Encounter"}), applies, check),)


def verdicts(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every code of every visit."""
    for concern in concerns:
        for place, each in enumerate(concern.document["identifier"]):
            right = KODE.get(each.get("system", ""))
            if right is not None and each.get("value") not in right:
                yield concern, f"identifier[{place}].value", _unknown(each.get("value"), right)


def born(patient: Document) -> datetime | None:
    """Read when a newborn was born, to the minute, if it was recorded."""
    extended = extension_of(patient.get("_birthDate") or {}, BIRTH_TIME)
    return instant_of((extended or {}).get("valueDateTime"))


def _kept(kunjungan: Kunjungan, before: Mapping[str, Any]) -> dict[str, Any]:
    names = ("kodeKontak", "kodeNifas", "kodeNeonatal", "prioritas")
    return {name: getattr(kunjungan, name) or before.get(name) for name in names}


def _of_mother(
    kunjungan: Kunjungan, episode: Document, reader: Reader
) -> tuple[Kunjungan, tuple[Condition, ...]]:
    kind = code_of(episode.get("type"), EPISODE_TYPE)
    if kind == "ANC" and kunjungan.kodeKontak is None and kunjungan.unit != UNIT:
        now = turn(episode, reader)
        code = next_contact(episode, kunjungan.mulai.date(), reader)
        return replace(kunjungan, kodeKontak=code), (now,)
    birth = instant_of(episode.get("period", {}).get("start"))
    if kind == "PNC" and kunjungan.kodeNifas is None and birth is not None:
        return replace(kunjungan, kodeNifas=kode_nifas(birth, kunjungan.mulai)), ()
    return kunjungan, ()


def _unsaid(kunjungan: Kunjungan, reader: Reader) -> Kunjungan:
    """See in a visit whose episode nobody said a newborn, or a mother in the weeks after birth."""
    patient = reader.read(f"Patient/{kunjungan.pasien}") or {}
    birth = born(patient)
    if birth is not None:
        code = kunjungan.kodeNeonatal or kode_neonatus(birth, kunjungan.mulai)
        return replace(kunjungan, kodeNeonatal=code)
    if patient.get("gender") != "female" or kunjungan.unit == UNIT:
        return kunjungan
    pairs = [
        ("patient", f"Patient/{kunjungan.pasien}"),
        ("type", f"{EPISODE_TYPE}|PNC"),
        ("status", "active"),
    ]
    episode = next(iter(reader.find("EpisodeOfCare", pairs)), None)
    birth = instant_of((episode or {}).get("period", {}).get("start"))
    code = kode_nifas(birth, kunjungan.mulai) if birth is not None else None
    if episode is None or code is None:
        return kunjungan
    return replace(kunjungan, episode=episode["id"], kodeNifas=kunjungan.kodeNifas or code)


def _unknown(code: str | None, right: tuple[str, ...]) -> Teguran:
    return Teguran(
        "kode kontak",
        f"{code} bukan kode kontak yang ada.",
        f"salah satu dari: {', '.join(right)}.",
        RULE,
        english=f"{RULE}: {code} is no contact code of this list; right is one of "
        f"{', '.join(right)}.",
    )
