"""Write the Measure of every indicator of PWS, and the code system of the indicators.

Run after changing an indicator: ``python tools/build_measures.py``. A test holds that nothing is
left to write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fhir_server.config import CANONICAL
from fhir_server.mappings.indikator_pws import DEFINISI
from fhir_server.operations.measures.beban_penyakit import SAH, TERBANYAK
from fhir_server.sop.pws import BR_C11, INDIKATOR

if TYPE_CHECKING:
    from fhir_server.mappings.indikator_pws import Hitungan
    from fhir_server.sop.pws import Indikator

PROFILES = Path(__file__).parent.parent / "profiles"
TERMS = "http://terminology.hl7.org/CodeSystem"
LAINNYA = (("luar-wilayah", "Luar wilayah"), ("tanpa-desa", "Desa tidak diketahui"))


def build(folder: Path = PROFILES) -> dict[Path, str]:
    """Give each file and its text."""
    measures = {
        folder / "measure" / f"pws-{kode.lower()}.json": measure(INDIKATOR[kode], hitungan)
        for kode, hitungan in DEFINISI.items()
    }
    return {
        path: json.dumps(each, indent=2, ensure_ascii=False) + "\n"
        for path, each in {
            **measures,
            folder / "measure" / "beban-penyakit.json": burden(),
            folder / "measure" / "cakupan-kunjungan-rumah.json": visits(),
            folder / "codesystem" / "indikator-pws.json": code_system(),
        }.items()
    }


def measure(indikator: Indikator, definisi: Any) -> dict[str, Any]:
    """Write one Measure; its criteria are the searches that find the events."""
    name = f"pws-{indikator.kode.lower()}"
    return {
        "resourceType": "Measure",
        "id": name,
        "url": f"{CANONICAL}/Measure/{name}",
        "version": "1.0.0",
        "name": "".join(part.title() for part in name.split("-")),
        "title": f"PWS {indikator.kode}: {indikator.label}",
        "status": "active",
        "experimental": False,
        "description": f"{indikator.label}, per desa tempat tinggal (domain §6, {BR_C11}).",
        "scoring": {"coding": [{"system": f"{TERMS}/measure-scoring", "code": "proportion"}]},
        "type": [{"coding": [{"system": f"{TERMS}/measure-type", "code": "process"}]}],
        "group": [
            {
                "code": concept(indikator.kode, indikator.label),
                "population": [
                    population("initial-population", *target(indikator, definisi.penyebut)),
                    population("denominator", *target(indikator, definisi.penyebut)),
                    population("numerator", indikator.label, definisi.pembilang),
                ],
                "stratifier": [
                    {
                        "code": {"text": "desa"},
                        "criteria": {
                            "language": "text/fhirpath",
                            "expression": (
                                "address.extension('https://fhir.kemkes.go.id/r4/StructureDefinition/"
                                "administrativeCode').extension('village').value"
                            ),
                        },
                    }
                ],
            }
        ],
    }


def visits() -> dict[str, Any]:
    """Write the Measure of home visits by kind: that of the indicator, with one part more."""
    made = measure(INDIKATOR["KR"], DEFINISI["KR"])
    name = "cakupan-kunjungan-rumah"
    kind = {"code": {"text": "jenis"}}
    (group,) = made["group"]
    return {
        **made,
        "id": name,
        "url": f"{CANONICAL}/Measure/{name}",
        "name": "CakupanKunjunganRumah",
        "title": "Cakupan kunjungan rumah",
        "description": "Kunjungan rumah per desa dan jenis: rutin, tindak lanjut PWS (C13).",
        "group": [{**group, "stratifier": [*group["stratifier"], kind]}],
    }


def burden() -> dict[str, Any]:
    """Write the Measure of the burden of disease."""
    query = f"Condition?{urlencode(SAH, safe=':,')}"
    parts = ("icd-10", "klaster", "desa", "kelompok-umur")
    return {
        "resourceType": "Measure",
        "id": "beban-penyakit",
        "url": f"{CANONICAL}/Measure/beban-penyakit",
        "version": "1.0.0",
        "name": "BebanPenyakit",
        "title": "Beban penyakit",
        "status": "active",
        "experimental": False,
        "description": (
            f"{TERBANYAK} kategori ICD-10 terbanyak, seluruhnya dan per klaster, desa, kelompok "
            "umur; sekali per orang, kategori dan hari (domain §1.C C11a)."
        ),
        "scoring": {"coding": [{"system": f"{TERMS}/measure-scoring", "code": "cohort"}]},
        "group": [
            {
                "population": [
                    {
                        "code": {
                            "coding": [
                                {
                                    "system": f"{TERMS}/measure-population",
                                    "code": "initial-population",
                                }
                            ]
                        },
                        "description": "Kasus: diagnosis kunjungan, tanpa bab Z dan V-Y ICD-10.",
                        "criteria": {"language": "application/x-fhir-query", "expression": query},
                    }
                ],
                "stratifier": [{"code": {"text": part}} for part in parts],
            }
        ],
    }


def target(indikator: Indikator, penyebut: Hitungan | None) -> tuple[str, Hitungan | None]:
    """Say what an indicator is measured against."""
    if indikator.sasaran is None:
        return indikator.penyebut.capitalize(), penyebut
    bagian = "" if indikator.persen == 100 else f"{indikator.persen} % dari "
    return f"{bagian}sasaran {indikator.sasaran} setahun".capitalize(), None


def population(code: str, says: str, counted: Hitungan | None) -> dict[str, Any]:
    """Write one population: a search, or the Group that holds the target."""
    query = "Group" if counted is None else " | ".join(asked(each) for each in counted.cari)
    return {
        "code": {"coding": [{"system": f"{TERMS}/measure-population", "code": code}]},
        "description": f"{says}{beside(counted)}.",
        "criteria": {"language": "application/x-fhir-query", "expression": query},
    }


def beside(counted: Hitungan | None) -> str:
    """Say what a search cannot."""
    if counted is None:
        return ""
    words = [f"; sekali per {counted.per}"]
    if counted.perlu > 1:
        words.append(f"; ada pada {counted.perlu} pencarian")
    if counted.dekat is not None:
        words.append(f"; {counted.dekat[0]} hari sebelum sampai {counted.dekat[1]} hari sesudah")
    if counted.umur is not None:
        words.append(f"; umur kurang dari {counted.umur[0]} {counted.umur[1]}")
    if counted.hamil:
        words.append("; selama hamil")
    if counted.kontak is not None:
        words.append("; kontak per trimester {}-{}-{}, dokter {}".format(*counted.kontak))
    return "".join(words)


def asked(each: Any) -> str:
    """Write a search as a URL."""
    return f"{each.tipe}?{urlencode(each.kriteria, safe=':/,|')}"


def concept(code: str, display: str) -> dict[str, Any]:
    """Write an indicator as a CodeableConcept."""
    return {
        "coding": [{"system": f"{CANONICAL}/CodeSystem/indikator-pws", "code": code}],
        "text": display,
    }


def code_system() -> dict[str, Any]:
    """Write the code system of the indicators."""
    codes = [*((each.kode, each.label) for each in INDIKATOR.values()), *LAINNYA]
    return {
        "resourceType": "CodeSystem",
        "id": "indikator-pws",
        "url": f"{CANONICAL}/CodeSystem/indikator-pws",
        "version": "1.0.0",
        "name": "IndikatorPws",
        "title": "Indikator PWS",
        "status": "active",
        "experimental": False,
        "description": "Indikator pemantauan wilayah setempat (domain §6).",
        "caseSensitive": True,
        "valueSet": f"{CANONICAL}/ValueSet/indikator-pws",
        "content": "complete",
        "count": len(codes),
        "concept": [{"code": code, "display": label} for code, label in codes],
    }


def main() -> None:
    """Write them all."""
    for path, text in build().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
