"""Holds what a principal was told against what the oracle and the twin say."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from tests.access.leaks.asking import DENIED, SOP, normal

WORD = re.compile(r"word-([A-Za-z]+)-([a-z0-9-]+?)-x(?![a-z0-9-])")
NEVER = "never-was-here"
OF_ONE = re.compile(r"p\d+")
"""Patients whose numbers nobody else has; a case of the mappings may be in a world twice."""

STAFF = {"area", "villages"}
"""Reaches that the SOP API answers."""


def judged(server, twin, world, seen, who, question):  # noqa: PLR0913, PLR0917
    """Ask both; True if there was something to compare."""
    said = server.ask(who.asks, question)
    told = f"{who.name} asked {question}, and was told {said.status} {said.text[:2000]}"
    expect_no_word(world, seen, question, said, told)
    expect_no_trace(server, world, seen, who, question, said)
    if question.url.startswith(SOP) and who.reach not in STAFF:
        assert said.status == 403, told
        return False
    same = twin.ask(question)
    if said.status in DENIED:
        assert same.status in DENIED or may_be_denied(who, question), (
            f"{told}\n\ninstead of {same.text[:3000]}"
        )
        return same.status in DENIED
    open_to_all = question.closed and is_limited(who) and said.status < 400
    assert not open_to_all, f"This is closed to who has limits: {told}"
    if question.closed:
        return False
    mine, other = (normal(each, question) for each in (said, same))
    assert alike(mine, other, who), f"{told}\n\ninstead of {same.text[:3000]}"
    return True


def expect_no_word(world, seen, question, said, told):
    """Find the words of what is hidden, and what only a hidden patient has, in an answer."""
    for word in set(WORD.findall(said.text)):
        key = f"{word[0]}/{word[1]}"
        hidden = key in world.resources and key not in seen
        assert not hidden or f"{word[0]}-{word[1]}" in question.words, f"{key} leaks: {told}"
    for key, each in world.of("Patient").items():
        shown = json.dumps(seen.get(key, {}))
        for value in _numbers(each):
            known = value in shown or value in question.words
            assert known or value not in said.text, f"{value} of {key} leaks: {told}"


def _numbers(patient):
    if not OF_ONE.fullmatch(patient["id"]):
        return []
    named = (*patient.get("identifier", ()), *patient.get("telecom", ()))
    return [each["value"] for each in named if len(each.get("value", "")) >= 10]


def expect_no_trace(server, world, seen, who, question, said):  # noqa: PLR0913, PLR0917
    """Ask the same of what never was: who may not see a thing must not see that it is there."""
    kind, _, identity = question.about.partition("/")
    if not identity or question.about in seen or question.about not in world.resources:
        return
    other = server.ask(who.asks, instead(question, identity))
    mine, theirs = (plainly(each, ids) for each, ids in ((said, (identity,)), (other, (NEVER,))))
    assert mine == theirs, (
        f"{who.name} sees by {question} that {kind}/{identity} is there:\n{mine}\n{theirs}"
    )


def renamed(text, identity, other):
    """Write another id for one, but not where it is part of a third; sentences may end by it."""
    ends = r"(?![A-Za-z0-9]|[.](?=[A-Za-z0-9.-])|-(?!x))"
    word = re.compile(rf"(?<![A-Za-z0-9.-]){re.escape(identity)}{ends}")
    return word.sub(other, text).replace(f"-{identity}-x", f"-{other}-x")


def instead(question, identity):
    """Ask the same of an id that was never given."""
    url, body = (renamed(each, identity, NEVER) for each in (question.url, question.body.decode()))
    return replace(
        question, url=url, body=body.encode(), headers=_renamed(question.headers, identity)
    )


def _renamed(headers, identity):
    return {name: value.replace(identity, NEVER) for name, value in headers.items()}


def plainly(said, ids):
    """Give an answer without the ids it was asked about and those that the server made."""
    text = said.text
    for each in ids:
        text = renamed(text, each, "ID")
    return said.status, MADE.sub("", text)


MADE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:.+Z-]+|[0-9a-z]{26}"
)
"""Ids and moments of the server, which differ from answer to answer."""


def alike(mine, other, who):
    """Compare answers; an entry of a Bundle may be denied to whoever may be denied the request."""
    if isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        excused = who.only or who.reach in {"tasks", "desk"}
        return all(m == o or (excused and m == "denied") for m, o in zip(mine, other, strict=True))
    return mine == other


def is_limited(who):
    return who.reach != "everything"


def may_be_denied(who, question):
    """Say who is refused a question about what they see: what no plain read or search asks.

    Who sees a part may not search by the rest, and who lacks a scope asks for nothing of a type.
    """
    if question.about and "$" not in question.url:
        return False
    return "$" in question.url or question.closed or who.only or who.reach in {"tasks", "desk"}
