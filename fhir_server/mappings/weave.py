"""Write a document anew without losing what others added to its resources. Pure.

A hospital may add an identifier or an element that the SOP does not know. The mapping tells what
it would have written for the resource as it stands (``base``); whatever else stands there is not
the SOP's to remove.
"""

from __future__ import annotations

from typing import Any


def weave(stands: Any, base: Any, new: Any) -> Any:
    """Put ``new`` in the place of ``base`` inside what stands there, keeping the rest."""
    if isinstance(stands, dict) and isinstance(base, dict) and isinstance(new, dict):
        return _objects(stands, base, new)
    if isinstance(stands, list) and isinstance(base, list) and isinstance(new, list):
        return _arrays(stands, base, new)
    return stands if new == base else new


def readdress(value: Any, homes: dict[str, str]) -> Any:
    """Let references lead to where the parts of a document really are: name → home."""
    if not homes:
        return value
    if isinstance(value, list):
        return [readdress(each, homes) for each in value]
    if isinstance(value, dict):
        return {
            key: homes.get(each, each)
            if key == "reference" and isinstance(each, str)
            else readdress(each, homes)
            for key, each in value.items()
        }
    return value


def _objects(stands: dict[str, Any], base: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    choices = {_choice(key) for key in new} - {None}
    kept = {
        key: value
        for key, value in stands.items()
        if key not in base and key not in new and _choice(key) not in choices
    }
    woven = {
        key: weave(stands[key], base[key], value) if key in stands and key in base else value
        for key, value in new.items()
    }
    return {**woven, **kept}


def _arrays(stands: list[Any], base: list[Any], new: list[Any]) -> list[Any]:
    left = list(stands)
    partners = _partners(base, new)
    found = [None if place is None else _take(left, base[place]) for place in partners]
    for place in set(range(len(base))).difference(partners):
        _take(left, base[place])
    woven = [
        value if place is None or old is None else weave(old, base[place], value)
        for value, place, old in zip(new, partners, found, strict=True)
    ]
    return woven + [each for each in left if each not in woven]


def _partners(base: list[Any], new: list[Any]) -> list[int | None]:
    """Say for each new item which one of ``base`` it continues: its equal, else in order."""
    free = list(range(len(base)))
    partners: list[int | None] = []
    for value in new:
        same = next((place for place in free if base[place] == value), None)
        if same is not None:
            free.remove(same)
        partners.append(same)
    return [free.pop(0) if place is None and free else place for place in partners]


def _take(left: list[Any], ours: Any) -> Any:
    """Take away the item that holds everything of ours, whatever else it holds."""
    found = next((each for each in left if _covers(each, ours)), None)
    if found is not None:
        left.remove(found)
    return found


def _covers(wide: Any, narrow: Any) -> bool:
    """Say whether everything of ``narrow`` stands in ``wide``."""
    if isinstance(wide, dict) and isinstance(narrow, dict):
        return all(key in wide and _covers(wide[key], value) for key, value in narrow.items())
    if isinstance(wide, list) and isinstance(narrow, list):
        return all(any(_covers(each, value) for each in wide) for value in narrow)
    return bool(wide == narrow)


def _choice(key: str) -> str | None:
    """Name the choice element a key belongs to: ``multipleBirth`` of ``multipleBirthInteger``."""
    for stem in ("value", "multipleBirth", "deceased", "effective", "onset", "occurrence"):
        if key.startswith(stem) and key != stem:
            return stem
    return None
