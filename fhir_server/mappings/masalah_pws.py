"""The problems of a PWS analysis as Conditions of the people of a village, and their ranking.

https://hl7.org/fhir/R4/condition.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    reference,
    several,
)
from fhir_server.sop.analisis_pws import MasalahPws

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document
    from fhir_server.sop.analisis_pws import AnalisisPws

BAGIAN: Final = code_system("bagian-analisis")
INDIKATOR: Final = code_system("indikator-pws")
KATEGORI: Final = code_system("kategori-kondisi")
SUMBER: Final = code_system("sumber-masalah")
STATUS_DESA, KEKURANGAN, USG = (structure(e) for e in ("status-desa", "kekurangan", "usg"))
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/"
NILAI: Final = ("urgensi", "keseriusan", "pertumbuhan")
PROBLEM: Final = "masalah-"


def role_of(number: int) -> str:
    """Name the role of a problem: ``masalah-1``."""
    return f"{PROBLEM}{number}"


def problem(analisis: AnalisisPws, masalah: MasalahPws, document_id: str) -> Any:
    """Write a problem."""
    number = masalah.kekurangan
    scores = [
        r4b.Extension(url=name, valueInteger=getattr(masalah, name))
        for name in NILAI
        if getattr(masalah, name) is not None
    ]
    return r4b.Condition(
        extension=several(
            r4b.Extension(url=STATUS_DESA, valueCode=masalah.statusDesa)
            if masalah.statusDesa
            else None,
            None if number is None else r4b.Extension(url=KEKURANGAN, valueDecimal=number),
            r4b.Extension(url=USG, extension=scores) if scores else None,
        ),
        clinicalStatus=concept(f"{CATEGORY}condition-clinical", "active"),
        verificationStatus=concept(f"{CATEGORY}condition-ver-status", "confirmed"),
        category=[concept(KATEGORI, "masalah-pws"), concept(SUMBER, masalah.sumber)],
        code=r4b.CodeableConcept(
            coding=[r4b.Coding(system=INDIKATOR, code=masalah.indikator)], text=masalah.uraian
        ),
        subject=reference("Group", part_id(document_id, f"desa-{masalah.desa}")),
        recordedDate=analisis.waktu,
        recorder=reference("PractitionerRole", analisis.penyusun),
    )


def read_problem(condition: Document) -> MasalahPws | None:
    """Read a problem; None where it lacks what the SOP requires."""
    resource_id = condition.get("id", "")
    number = resource_id.rpartition(f"-{PROBLEM}")[2]
    village = (id_of(condition.get("subject"), "Group") or "").rpartition("-desa-")[2]
    code = code_of(condition.get("code"), INDIKATOR)
    source = code_of(condition.get("category"), SUMBER)
    if not (number.isdigit() and village and code and source):
        return None
    lacking = (extension_of(condition, KEKURANGAN) or {}).get("valueDecimal")
    scores = {
        each.get("url"): each.get("valueInteger")
        for each in (extension_of(condition, USG) or {}).get("extension", ())
    }
    return MasalahPws(
        nomor=int(number),
        desa=village,
        indikator=code,
        uraian=condition.get("code", {}).get("text") or code,
        sumber=source,  # type: ignore[arg-type]
        statusDesa=(extension_of(condition, STATUS_DESA) or {}).get("valueCode"),
        kekurangan=None if lacking is None else Decimal(str(lacking)),
        urgensi=scores.get("urgensi"),
        keseriusan=scores.get("keseriusan"),
        pertumbuhan=scores.get("pertumbuhan"),
    )


def ranking(analisis: AnalisisPws, document_id: str) -> Any:
    """Write the ranking: the most urgent problem first."""
    items = [part_id(document_id, role_of(number)) for number in analisis.prioritas]
    return r4b.List(
        status="current",
        mode="snapshot",
        title="Prioritas masalah",
        code=concept(BAGIAN, "prioritas"),
        date=analisis.waktu,
        source=reference("PractitionerRole", analisis.penyusun),
        orderedBy=concept(f"{CATEGORY}list-order", "priority"),
        entry=[{"item": reference("Condition", each)} for each in items],
    )


def ranked(found: Document) -> list[int]:
    """Read a ranking as numbers of problems."""
    items = (id_of(each.get("item"), "Condition") or "" for each in found.get("entry", ()))
    numbers = (each.rpartition(f"-{PROBLEM}")[2] for each in items)
    return [int(each) for each in numbers if each.isdigit()]
