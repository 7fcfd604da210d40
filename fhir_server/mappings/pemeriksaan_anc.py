"""PemeriksaanANC as a panel Observation, its members, and one Procedure a topic of counselling.

https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, fixed, r4b
from fhir_server.mappings.codes import LOINC, SNOMED, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.encounter_lab import visit
from fhir_server.mappings.episode_kehamilan import CLINICAL_TERM, quantity
from fhir_server.mappings.kontak_kia import tied, turn
from fhir_server.mappings.ukur import (
    CONSTANTS,
    ROLES,
    Taken,
    about,
    age_of,
    measured,
    members,
    number_of,
    observed,
    pregnancy_of,
    read_meanings,
    read_measured,
)
from fhir_server.sop.pemeriksaan_anc import lengkap
from fhir_server.sop.sepuluh_t import SEPULUH_T, ButirT

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.pemeriksaan_anc import PemeriksaanANC
    from fhir_server.store.ops import Condition

OBSERVASI, SEPULUH = code_system("observasi-lokal"), code_system("sepuluh-t")
STATUS_TD, TOPIK = code_system("status-td"), code_system("topik-konseling")
PRESENTASI, KEPALA_PAP = code_system("letak-janin"), code_system("kepala-pap")
EPISODE_URL: Final = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"
PANEL: Final = (OBSERVASI, "pemeriksaan-anc", "Pemeriksaan ANC")
LABORATORY: Final = f"{SNOMED}|108252007"
EDUCATION: Final = ("409073007", "Education")
NO_COUNSEL: Final = "tanpa-konseling"
QUANTITIES: Final = {
    "tfu": ("tfu", (LOINC, "11881-0", "Uterus Fundal height Tape measure"), "cm"),
    "djj": ("djj", (LOINC, "55283-6", "Fetal Heart rate"), "{beats}/min"),
    "tbj": ("tbj", (LOINC, "89087-1", "Fetal Body weight Estimated"), "g"),
    "tablet-fe": ("tabletFe", (OBSERVASI, "tablet-tambah-darah", "Tablet tambah darah"), "{tbl}"),
}
CHOICES: Final = {
    "presentasi": (
        (LOINC, "72155-5", "Position in womb Fetus [RHEA]"),
        PRESENTASI,
        {"kepala": "1209182005", "sungsang": "6096002", "lintang": "288203005"},
    ),
    "kepala-pap": (
        (SNOMED, "249111004", "Engagement of head"),
        KEPALA_PAP,
        {"masuk": "249112006", "belum-masuk": "62098001"},
    ),
    "status-td": ((OBSERVASI, "status-td", "Status imunisasi tetanus"), STATUS_TD, {}),
}
FIELDS: Final = {
    "presentasi": "presentasi",
    "kepala-pap": "kepalaPap",
    "status-td": "statusTd",
}
NUMBER_OF_FETUSES: Final = (SNOMED, "246435002", "Number of fetuses")
OEDEMA: Final = (SNOMED, "267038008", "Edema")
AGE: Final = (LOINC, "18185-9", "Gestational age")
TRIMESTER: Final = (LOINC, "32418-6", "Obstetric trimester Stated")
TOPICS: Final = {
    "tanda-bahaya": (CLINICAL_TERM, "ED000008"),
    "imd-asi": (CLINICAL_TERM, "ED000009"),
    "phbs": (CLINICAL_TERM, "ED000010"),
    "kb-pascasalin": (CLINICAL_TERM, "ED000011"),
    "gizi": (SNOMED, "61310001"),
    "lainnya": (CLINICAL_TERM, "ED000012"),
}
TEXTS: Final = {"keluhan": "keluhan", "tata-laksana": "tataLaksana"}
COUNSEL: Final = "konseling-"


def to_fhir(anc: PemeriksaanANC, document_id: str) -> Resources:
    """Write the examination; what was not looked at has no Observation."""
    taken = Taken(anc.pasien, anc.kunjungan, anc.waktu, anc.pemeriksa, anc.status, anc.penanda)
    found = {} if anc.hasil is None else measured(anc.hasil, taken)
    found |= {
        role: observed(role, code, taken, "exam", valueQuantity=quantity(value, unit))
        for role, (field, code, unit) in QUANTITIES.items()
        if (value := getattr(anc, field)) is not None
    }
    found |= {
        role: observed(role, code, taken, "exam", valueCodeableConcept=_choice(role, value))
        for role, (code, _, _) in CHOICES.items()
        if (value := getattr(anc, FIELDS[role])) is not None
    }
    found |= _plain(anc, taken)
    panel = observed(
        "",
        PANEL,
        taken,
        "exam",
        extension=several(_episode(anc)),
        hasMember=members(document_id, found),
        component=_components(anc) or None,
    )
    return {"": panel, **found, **_counselling(anc)}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read the examination from the panel's members."""
    panel = resources[""]
    refused = resources.get(NO_COUNSEL, {}).get("statusReason", {})
    return {
        **about(panel),
        "waktu": instant_of(panel.get("effectiveDateTime")),
        "episode": id_of((extension_of(panel, EPISODE_URL) or {}).get("valueReference")),
        "hasil": read_measured(resources),
        **{field: _number(resources, role) for role, (field, _, _) in QUANTITIES.items()},
        **{FIELDS[role]: _chosen(resources, role) for role in CHOICES},
        "jumlahJanin": resources.get("jumlah-janin", {}).get("valueInteger"),
        "bengkak": resources.get("bengkak", {}).get("valueBoolean"),
        **_age(resources),
        "trimester": resources.get("trimester", {}).get("valueInteger"),
        "konseling": tuple(e for e in TOPICS if f"{COUNSEL}{e}" in resources),
        "alasanTanpaKonseling": refused.get("text"),
        "penanda": read_meanings(resources),
        **_read_components(panel),
    }


