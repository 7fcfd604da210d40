"""A small honest checker of our profiles: cardinality, fixed and pattern values, slices, required
bindings to our own value sets. Whatever else a profile may say is refused, not passed over.
"""

from __future__ import annotations

from functools import cache

from fhir_server.resources.profiles import load_profiles

KNOWN = {
    "id", "path", "short", "definition", "comment", "min", "max", "type", "binding", "slicing",
    "sliceName", "mustSupport", "requirements", "base", "label", "isSummary", "alias",
}  # fmt: skip


@cache
def loaded():
    """Every conformance resource by its canonical URL."""
    return {each["url"]: each for each in load_profiles() if "url" in each}


def check(resource, url):
    """Say everything in which a resource does not meet a profile."""
    profile = loaded().get(url)
    if profile is None:
        return [f"there is no profile {url}"]
    elements = {each["id"]: each for each in profile["differential"]["element"]}
    faults = []
    if resource.get("resourceType", "Extension") != profile["type"]:
        faults.append(f"{url} is a profile of {profile['type']}")
    for each in elements.values():
        if "." in each["id"]:
            faults += _element(resource, each, elements)
    return faults


def _element(resource, element, elements):
    unknown = [k for k in element if k not in KNOWN and not k.startswith(("fixed", "pattern"))]
    faults = [f"{element['id']}: the checker does not know {key}" for key in unknown]
    parent, _, _ = element["id"].rpartition(".")
    for node in _nodes(resource, parent, elements):
        found = _children(node, element["id"], elements)
        least, most = element.get("min", 0), element.get("max", "*")
        if len(found) < least or (most != "*" and len(found) > int(most)):
            faults.append(f"{element['id']}: {len(found)} found, {least}..{most} wanted")
        for value in found:
            faults += _value(value, element)
    return faults


def _value(value, element):
    for key, wanted in element.items():
        if key.startswith("fixed") and value != wanted:
            yield f"{element['id']}: {value!r} is not {wanted!r}"
        if key.startswith("pattern") and not _covers(value, wanted):
            yield f"{element['id']}: {value!r} does not fit {wanted!r}"
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and not _bound(value, binding["valueSet"]):
        yield f"{element['id']}: {value!r} is not in {binding['valueSet']}"
    for url in (url for kind in element.get("type", ()) for url in kind.get("profile", ())):
        if element["path"].endswith("xtension"):
            yield from check(value, url)


def _bound(value, url):
    value_set = loaded().get(url.partition("|")[0])
    if value_set is None:
        return False
    codes = set()
    for include in value_set["compose"]["include"]:
        concepts = include.get("concept") or loaded()[include["system"]]["concept"]
        codes |= {(include["system"], each["code"]) for each in concepts}
    if isinstance(value, str):
        return value in {code for _, code in codes}
    codings = value.get("coding", [value])
    return any((each.get("system"), each.get("code")) in codes for each in codings)


def _nodes(resource, element_id, elements):
    nodes = [resource]
    parts = element_id.split(".")
    for depth in range(1, len(parts)):
        path = ".".join(parts[: depth + 1])
        nodes = [child for node in nodes for child in _children(node, path, elements)]
    return nodes


def _children(node, element_id, elements):
    name, _, slice_name = element_id.rpartition(".")[2].partition(":")
    found = _named(node, name)
    if not slice_name:
        return found
    unsliced = element_id.rpartition(":")[0]
    rules = elements[unsliced]["slicing"]["discriminator"]
    return [each for each in found if all(_is_of(each, element_id, r, elements) for r in rules)]


def _named(node, name):
    if not isinstance(node, dict):
        return []
    if name.endswith("[x]"):
        stem = name[:-3]
        keys = [k for k in node if k.startswith(stem) and k[len(stem) : len(stem) + 1].isupper()]
    else:
        keys = [name]
    values = [node[key] for key in keys if key in node]
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


def _is_of(value, slice_id, discriminator, elements):
    path = discriminator["path"]
    values = [value]
    for part in path.split(".") if path != "$this" else ():
        values = [each for one in values for each in _named(one, part)]
    wanted = _wanted(slice_id, path, elements)
    return any(_covers(each, one) for each in values for one in wanted)


def _wanted(slice_id, path, elements):
    sliced = elements[slice_id]
    own = elements.get(slice_id if path == "$this" else f"{slice_id}.{path}", {})
    wanted = [v for k, v in own.items() if k.startswith(("fixed", "pattern"))]
    for kind in sliced.get("type", ()) if path == "url" else ():
        wanted += [url for url in kind.get("profile", ()) if url in loaded()]
    return wanted


def _covers(wide, narrow):
    if isinstance(narrow, dict) and isinstance(wide, dict):
        return all(key in wide and _covers(wide[key], value) for key, value in narrow.items())
    if isinstance(narrow, list) and isinstance(wide, list):
        return all(any(_covers(each, value) for each in wide) for value in narrow)
    return wide == narrow
