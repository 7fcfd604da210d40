"""SasaranDesa as Groups: the inhabitants of a village and year, and each official target group.

https://hl7.org/fhir/R4/group.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, r4b
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, UCUM, code_system, sid
from fhir_server.mappings.elements import concept, id_of, identifier, reference, several
from fhir_server.sop.pws import Penduduk
from fhir_server.sop.sasaran_desa import KELOMPOK

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.sasaran_desa import SasaranDesa

SASARAN: Final = code_system("sasaran-pws")
SIFAT: Final = code_system("sifat-sasaran")
NOMOR: Final = "sasaran-pws"
PER_SERIBU: Final = "/10*3"


def to_fhir(sasaran: SasaranDesa, _id: str) -> Resources:
    """Write a Group without members for each number; one that nobody knows has no quantity."""
    known = {kind: getattr(sasaran, field) for field, kind in KELOMPOK.items()}
    return {
        "": _group(sasaran, "penduduk", sasaran.penduduk),
        **{kind: _group(sasaran, kind, number) for kind, number in known.items()},
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read the targets of a village and year."""
    group = resources[""]
    kept = {field: resources.get(kind, {}).get("quantity") for field, kind in KELOMPOK.items()}
    year = _number(group)[0]
    rate = _trait(group, "cbr").get("valueQuantity", {}).get("value")
    return {
        "faskes": id_of(group.get("managingEntity"), "Organization"),
        "desa": village_of(group),
        "tahun": int(year) if year.isdigit() else None,
        "penduduk": group.get("quantity"),
        "cbr": None if rate is None else Decimal(str(rate)),
        "dasar": _trait(group, "dasar").get("valueCodeableConcept", {}).get("text"),
        **kept,
    }


def year_system(year: int) -> str:
    """Give the identifier system of all targets of a year."""
    return sid(NOMOR, str(year))


def village_of(group: Document) -> str | None:
    """Read the village of a target group."""
    for coding in _trait(group, "desa").get("valueCodeableConcept", {}).get("coding", ()):
        if coding.get("system") == ADMINISTRATIVE_AREA:
            code: str | None = coding.get("code")
            return code
    return None


def population(groups: Iterable[Document], cbr: Decimal) -> dict[str, Penduduk]:
    """Read what is known of each village from its Groups; ``cbr`` holds where none is given."""
    official: dict[str, dict[str, int]] = {}
    inhabitants: dict[str, int] = {}
    rates: dict[str, Decimal] = {}
    for group in groups:
        village, kind = village_of(group), _number(group)[2]
        if village is None or not kind:
            continue
        known = official.setdefault(village, {})
        number = group.get("quantity")
        if kind != "penduduk" and number is not None:
            known[kind] = number
        elif number is not None:
            inhabitants[village] = number
        rate = _trait(group, "cbr").get("valueQuantity", {}).get("value")
        if rate is not None:
            rates[village] = Decimal(str(rate))
    return {
        village: Penduduk(known, inhabitants.get(village), rates.get(village, cbr))
        for village, known in official.items()
    }


def _group(sasaran: SasaranDesa, kind: str, number: int | None) -> Any:
    village: Any = concept(ADMINISTRATIVE_AREA, sasaran.desa)
    rate = sasaran.cbr if kind == "penduduk" else None
    basis = sasaran.dasar if kind == "penduduk" else None
    value = {"value": rate, "unit": "per 1.000", "system": UCUM, "code": PER_SERIBU}
    return r4b.Group(
        identifier=several(identifier(year_system(sasaran.tahun), f"{sasaran.desa}-{kind}")),
        active=True,
        type="person",
        actual=False,
        code=concept(SASARAN, kind),
        quantity=number,
        managingEntity=reference("Organization", sasaran.faskes),
        characteristic=several(
            {"code": concept(SIFAT, "desa"), "valueCodeableConcept": village, "exclude": False},
            rate and {"code": concept(SIFAT, "cbr"), "valueQuantity": value, "exclude": False},
            basis
            and {
                "code": concept(SIFAT, "dasar"),
                "valueCodeableConcept": r4b.CodeableConcept(text=basis),
                "exclude": False,
            },
        ),
    )


def _number(group: Document) -> tuple[str, str, str]:
    """Read year, village and kind from the identifier of a target group."""
    for each in group.get("identifier", ()):
        system, _, year = each.get("system", "").rpartition("/")
        village, _, kind = each.get("value", "").partition("-")
        if system.endswith(f"/sid/{NOMOR}"):
            return year, village, kind
    return "", "", ""


def _trait(group: Document, name: str) -> Document:
    for each in group.get("characteristic", ()):
        if any(c.get("code") == name for c in each.get("code", {}).get("coding", ())):
            found: Document = each
            return found
    return {}


MAPPING = Mapping(
    resource_type="Group",
    profile="SasaranDesa",
    profiles=dict.fromkeys(KELOMPOK.values(), "SasaranDesa"),
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(**dict.fromkeys(KELOMPOK.values(), "Group")),
    criteria=(("code", f"{SASARAN}|penduduk"),),
    filters={
        "faskes": "managing-entity=Organization/{}",
        "desa": f"value={ADMINISTRATIVE_AREA}|{{}}",
        "tahun": lambda year: f"identifier={sid(NOMOR, year)}|",
    },
    constants=frozenset(
        {
            "Group.active",
            "Group.type",
            "Group.actual",
            "Group.identifier.system",
            "Group.code",
            "Group.characteristic.code",
            "Group.characteristic.exclude",
            "Group.characteristic.valueCodeableConcept.coding.system",
            "Group.characteristic.valueQuantity.unit",
            "Group.characteristic.valueQuantity.system",
            "Group.characteristic.valueQuantity.code",
        }
    ),
)
