"""SOP Chat steps 2 and 5 on the write road: what a message or a measurement proposes.

* A patient's words that speak for a danger sign, or a measurement past its threshold: a proposal of
  an escalation, for staff to open. What a patient writes to a dokter as an emergency opens at once.
* Readings in a message of a patient in isolation at home, or readings and danger signs in one of a
  pregnant woman at risk: a form of the monitoring that waits for confirmation.

An imported chat is history: it only proposes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import eskalasi_darurat as eskalasi
from fhir_server.mappings import pemantauan_isoman as pemantauan
from fhir_server.mappings import pemantauan_risti as risti
from fhir_server.mappings.codes import LOINC, code_system
from fhir_server.mappings.consequence import id_from, whole
from fhir_server.mappings.dibaca import is_read
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import (
    code_of,
    day_of,
    extension_of,
    id_of,
    ids_of,
    instant_of,
)
from fhir_server.mappings.isian_pemantauan import PESAN
from fhir_server.mappings.isolasi_mandiri import isolation_of
from fhir_server.mappings.pihak import is_public, party_of
from fhir_server.sop.ambang import Ukuran, perlu_eskalasi
from fhir_server.sop.bacaan import Bacaan, baca
from fhir_server.sop.eskalasi_darurat import EskalasiDarurat
from fhir_server.sop.kehamilan import tahun_genap
from fhir_server.sop.pemantauan_isoman import PemantauanIsoman, gawat
from fhir_server.sop.pemantauan_isoman import lengkap as bersesi
from fhir_server.sop.pemantauan_risti import PemantauanRisti
from fhir_server.sop.tanda_bahaya import usulkan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fhir_server.mappings import Mapping, Reader
    from fhir_server.resources.wire import Document

KOMUNIKASI: Final = code_system("kategori-komunikasi")
PERAN: Final = code_system("peran-petugas")
ASAL: Final = code_system("asal-data")
NO_COMPLAINT: Final = frozenset({"utas", "advis-dokter", "penerusan", "pemberitahuan", "sistem"})
SAID: Final = ("in-progress", "completed")
SEEN: Final = ("preliminary", "final", "amended", "corrected")
PRESSURE: Final = ("8480-6", "8462-4")
SATURATION: Final = ("59408-5", "2708-6")
TEMPERATURE: Final = "8310-5"
BREATHING: Final = "9279-1"
ISOMAN_SIGNS: Final = ("demam", "sesak-napas")
FERTILE: Final = range(10, 55)


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give both effects for the code systems below a canonical base."""
    base = canonical.rstrip("/")
    kinds, origin = f"{base}/CodeSystem/kategori-komunikasi", f"{base}/CodeSystem/asal-data"

    def is_complaint(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        if document.get("status") not in SAID or not is_public(document.get("sender")):
            return False
        kind = code_of(document.get("category"), kinds)
        if kind is None or kind in NO_COMPLAINT:
            return False
        text = text_of(document)
        return kind == "darurat" or bool(text and (usulkan(text) or baca(text).ada))

    def is_urgent(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        if document.get("status") not in SEEN or not _is_ours(document, base, origin):
            return False
        return bool(perlu_eskalasi(measured(document)))

    return (
        Effect("usulan dari pesan", frozenset({"Communication"}), is_complaint, from_messages),
        Effect("usulan dari pengukuran", frozenset({"Observation"}), is_urgent, from_measurements),
    )


def from_messages(messages: Sequence[Document], reader: Reader) -> Consequences:
    """Propose what a patient's messages speak for."""
    made: dict[str, Document] = {}
    for each in messages:
        if patient := id_of(each.get("subject"), "Patient"):
            sent = instant_of(each.get("sent")) or instant_of(each.get("received")) or reader.now
            made |= _of_message(_Message(each, patient, sent), reader)
    return Consequences(made)


def from_measurements(found: Sequence[Document], reader: Reader) -> Consequences:
    """Propose an escalation for what was measured of one patient at one moment."""
    together: dict[tuple[str, str], list[Document]] = {}
    for each in found:
        if patient := id_of(each.get("subject"), "Patient"):
            together.setdefault((patient, each.get("effectiveDateTime", "")), []).append(each)
    made: dict[str, Document] = {}
    for (patient, moment), some in together.items():
        made |= _of_measurements(patient, instant_of(moment) or reader.now, some, reader)
    return Consequences(made)


@dataclass(frozen=True, slots=True)
class _Message:
    document: Document
    patient: str
    sent: datetime

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def imported(self) -> bool:
        return _tag(self.document) == "impor-ekspor"


def _of_message(message: _Message, reader: Reader) -> dict[str, Document]:
    text = text_of(message.document) or ""
    values, isolation = baca(text), isolation_of(message.patient, reader)
    made: dict[str, Document] = {}
    findings: tuple[str, ...] = ()
    if isolation is not None and values.ada:
        reading = _reading(message, isolation, values, text, reader)
        findings = tuple(each.alasan for each in gawat(reading) if each.bidang != "sesak")
        made |= _new("bacaan", message.document, pemantauan.MAPPING, reading, reader)
    elif values.ada:
        findings = tuple(e.alasan for e in perlu_eskalasi(_measures(values)) if e.bidang != "sesak")
    signs = _signs(message, text, reader, isolated=isolation is not None)
    if isolation is None and (form := _form(message, values, signs, reader)) is not None:
        made |= _new("isian", message.document, risti.MAPPING, form, reader)
    emergency = code_of(message.document.get("category"), KOMUNIKASI) == "darurat"
    if signs or findings or emergency:
        proposal = _escalation(message, signs, findings, reader, emergency=emergency)
        made |= _new("eskalasi", message.document, eskalasi.MAPPING, proposal, reader)
    return made


def _signs(message: _Message, text: str, reader: Reader, *, isolated: bool) -> tuple[Any, ...]:
    patient = reader.read(f"Patient/{message.patient}") or {}
    pregnant = not isolated and _may_be_pregnant(patient, message.sent)
    return tuple(each.tanda.kode for each in usulkan(text, hamil=pregnant))


def _may_be_pregnant(patient: Document, moment: datetime) -> bool:
    born = day_of(patient.get("birthDate"))
    fertile = born is None or tahun_genap(born, moment.date()) in FERTILE
    return patient.get("gender") != "male" and fertile


def _escalation(
    message: _Message,
    signs: tuple[Any, ...],
    findings: tuple[str, ...],
    reader: Reader,
    *,
    emergency: bool,
) -> EskalasiDarurat:
    doctor = _doctor(message.document, reader) if emergency and not message.imported else None
    proposal = EskalasiDarurat(
        sumber=_tag(message.document) or "api",  # type: ignore[arg-type]
        pasien=message.patient,
        waktu=message.sent,
        pemicu="pesan-darurat" if emergency else "usulan-tanda-bahaya" if signs else "ambang",
        pelapor=party_of(message.document.get("sender")) or f"pasien/{message.patient}",
        tanda=signs,
        temuan=findings,
        pesan=message.id,
        penanggungJawab=doctor,
        kunjungan=id_of(message.document.get("encounter"), "Encounter") if doctor else None,
        status="dibuka" if doctor else "diusulkan",
    )
    return eskalasi.complete(proposal, None, reader)[0]


def _reading(
    message: _Message, isolation: str, values: Bacaan, text: str, reader: Reader
) -> PemantauanIsoman:
    symptoms = [e.tanda.kode for e in usulkan(text) if e.tanda.kode in ISOMAN_SIGNS]
    reading = PemantauanIsoman(
        sumber=_tag(message.document) or "api",  # type: ignore[arg-type]
        isolasi=isolation,
        pasien=message.patient,
        waktu=message.sent,
        pelapor=party_of(message.document.get("sender")) or f"pasien/{message.patient}",
        suhu=values.suhu,
        spo2=values.spo2,
        napas=values.napas,
        nadi=values.nadi,
        gejala=tuple(symptoms),
        pesan=message.id,
        status="menunggu-konfirmasi",
    )
    return bersesi(reading, reader.now.tzinfo)


def _form(
    message: _Message, values: Bacaan, signs: tuple[Any, ...], reader: Reader
) -> PemantauanRisti | None:
    """Propose the form of a pregnant woman at risk, by her plan of care; None if she has none."""
    if not (signs or values.sistolik or values.suhu or values.nadi):
        return None
    plan = risti.plan_of(message.patient, reader)
    if plan is None:
        return None
    return PemantauanRisti(
        sumber=_tag(message.document) or "api",  # type: ignore[arg-type]
        pasien=message.patient,
        waktu=message.sent,
        pelapor=party_of(message.document.get("sender")) or f"pasien/{message.patient}",
        rencana=plan,
        kunjungan=id_of(message.document.get("encounter"), "Encounter"),
        tandaBahaya=signs,
        sistolik=values.sistolik,
        diastolik=values.diastolik,
        suhu=values.suhu,
        nadi=values.nadi,
        pesan=message.id,
        status="menunggu-konfirmasi",
    )


def _of_measurements(
    patient: str, when: datetime, some: list[Document], reader: Reader
) -> dict[str, Document]:
    first = min(some, key=lambda each: str(each["id"]))
    origin, signs = _source(first, reader)
    findings = [f.alasan for each in some for f in perlu_eskalasi(measured(each))]
    staff = next(iter(ids_of(first.get("performer"), "PractitionerRole")), None)
    proposal = EskalasiDarurat(
        sumber=_tag(first) or "api",  # type: ignore[arg-type]
        pasien=patient,
        waktu=when,
        pemicu="ambang",
        pelapor=f"petugas/{staff}" if staff else f"pasien/{patient}",
        tanda=signs,
        temuan=tuple(dict.fromkeys(findings)),
        pengukuran=tuple(sorted(str(each["id"]) for each in some)),
        status="diusulkan",
    )
    whole_proposal = eskalasi.complete(proposal, None, reader)[0]
    return _new("eskalasi", origin, eskalasi.MAPPING, whole_proposal, reader)


def _source(observation: Document, reader: Reader) -> tuple[Document, tuple[Any, ...]]:
    """Give what proposes, and the danger signs it names.

    A form that came from a message: the message, which has proposed already; else the form that
    the value belongs to; else the value itself.
    """
    for each in ids_of(observation.get("derivedFrom"), "QuestionnaireResponse"):
        response = reader.read(f"QuestionnaireResponse/{each}") or {}
        said = (extension_of(response, PESAN) or {}).get("valueReference")
        message = id_of(said, "Communication")
        kind, name = ("Communication", message) if message else ("QuestionnaireResponse", each)
        origin = {"resourceType": kind, "id": name, "meta": observation["meta"]}
        return origin, risti.signs_of(response)
    return observation, ()


def measured(observation: Document) -> Ukuran:
    """Read what an Observation says; warmth and breathing only of somebody in isolation."""
    values = {
        code: each.get("valueQuantity", {}).get("value")
        for each in (observation, *observation.get("component", ()))
        if (code := code_of(each.get("code"), LOINC)) is not None
    }
    systolic, diastolic = (values.get(each) for each in PRESSURE)
    saturation = next((v for code in SATURATION if (v := values.get(code)) is not None), None)
    if not any(p.endswith("/BacaanIsoman") for p in observation.get("meta", {}).get("profile", ())):
        return Ukuran(sistolik=systolic, diastolik=diastolic, spo2=saturation)
    warm = values.get(TEMPERATURE)
    return Ukuran(
        spo2=saturation,
        suhu=None if warm is None else Decimal(str(warm)),
        napas=values.get(BREATHING),
        isoman=True,
    )


def text_of(message: Document) -> str | None:
    """Give the words of a message."""
    texts = (each.get("contentString") for each in message.get("payload", ()))
    return "\n".join(each for each in texts if each) or None


def _measures(values: Bacaan) -> Ukuran:
    return Ukuran(
        sistolik=values.sistolik,
        diastolik=values.diastolik,
        spo2=values.spo2,
        suhu=values.suhu,
        napas=values.napas,
        sesak=values.sesak,
    )


def _doctor(message: Document, reader: Reader) -> str | None:
    """Find the dokter to whom a message was written."""
    for each in ids_of(message.get("recipient"), "PractitionerRole"):
        role = reader.read(f"PractitionerRole/{each}") or {}
        if code_of(role.get("code"), PERAN) == "dokter":
            return each
    return None


def _new(
    kind: str, origin: Document, mapping: Mapping, document: Any, reader: Reader
) -> dict[str, Document]:
    """Write what an origin proposes, once: what staff have made of it since is theirs."""
    own_id = id_from(kind, origin)
    if reader.read(f"{mapping.resource_type}/{own_id}") is not None:
        return {}
    return whole(mapping, document, own_id, origin)


def _tag(document: Document) -> str | None:
    tags = document.get("meta", {}).get("tag", ())
    return next((each.get("code") for each in tags if each.get("system") == ASAL), None)


def _is_ours(document: Document, base: str, origin: str) -> bool:
    meta = document.get("meta")
    if meta is None or is_read(document):  # found out elsewhere, and acted on there
        return False
    tagged = any(each.get("system") == origin for each in meta.get("tag", ()))
    own = f"{base}/StructureDefinition/"
    return tagged or any(each.startswith(own) for each in meta.get("profile", ()))
