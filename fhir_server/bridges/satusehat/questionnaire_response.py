"""QuestionnaireResponse: their forms as they are; of our KSPR card the four "Terlalu" of Q0002."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.draft import day_of
from fhir_server.bridges.satusehat.ownership import local_name
from fhir_server.bridges.satusehat.visits import visit_reference

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

ELEMENTS: Final = ("questionnaire", "status", "subject", "authored", "author", "source", "item")
GROUP: Final = "Pemantauan & Pendampingan"
TERLALU: Final = {
    "2.1": "Terlalu muda usia melahirkan dibawah 21 tahun",
    "2.2": "Terlalu rapat jarak kelahiran (<2 tahun)",
    "2.3": "Terlalu tua (kehamilan diatas 35 tahun)",
    "2.4": "Terlalu sering melahirkan (anak>3)",
}
YOUNGEST, OLDEST, CHILDREN = 21, 35, 3
TWO_YEARS: Final = 730
CARD_CLOSE: Final = "f03"
"""The factor of the card: pregnant again within two years."""


def answers(draft: Draft) -> Rendering:
    """Write the answers to a form of SATUSEHAT."""
    found = draft.resource
    body = draft.body(found, ELEMENTS)
    if not str(found["questionnaire"]).startswith(c.QUESTIONNAIRE):
        body["questionnaire"] = c.Q0002
        body["item"] = [_terlalu(draft)]
    body["encounter"] = visit_reference(draft, found.get("encounter"), found.get("authored"))
    body.setdefault("source", body.get("subject"))
    system, value = draft.identified()
    body["identifier"] = {"system": system, "value": value}
    visit = str((body["encounter"] or {}).get("reference", "")).rpartition("/")[2]
    return draft.result(draft.request(body, (system, value), search=(("encounter", visit),)))


def _terlalu(draft: Draft) -> Json:
    """Answer the four questions from the facts of the card; what no fact says is not answered."""
    facts = _facts(draft.resource)
    judged = {
        "2.1": _compared(_age(draft, facts), lambda age: age < YOUNGEST),
        "2.2": _is_close(draft.resource, facts),
        "2.3": _compared(_age(draft, facts), lambda age: age > OLDEST),
        "2.4": _compared(facts.get("paritas"), lambda born: born > CHILDREN),
    }
    items = [
        {"linkId": number, "text": TERLALU[number], "answer": [{"valueBoolean": value}]}
        for number, value in judged.items()
        if value is not None
    ]
    if not items:
        draft.refuse("QuestionnaireResponse.item", "no fact on the card", "fakta pada kartu KSPR")
    return {"linkId": "2", "text": GROUP, "item": items}


def _compared(value: Any, judge: Any) -> bool | None:
    return None if value is None else bool(judge(value))


def _is_close(card: Json, facts: Json) -> bool | None:
    """Say whether the last birth was less than two years before this pregnancy began."""
    start, last = _answer(card, "hpht"), facts.get("persalinanTerakhir")
    if start and last:
        return (date.fromisoformat(start) - date.fromisoformat(last)).days < TWO_YEARS
    if CARD_CLOSE in _links(card):
        return True
    return False if facts.get("paritas") == 0 else None


def _age(draft: Draft, facts: Json) -> int | None:
    """Give the mother's age at the expected birth's year of judging, in whole years."""
    patient = draft.known.local(local_name(draft.resource.get("subject")) or "") or {}
    born = facts.get("tanggalLahir") or patient.get("birthDate")
    day = day_of(draft.resource.get("authored"))
    if not born or len(born) < 10 or day is None:
        return None
    birth = date.fromisoformat(born)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _facts(card: Json) -> Json:
    items = (each for each in card.get("item", ()) if each.get("linkId") == "fakta")
    group: Json = next(items, {})
    return {
        each["linkId"]: next(iter(answer.values()))
        for each in group.get("item", ())
        for answer in each.get("answer", ())[:1]
    }


def _answer(card: Json, link: str) -> Any:
    for each in card.get("item", ()):
        if each.get("linkId") == link and each.get("answer"):
            return next(iter(each["answer"][0].values()))
    return None


def _links(card: Json) -> set[str]:
    groups = (each.get("item", ()) for each in card.get("item", ()))
    return {each["linkId"] for group in groups for each in group if each.get("answer")}
