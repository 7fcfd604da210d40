"""The days of contact of a schedule, each a CommunicationRequest, and how often they come.

https://hl7.org/fhir/R4/communicationrequest.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import concept, day_of, reference
from fhir_server.mappings.medium import medium
from fhir_server.sop.pemantauan import Kebiasaan, frekuensi, irama
from fhir_server.sop.rencana_asuhan import KontakTerjadwal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fhir_server.config import Settings
    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

KOMUNIKASI: Final = code_system("kategori-komunikasi")
KONTAK: Final = "kontak-"
STATUS_KONTAK: Final = {"terjadwal": "active", "selesai": "completed", "dibatalkan": "revoked"}
# frequency, period and its unit of a Timing
REPEAT: Final = {
    "dua-mingguan": (1, 2, "wk"),
    "mingguan": (1, 1, "wk"),
    "dua-kali-seminggu": (2, 1, "wk"),
    "harian": (1, 1, "d"),
}


def habits(settings: Settings) -> Kebiasaan:
    """Read what the operator has set; ValueError names the setting that cannot be read."""
    rhythms = {}
    for kelompok in ("KRT", "KRST"):
        text = getattr(settings, f"pemantauan_{kelompok.lower()}")
        rhythms[kelompok] = _read(f"FHIR_PEMANTAUAN_{kelompok}", irama, text)
    return Kebiasaan(
        rhythms,  # type: ignore[arg-type]  # its keys are groups
        settings.pemantauan_minggu,
        settings.pemantauan_tanda_bahaya_hari,
        _read("FHIR_PEMANTAUAN_ISOMAN", frekuensi, settings.pemantauan_isoman),
    )


def role_of(kontak: KontakTerjadwal) -> str:
    """Name the role of a day of contact: ``kontak-20240409``."""
    return f"{KONTAK}{kontak.tanggal:%Y%m%d}"


def contact(  # noqa: PLR0913 - what a contact says
    kontak: KontakTerjadwal,
    *,
    plan: str,
    pasien: str,
    kanal: str,
    dibuat: datetime,
    peminta: str,
    pelaksana: str,
) -> Any:
    """Write one day of contact of the CarePlan ``plan``."""
    day: Any = kontak.tanggal
    return r4b.CommunicationRequest(
        basedOn=[reference("CarePlan", plan)],
        status=STATUS_KONTAK[kontak.status],
        category=[concept(KOMUNIKASI, "pemantauan")],
        medium=medium(kanal),
        subject=reference("Patient", pasien),
        occurrenceDateTime=day,
        authoredOn=dibuat,
        requester=reference("PractitionerRole", peminta),
        recipient=[reference("Patient", pasien)],
        sender=reference("PractitionerRole", pelaksana),
    )


def days_of(requests: Iterable[Document]) -> tuple[KontakTerjadwal, ...]:
    """Read days of contact, the earliest first."""
    status = {code: word for word, code in STATUS_KONTAK.items()}
    found = []
    for each in requests:
        day, word = day_of(each.get("occurrenceDateTime")), status.get(each.get("status", ""))
        if day is not None and word is not None:
            found.append(KontakTerjadwal(tanggal=day, status=word))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda each: each.tanggal))


def withdrawn(
    kontak: Iterable[KontakTerjadwal], document_id: str, reader: Reader
) -> dict[str, Document]:
    """Revoke the contacts that a new schedule no longer has."""
    keeps = {part_id(document_id, role_of(each)) for each in kontak}
    planned = reader.find("CommunicationRequest", [("based-on", f"CarePlan/{document_id}")])
    return {
        f"CommunicationRequest/{each['id']}": {**each, "status": "revoked"}
        for each in planned
        if each["id"] not in keeps and each.get("status") == "active"
    }


def _read(variable: str, read: Any, text: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"{variable}={text!r}: {error}") from None
