"""ICD-10 as the WHO distributes it: one XML file in ClaML.

Where a category is subdivided by a modifier (E10 to E14: ``.0`` with coma …), its codes stand
nowhere in the file; they are made of both.

https://icd.who.int/browse10
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from fhir_server.commands.terminology.files import Unreadable, one
from fhir_server.commands.terminology.reading import Distribution, known
from fhir_server.commands.terminology.table import ICD10
from fhir_server.resources.terminology.concepts import Concept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fhir_server.commands.terminology.files import File

CLASSES = {"Class", "ModifierClass"}


@dataclass(slots=True)
class Entry:
    """One Class or ModifierClass, as far as it is needed."""

    code: str
    kind: str
    modifier: str = ""
    above: list[str] = field(default_factory=list)
    below: int = 0
    modified_by: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=list)


def read(path: Path, *, version: str = "") -> Distribution:
    """Read the classification; about twelve thousand classes, so they are kept meanwhile."""
    file = one(path, "*.xml", "*.claml", "*.xml.gz")
    parser = _Parser(file)
    entries = {each.code: each for each in parser.entries if not each.modifier}
    if not entries:
        raise Unreadable(f"{file.name} has no Class: it is no classification in ClaML.")
    modifiers: dict[str, list[Entry]] = defaultdict(list)
    for each in parser.entries:
        if each.modifier:
            modifiers[each.modifier].append(each)
    made = [
        _modified(one, part) for one in entries.values() for part in _parts(one, entries, modifiers)
    ]
    entries |= {each.code: each for each in made if each.code not in entries}
    parents = known({code: tuple(each.above) for code, each in entries.items()})

    def concepts() -> Iterator[Concept]:
        return (_concept(each, parents[code]) for code, each in entries.items())

    return Distribution(ICD10, version or parser.version, "ICD-10", parents, concepts)


def _parts(
    entry: Entry, entries: dict[str, Entry], modifiers: dict[str, list[Entry]]
) -> Iterator[Entry]:
    """Give the parts that subdivide a category: by its own modifiers, or those above it."""
    if entry.kind != "category":
        return
    for name in entry.modified_by:
        yield from modifiers[name]
    if "." in entry.code or entry.below:
        return
    for name in _inherited(entry, entries):
        yield from (part for part in modifiers[name] if part.code.startswith("."))


def _inherited(entry: Entry, entries: dict[str, Entry]) -> list[str]:
    found: dict[str, None] = {}
    excluded = {*entry.excluded, *entry.modified_by}
    seen: set[str] = set()
    waiting = list(entry.above)
    while waiting:
        above = entries.get(waiting.pop())
        if above is not None and above.code not in seen:
            seen.add(above.code)
            excluded |= {*above.excluded}
            found |= dict.fromkeys(each for each in above.modified_by if each not in excluded)
            waiting.extend(above.above)
    return list(found)


def _modified(entry: Entry, part: Entry) -> Entry:
    others = dict(part.names)
    names = [
        (language, f"{name}, {others[language]}")
        for language, name in entry.names
        if language in others
    ]
    suffix = part.code if "." not in entry.code else part.code.lstrip(".")
    return Entry(f"{entry.code}{suffix}", "category", above=[entry.code], names=names)


def _concept(entry: Entry, above: tuple[str, ...]) -> Concept:
    names = dict(reversed(entry.names))
    language = "en" if "en" in names or not names else entry.names[0][0]
    return Concept(
        code=entry.code,
        display=names.get(language, ""),
        parents=above,
        designations=tuple(
            {"language": each, "value": name} for each, name in names.items() if each != language
        ),
        properties=({"code": "kind", "valueCode": entry.kind},),
        abstract=entry.kind in {"chapter", "block"},
    )


class _Parser:
    """Reads the file in one go, without holding its tree; entities of its own are refused."""

    def __init__(self, file: File) -> None:
        self.entries: list[Entry] = []
        self.version = ""
        self._entry: Entry | None = None
        self._language = ""
        self._is_preferred = False
        self._text: list[str] | None = None
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._refuse
        self._name = file.name
        with file.binary() as binary:
            try:
                parser.ParseFile(binary)
            except expat.ExpatError as error:
                raise Unreadable(f"{file.name} is not XML: {error}.") from None

    def _refuse(self, *_: object) -> None:
        raise Unreadable(f"{self._name} declares entities, which a classification has not.")

    def _start(self, name: str, given: dict[str, str]) -> None:
        entry = self._entry
        if name in CLASSES:
            modifier = given.get("modifier", "") if name == "ModifierClass" else ""
            self._entry = Entry(given.get("code", ""), given.get("kind", "category"), modifier)
        elif name == "Title":
            self.version = given.get("version", "")
        elif entry is not None:
            self._inside(entry, name, given)

    def _inside(self, entry: Entry, name: str, given: dict[str, str]) -> None:
        code = given.get("code", "")
        if name == "SuperClass":
            entry.above.append(code)
        elif name == "SubClass":
            entry.below += 1
        elif name == "ModifiedBy":
            entry.modified_by.append(code)
        elif name == "ExcludeModifier":
            entry.excluded.append(code)
        elif name == "Rubric":
            self._is_preferred = given.get("kind") == "preferred"
        elif name == "Label" and self._is_preferred:
            self._language = given.get("xml:lang", "en")
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        entry = self._entry
        if entry is None:
            return
        if name == "Label" and self._text is not None:
            entry.names.append((self._language, " ".join("".join(self._text).split())))
            self._text = None
        elif name == "Rubric":
            self._is_preferred = False
        elif name in CLASSES:
            if entry.code:
                self.entries.append(entry)
            self._entry = None
