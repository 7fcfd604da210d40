"""A finished visit as one transaction: the visit, and what names it and can go with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat.payload import Known, Payload, bundle, within
from fhir_server.bridges.satusehat.render import ORDER, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fhir_server.bridges.satusehat.payload import Rendering, Request
    from fhir_server.delivery.target import Document, View

BY: Final = {"MedicationDispense": "context", "MedicationStatement": "context"}
ROUNDS: Final = 10


@dataclass(frozen=True)
class Whole:
    """The requests of one transaction, the visit's own first; and what each was made of."""

    requests: tuple[Request, ...]
    documents: dict[str, Document]

    @property
    def body(self) -> Document:
        """Write the transaction."""
        return bundle([Payload(self.requests)])


def gathered(
    encounter: Document, view: View, known: Known, wants: Callable[[Document], bool]
) -> Whole | Rendering:
    """Gather what can go with a visit; without the visit itself, what its rendering says."""
    documents = {_name(each): each for each in [encounter, *_naming(encounter, view, wants)]}
    fresh = {name: each for name, each in documents.items() if known.remote(name) is None}
    keys = set(fresh)
    for _ in range(ROUNDS):
        inside = within(known, keys)
        renderings = {name: render(each, inside) for name, each in fresh.items()}
        own = renderings[_name(encounter)]
        if not _goes(own):
            return own
        requests = [r for each in renderings.values() if _goes(each) for r in _requests(each)]
        found = {each.key for each in requests}
        if found == keys:
            return Whole(tuple(requests), documents)
        keys = found
    return own


def _naming(
    encounter: Document, view: View, wants: Callable[[Document], bool]
) -> Iterator[Document]:
    """Give what names the visit, in the order in which it would be sent."""
    name = _name(encounter)
    for kind in ORDER[ORDER.index("Encounter") + 1 :]:
        by = BY.get(kind, "encounter")
        if view.context.parameters.has(kind, by):
            yield from (each for each in view.find(kind, [(by, name)]) if wants(each))


def _goes(rendering: Rendering) -> bool:
    """Say whether a rendering is new to SATUSEHAT, and complete at once."""
    if not isinstance(rendering, Payload) or rendering.again:
        return False
    return all(each.method == "POST" for each in rendering.requests)


def _requests(rendering: Rendering) -> Sequence[Request]:
    return rendering.requests if isinstance(rendering, Payload) else ()


def _name(document: Document) -> str:
    return f"{document['resourceType']}/{document['id']}"


def ids(answer: dict[str, Any], requests: Sequence[Sequence[str]]) -> dict[str, str]:
    """Give the id of each key out of a transaction's answer, whose entries keep their order."""
    entries = [each.get("response", {}) for each in answer.get("entry", ())]
    if len(entries) != len(requests):
        return {}
    found = {key: _id(each) for (key, *_), each in zip(requests, entries, strict=True)}
    return {key: id for key, id in found.items() if id}


def _id(response: dict[str, Any]) -> str:
    given = str(response.get("resourceID", ""))
    parts = str(response.get("location", "")).split("/_history/")[0].split("/")
    return given or parts[-1]


def knowing(known: Known, there: dict[str, str]) -> Known:
    """Give what is known once these have their ids."""
    return Known(
        lambda key: there.get(key) or known.remote(key),
        known.local,
        known.referring,
        known.choices,
    )
