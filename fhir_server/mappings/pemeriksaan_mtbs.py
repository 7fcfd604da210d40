"""PemeriksaanMTBS as QuestionnaireResponse, with what was measured as Observations.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.config import CANONICAL
from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, fixed, r4b
from fhir_server.mappings.elements import id_of, instant_of, reference
from fhir_server.mappings.encounter_lab import visit
from fhir_server.mappings.formulir import answer, answers, coding, group, items, plain, read_group
from fhir_server.mappings.ukur import ROLES, Taken, age_of, measured, read_meanings, read_measured
from fhir_server.sop.mtbs import Batuk, Demam, Diare, StatusGizi, Telinga, UsulanMtbs
from fhir_server.sop.pemeriksaan_mtbs import lengkap, terlalu_tua

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pemeriksaan_mtbs import PemeriksaanMTBS
    from fhir_server.store.ops import Condition

FORM: Final = f"{CANONICAL}/Questionnaire/mtbs"
PARTS: Final = {
    "batuk": Batuk,
    "diare": Diare,
    "demam": Demam,
    "telinga": Telinga,
    "gizi": StatusGizi,
}
STATUS: Final = {"akhir": "completed", "dikoreksi": "amended", "salah-entri": "entered-in-error"}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}
SUGGESTED: Final = "usulan"


def to_fhir(mtbs: PemeriksaanMTBS, _id: str) -> Resources:
    """Write the filled form and what was measured."""
    taken = Taken(
        mtbs.pasien, mtbs.kunjungan, mtbs.waktu, mtbs.pemeriksa, mtbs.status, mtbs.penanda
    )
    form = r4b.QuestionnaireResponse(
        questionnaire=FORM,
        status=STATUS[mtbs.status],
        subject=reference("Patient", mtbs.pasien),
        encounter=reference("Encounter", mtbs.kunjungan),
        authored=mtbs.waktu,
        author=reference("PractitionerRole", mtbs.pemeriksa),
        item=list(_items(mtbs)) or None,
    )
    return {"": form, **({} if mtbs.hasil is None else measured(mtbs.hasil, taken))}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a filled form, also one that another system filled in."""
    form = resources[""]
    found = items(form)
    return {
        "pasien": id_of(form.get("subject"), "Patient"),
        "kunjungan": id_of(form.get("encounter"), "Encounter"),
        "waktu": instant_of(form.get("authored")),
        "pemeriksa": id_of(form.get("author"), "PractitionerRole"),
        "status": DIBACA.get(form.get("status", "")),
        "hasil": read_measured(resources),
        "penanda": read_meanings(resources),
        "tandaBahaya": tuple(answers(found, "tanda-bahaya")),
        **{name: read_group(found, name, kind) for name, kind in PARTS.items()},
        "ikterus": answer(found, "ikterus"),
        "imunisasiLengkap": answer(found, "imunisasi-lengkap"),
        "vitaminA": answer(found, "vitamin-a"),
        "umurBulan": answer(found, "umur-bulan"),
        "napasCepat": answer(found, "napas-cepat"),
        "usulan": tuple(_suggestions(found)),
        "klasifikasi": tuple(answers(found, "klasifikasi")),
        "tindakan": answer(found, "tindakan"),
        "kunjunganUlang": answer(found, "kunjungan-ulang"),
    }


def complete(
    mtbs: PemeriksaanMTBS, _before: Table[str, Any] | None, reader: Reader
) -> tuple[PemeriksaanMTBS, tuple[Condition, ...]]:
    """Judge by the child's age; it must be known, and under five years."""
    visit(reader, mtbs.kunjungan, mtbs.pasien)
    age = age_of(reader, mtbs.pasien, mtbs.waktu.date())
    if age is None:
        says = f"pasien: tanggal lahir {mtbs.pasien} tidak diketahui; lengkapi dahulu."
        raise Invalid([Issue("required", says, "pasien", indonesian=says)])
    if old := terlalu_tua(age):
        says = f"{old.kalimat} / {old.english}"
        raise Invalid([Issue("business-rule", says, "pasien", indonesian=says, rule=old.aturan)])
    return lengkap(mtbs, age), ()


def _items(mtbs: PemeriksaanMTBS) -> Iterator[dict[str, Any]]:
    yield from _said("umur-bulan", "valueInteger", mtbs.umurBulan)
    yield from plain("tanda-bahaya", *(coding("tanda-bahaya-anak", e) for e in mtbs.tandaBahaya))
    yield from _said("napas-cepat", "valueBoolean", mtbs.napasCepat)
    for name in PARTS:
        yield from group(name, getattr(mtbs, name))
    if mtbs.ikterus is not None:
        yield from plain("ikterus", coding("ikterus-mtbs", mtbs.ikterus))
    yield from _said("imunisasi-lengkap", "valueBoolean", mtbs.imunisasiLengkap)
    yield from _said("vitamin-a", "valueBoolean", mtbs.vitaminA)
    yield from plain(SUGGESTED, *map(_suggestion, mtbs.usulan))
    yield from plain("klasifikasi", *(coding("klasifikasi-mtbs", e) for e in mtbs.klasifikasi))
    yield from _said("tindakan", "valueString", mtbs.tindakan)
    yield from _said("kunjungan-ulang", "valueInteger", mtbs.kunjunganUlang)


def _said(link: str, kind: str, value: Any) -> Iterator[dict[str, Any]]:
    if value is not None:
        yield from plain(link, {kind: value})


def _suggestion(each: UsulanMtbs) -> dict[str, Any]:
    """Write a suggestion with its reason as a nested item."""
    reason = list(plain(f"{SUGGESTED}.dasar", {"valueString": each.dasar}))
    return {**coding("klasifikasi-mtbs", each.klasifikasi), "item": reason}


def _suggestions(found: dict[str, list[Document]]) -> Iterator[UsulanMtbs]:
    for each in found.get(SUGGESTED, ()):
        code = each.get("valueCoding", {}).get("code")
        reason = answer(items(each), f"{SUGGESTED}.dasar")
        if code is not None and reason is not None:
            yield UsulanMtbs(klasifikasi=code, dasar=reason)


MAPPING = Mapping(
    resource_type="QuestionnaireResponse",
    profile="FormulirMTBS",
    profiles={"tekanan-darah": "TekananDarah", "Observation": "HasilUkur"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(**dict.fromkeys(ROLES, "Observation")),
    complete=complete,
    criteria=(("questionnaire", FORM),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "waktu": "authored",
    },
    sort="-authored",
    constants=frozenset(
        {
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.item.linkId",
            "QuestionnaireResponse.item.item.linkId",
            "QuestionnaireResponse.item.answer.item.linkId",
            "QuestionnaireResponse.item.answer.valueCoding.system",
            "QuestionnaireResponse.item.item.answer.valueCoding.system",
            "Observation.category",
            "Observation.code",
            "Observation.component.code",
            "Observation.component.valueQuantity.unit",
            "Observation.component.valueQuantity.system",
            "Observation.component.valueQuantity.code",
            "Observation.valueQuantity.unit",
            "Observation.valueQuantity.system",
            "Observation.valueQuantity.code",
            "Observation.interpretation.coding.system",
        }
    ),
)