def complete(
    anc: PemeriksaanANC, _before: Table[str, Any] | None, reader: Reader
) -> tuple[PemeriksaanANC, tuple[Condition, ...]]:
    """Find visit and pregnancy, and count what follows from them."""
    encounter, episode = visit(reader, anc.kunjungan, anc.pasien), _pregnancy(anc, reader)
    hpht = day_of(episode.get("period", {}).get("start"))
    if hpht is None or anc.waktu.date() < hpht:
        raise Invalid([_wrong("episode", "HPHT kosong atau sesudah pemeriksaan", "no HPHT before")])
    pairs = [("encounter", f"Encounter/{anc.kunjungan}"), ("category", LABORATORY)]
    lab = any(e.get("status") != "entered-in-error" for e in reader.find("ServiceRequest", pairs))
    age = age_of(reader, anc.pasien, anc.waktu.date())
    whole = lengkap(replace(anc, episode=episode["id"]), hpht, age, lab=lab)
    return whole, () if encounter.get("episodeOfCare") else (turn(episode, reader),)


def amend(anc: PemeriksaanANC, _id: str, reader: Reader) -> dict[str, Document]:
    """Tie the visit to the pregnancy where nobody did: an examination makes it a contact."""
    encounter = reader.read(f"Encounter/{anc.kunjungan}")
    episode = reader.read(f"EpisodeOfCare/{anc.episode}")
    if encounter is None or episode is None:
        return {}
    made = tied(encounter, episode, anc.waktu.date(), reader)
    return {} if made is None else {f"Encounter/{anc.kunjungan}": made}


def _pregnancy(anc: PemeriksaanANC, reader: Reader) -> Document:
    if anc.episode is None:
        found = pregnancy_of(reader, anc.pasien)
    else:
        found = reader.read(f"EpisodeOfCare/{anc.episode}")
    if found is None:
        says = f"tidak ada episode kehamilan {anc.episode or 'yang berjalan'}; catat dahulu"
        raise Invalid([_wrong("episode", says, "there is no such pregnancy; record it first")])
    if id_of(found.get("patient"), "Patient") != anc.pasien:
        raise Invalid([_wrong("episode", "milik pasien lain", "of another patient")])
    return found


def _plain(anc: PemeriksaanANC, taken: Taken) -> dict[str, Any]:
    age = None
    if anc.usiaMinggu is not None:
        days = Decimal(anc.usiaMinggu * 7 + (anc.usiaHari or 0))
        weeks = (days / 7).quantize(Decimal("0.01"), ROUND_HALF_UP)
        age = quantity(weeks, "wk")
    values = {
        "jumlah-janin": (NUMBER_OF_FETUSES, "exam", "valueInteger", anc.jumlahJanin),
        "bengkak": (OEDEMA, "exam", "valueBoolean", anc.bengkak),
        "usia-hamil": (AGE, "survey", "valueQuantity", age),
        "trimester": (TRIMESTER, "survey", "valueInteger", anc.trimester),
    }
    return {
        role: observed(role, code, taken, category, **{element: value})
        for role, (code, category, element, value) in values.items()
        if value is not None
    }


def _choice(role: str, value: str) -> Any:
    _, own, sct = CHOICES[role]
    codings = [r4b.Coding(system=SNOMED, code=sct[value])] if value in sct else []
    return r4b.CodeableConcept(coding=[*codings, r4b.Coding(system=own, code=value)])


