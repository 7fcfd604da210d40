"""The difference in what two payloads say; order, displays and ids do not count.

A payload becomes facts: path and value. Elements of a list are named by what tells them apart
(`statusHistory[finished].period.end`). A coding is its system and code, an identifier its system, a
reference its type, a time an instant, a number its value.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

SILENT = {"display", "unit", "meta", "id", "use", "fullUrl", "div"}
"""Not compared: displays, units and texts beside a coding label it, ids are the server's."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")
FACILITY = re.compile(r"/(\{\{Org_id\}\}|\d{6,})(?=/|$)")
LABELS = ("linkId", "url", "status", "op", "path")
CONCEPTS = ("code", "function", "type", "itemCodeableConcept", "condition")


def facts(payload):
    """Give what a payload says, each fact as often as it is said."""
    return Counter(_facts("", payload))


def differences(expected, written):
    """Give the facts that are missing (`-`) and those that are more (`+`): `sign path = value`."""
    wanted, found = facts(expected), facts(written)
    missing = [f"- {path} = {value}" for path, value in (wanted - found).elements()]
    return missing + [f"+ {path} = {value}" for path, value in (found - wanted).elements()]


def _facts(path, value):
    if isinstance(value, dict):
        yield from _object(path, value)
    elif isinstance(value, list):
        for each in value:
            yield from _facts(f"{path}{_label(each)}", each)
    elif value not in (None, ""):
        yield path, _plain(value)


def _object(path, value):
    if "system" in value and "code" in value and "value" not in value:
        yield path, f"{value['system']}|{value['code']}"
        return
    if "system" in value and "value" in value and path.split(".")[-1].startswith("identifier"):
        yield path, FACILITY.sub("/<org>", value["system"])
        return
    if "reference" in value:
        yield path, _kind(value["reference"])
        return
    labels = SILENT | {"text"} if value.get("coding") else SILENT
    for key, each in value.items():
        if key not in labels:
            yield from _facts(f"{path}.{key}" if path else key, each)


def _kind(reference):
    return "entry" if reference.startswith("urn:uuid:") else reference.split("/")[0]


def _label(each):
    if not isinstance(each, dict) or "reference" in each or "system" in each:
        return ""
    for key in LABELS:
        if isinstance(each.get(key), str):
            return f"[{each[key].rpartition('/')[2]}]"
    for key in CONCEPTS:
        codings = each[key].get("coding", ()) if isinstance(each.get(key), dict) else ()
        if codings:
            return f"[{codings[0].get('code')}]"
    return ""


def _plain(value):
    if isinstance(value, str) and INSTANT.match(value):
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).isoformat()
    if isinstance(value, bool | str):
        return value
    return Decimal(str(value)).normalize()