def _chosen(resources: Table[str, Document], role: str) -> str | None:
    _, own, sct = CHOICES[role]
    found = resources.get(role, {}).get("valueCodeableConcept")
    code = code_of(found, SNOMED)
    return code_of(found, own) or next((v for v, each in sct.items() if each == code), None)


def _number(resources: Table[str, Document], role: str) -> Any:
    value = number_of(resources.get(role))
    return value if value is None or role == "tfu" else int(value)


def _age(resources: Table[str, Document]) -> dict[str, Any]:
    weeks = number_of(resources.get("usia-hamil"))
    if weeks is None:
        return {}
    minggu, hari = divmod(round(weeks * 7), 7)
    return {"usiaMinggu": minggu, "usiaHari": hari}


def _components(anc: PemeriksaanANC) -> list[Any]:
    done = [
        {
            "code": concept(SEPULUH, each.kode, SEPULUH_T[each.kode]),
            "valueBoolean": each.dilakukan,
        }
        for each in anc.sepuluhT
    ]
    said = [
        {"code": concept(OBSERVASI, code), "valueString": text}
        for code, field in TEXTS.items()
        if (text := getattr(anc, field)) is not None
    ]
    return [*done, *said]


def _read_components(panel: Document) -> dict[str, Any]:
    done, said = [], {}
    for each in panel.get("component", ()):
        part, text = code_of(each.get("code"), SEPULUH), code_of(each.get("code"), OBSERVASI)
        if part in SEPULUH_T and "valueBoolean" in each:
            done.append(ButirT(kode=part, dilakukan=each["valueBoolean"]))  # type: ignore[arg-type]
        elif text in TEXTS:
            said[TEXTS[text]] = each.get("valueString")
    return {"sepuluhT": tuple(done), **said}


def _counselling(anc: PemeriksaanANC) -> dict[str, Any]:
    given = {
        f"{COUNSEL}{each}": _talk(anc, "completed", TOPICS[each], own=each)
        for each in anc.konseling
    }
    if anc.alasanTanpaKonseling is not None:
        given[NO_COUNSEL] = _talk(anc, "not-done", (SNOMED, EDUCATION[0]))
    return given


def _talk(anc: PemeriksaanANC, status: str, code: tuple[str, str], own: str | None = None) -> Any:
    """Write one topic of counselling, or that there was none and why."""
    why = anc.alasanTanpaKonseling if status == "not-done" else None
    codings = [r4b.Coding(system=code[0], code=code[1])]
    if own is not None:
        codings.append(r4b.Coding(system=TOPIK, code=own))
    return r4b.Procedure(
        status="entered-in-error" if anc.status == "salah-entri" else status,
        statusReason=r4b.CodeableConcept(text=why) if why else None,
        category=concept(SNOMED, *EDUCATION),
        code=r4b.CodeableConcept(coding=codings),
        subject=reference("Patient", anc.pasien),
        encounter=reference("Encounter", anc.kunjungan),
        performedDateTime=anc.waktu,
        performer=[{"actor": reference("PractitionerRole", anc.pemeriksa)}],
    )


def _episode(anc: PemeriksaanANC) -> Any:
    found = reference("EpisodeOfCare", anc.episode)
    return found and r4b.Extension(url=EPISODE_URL, valueReference=found)


def _wrong(field: str, says: str, english: str) -> Issue:
    return Issue("value", f"{field}: {english}. / {says}.", field, indonesian=f"{field}: {says}.")


OBSERVED: Final = (
    *ROLES, *QUANTITIES, *CHOICES, "jumlah-janin", "bengkak", "usia-hamil", "trimester"
)  # fmt: skip
TALKS: Final = (*(f"{COUNSEL}{each}" for each in TOPICS), NO_COUNSEL)

MAPPING = Mapping(
    resource_type="Observation",
    profile="PemeriksaanANC",
    profiles={
        "tekanan-darah": "TekananDarah",
        **dict.fromkeys(TALKS, "KonselingANC"),
        "Observation": "ObservasiANC",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(**dict.fromkeys(OBSERVED, "Observation"), **dict.fromkeys(TALKS, "Procedure")),
    complete=complete,
    amend=amend,
    criteria=(("code", "|".join(PANEL[:2])),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "waktu": "date",
    },
    constants=CONSTANTS
    | {
        "Observation.extension.url",
        "Observation.valueCodeableConcept.coding.system",
        "Procedure.status",
        "Procedure.category",
        "Procedure.code.coding.system",
        "Procedure.code",
    },
)
