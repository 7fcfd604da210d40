"""SATUSEHAT as a target of the delivery engine: what is sent, and what its answers mean."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fhir_server.bridges.satusehat import finding
from fhir_server.bridges.satusehat.answers import (
    accepted,
    adopted,
    answer_to,
    looked_up,
    refused,
    registered,
    settled,
    without_token,
)
from fhir_server.bridges.satusehat.choices import Choices
from fhir_server.bridges.satusehat.connection import Address, Connection
from fhir_server.bridges.satusehat.login import NoToken
from fhir_server.bridges.satusehat.meaning import Kind, meaning
from fhir_server.bridges.satusehat.payload import (
    Known,
    LookUp,
    NotWanted,
    Payload,
    Request,
    Waiting,
)
from fhir_server.bridges.satusehat.referral_road import Road
from fhir_server.bridges.satusehat.render import TYPES, render
from fhir_server.bridges.satusehat.wanted import unwanted
from fhir_server.bridges.satusehat.whole_visit import Whole, gathered, ids, knowing
from fhir_server.delivery.carrying import digest
from fhir_server.delivery.target import (
    Accepted,
    Later,
    Nothing,
    Pace,
    Parcel,
    Refused,
    Rendered,
    Wait,
)
from fhir_server.mappings.dibaca import PREFIX, is_read
from fhir_server.store.progress import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.bridges.satusehat.payload import Rendering
    from fhir_server.config import Settings
    from fhir_server.delivery.target import Answer, Document, Reference, Resource, View

MaybeAnswer = TypeVar("MaybeAnswer", bound="Answer | None")
NAME: Final = "satusehat"
NOT_THERE: Final = "["
"""Begins what a dry run gives in the place of an id that is not there yet."""
WHOLE: Final = ""
"""The path of a transaction: the base itself."""
UNFINISHED: Final = "goes as a whole when it is finished (FHIR_SATUSEHAT_BUNDLE)"


class Satusehat:
    """The national platform. One object per process: its token and its connections are shared."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.choices = Choices.from_settings(settings)
        self.connection = connection
        self.pace = Pace(
            rate=settings.satusehat_rate,
            connections=settings.satusehat_connections,
            first=settings.satusehat_pause,
            longest=settings.satusehat_longest_pause,
        )
        self.name = NAME
        self.every_version = False
        self.in_bundles = settings.satusehat_bundle
        self.road = Road(NAME, self.choices.organization, connection, self.pace.first)
        self._single: set[str] = set()
        self._last = threading.local()

    def wants(self, document: Document) -> bool:
        """Take the types SATUSEHAT has a place for; the rest is decided when it is rendered."""
        return document["resourceType"] in TYPES and unwanted(document, self.choices) is None

    def needs(self, resource: Resource, view: View) -> Sequence[Reference] | Nothing | Refused:
        """Name what a resource refers to that has no id there yet."""
        rendering = self._render(resource, view)
        self._last.rendering = (resource.reference, resource.version, rendering)
        if isinstance(rendering, Waiting):
            return rendering.references
        return settled(rendering) or ()

    def render(self, resource: Resource, view: View) -> Rendered | Nothing | Refused | Wait:
        """Write the requests of a resource, with the ids there in the place of ours."""
        if self._goes_whole(resource, view):
            return self._rendered_whole(resource, view)
        rendering = self._rendered_before(resource) or self._render(resource, view)
        if isinstance(rendering, Waiting):
            return Wait(rendering.references)
        ended = settled(rendering)
        if ended is not None:
            return ended
        if isinstance(rendering, LookUp):
            return Rendered((_looking(rendering),))
        assert isinstance(rendering, Payload)  # noqa: S101 - the last of the renderings
        parcels = tuple(_parcel(each, resource.reference) for each in rendering.requests)
        return Rendered(parcels, again=rendering.again)

    def _goes_whole(self, resource: Resource, view: View) -> bool:
        """Say whether a visit is to go with all that names it, once."""
        return (
            self.in_bundles
            and resource.resource_type == "Encounter"
            and resource.document is not None
            and resource.reference not in self._single
            and self.known(view, resource.reference).remote(resource.reference) is None
        )

    def _rendered_whole(
        self, resource: Resource, view: View
    ) -> Rendered | Nothing | Refused | Wait:
        document = resource.document or {}
        if document.get("status") not in {"finished", "cancelled", "entered-in-error"}:
            return Wait((), UNFINISHED)
        known = self.known(view, resource.reference)
        found = gathered(document, view, known, self.wants)
        if isinstance(found, Whole):
            return Rendered((_whole_parcel(found),))
        if isinstance(found, Waiting):
            return Wait(found.references)
        return settled(found) or Wait((), UNFINISHED)

    def find(self, parcel: Parcel, view: View) -> Answer | None:
        """Look whether a request that was not answered has been done."""
        try:
            if parcel.note.get("step"):
                return self._paced(self.road.find(parcel, view))
            if parcel.path == WHOLE:
                return self._paced(self._found_whole(parcel, view))
            if parcel.method == "PATCH":
                return self._paced(self._patched(parcel))
            if parcel.method == "POST":
                return self._paced(self._posted(_request(parcel)))
        except NoToken as missing:
            return without_token(missing)
        return None  # a PUT or GET may be done twice

    def send(self, parcel: Parcel, view: View) -> Answer:
        """Send one request and say what became of it."""
        try:
            if parcel.note.get("step"):
                return self._paced(self.road.send(parcel, view))
            if parcel.path == WHOLE:
                return self._paced(self._send_whole(parcel, view))
            return self._paced(self._sent(parcel))
        except NoToken as missing:
            return without_token(missing)

    def _sent(self, parcel: Parcel) -> Answer:
        if parcel.note.get("lookup"):
            return self._look_up(parcel)
        if parcel.method == "POST" and parcel.path == "EpisodeOfCare":
            return self._open_episode(parcel)
        if parcel.method == "POST" and self.in_bundles:  # it may have gone with its visit
            return self._posted(_request(parcel)) or self._send(parcel)
        return self._send(parcel)

    def _paced(self, answer: MaybeAnswer) -> MaybeAnswer:
        """Leave SATUSEHAT alone for a moment after 429, with which it says no more."""
        if isinstance(answer, Later) and not answer.counts and answer.seconds is None:
            return replace(answer, seconds=2 * self.pace.first)
        return answer

    def _render(self, resource: Resource, view: View) -> Rendering:
        if resource.document is None:
            return NotWanted("deleted here; SATUSEHAT deletes nothing")
        return render(resource.document, self.known(view, resource.reference))

    def known(self, view: View, own: Reference = "") -> Known:
        """Say where a rendering gets what it asks for."""

        def remote(key: str) -> str | None:
            found = read_id(view, key) or view.remote(*_split(key))
            return None if found and found[0] == NOT_THERE and _split(key)[0] == own else found

        return Known(
            remote=remote,
            local=view.read,
            referring=lambda kind, name, target: view.find(kind, [(name, target)]),
            choices=self.choices,
        )

    def _rendered_before(self, resource: Resource) -> Rendering | None:
        """Give what ``needs`` rendered just now in this thread, once: nothing has changed since."""
        name, version, rendering = getattr(self._last, "rendering", ("", 0, None))
        self._last.rendering = ("", 0, None)
        same = (name, version) == (resource.reference, resource.version)
        return rendering if same and isinstance(rendering, (Payload, LookUp)) else None

    def _send(self, parcel: Parcel) -> Answer:
        said = self.connection.ask(parcel.method, _path(parcel), parcel.body)
        found = meaning(said)
        if found.kind is Kind.DONE:
            return accepted(parcel, said)
        if found.kind is Kind.DUPLICATE and parcel.method == "POST":
            return self._posted(_request(parcel)) or refused(found, "20002")
        if found.kind is Kind.ACTIVE_EPISODE and parcel.method == "POST":
            return self._episode_of_others(_request(parcel)) or refused(found, "10110")
        return answer_to(found, said, parcel.method)

    def _send_whole(self, parcel: Parcel, view: View) -> Answer:
        """Send a transaction; one that is not taken goes one by one, so that one thing is wrong."""
        said = self.connection.ask("POST", WHOLE, parcel.body)
        found = meaning(said)
        entries = parcel.note["entries"]
        if found.kind is Kind.DONE:
            there = ids(said.document, entries)
            if len(there) < len(entries):
                return Later(f"HTTP {said.status} without all ids", unknown=True)
            return self._landed_whole(there, entries[0][0], view)
        if found.kind in {Kind.REFUSED, Kind.DUPLICATE, Kind.FORBIDDEN, Kind.ACTIVE_EPISODE}:
            self._single.add(entries[0][0])
            return Later(f"goes one by one: {found.reason}", counts=False, alone=True)
        return answer_to(found, said, "POST")

    def _found_whole(self, parcel: Parcel, view: View) -> Answer | None:
        """Look for a transaction that was not answered: if its visit is there, all of it is."""
        entries = parcel.note["entries"]
        there: dict[str, str] = {}
        for key, kind, system, value in entries:
            asked = Request("POST", kind, None, key, (system, value))
            found = finding.marked(self.connection, asked)
            if found.refusal is not None:
                return answer_to(found.refusal, None, "GET")
            if found.resources:
                there[key] = str(found.resources[0]["id"])
            elif key == entries[0][0]:
                return None
        return self._landed_whole(there, entries[0][0], view)

    def _landed_whole(self, there: dict[str, str], own: str, view: View) -> Answer:
        """Keep the ids of all that went with a visit."""
        known = knowing(self.known(view), there)
        parts: dict[Reference, list[Part]] = {}
        for key, remote in there.items():
            name, part = _split(key)
            if key != own:
                parts.setdefault(name, []).append(Part(part, remote, _mark(name, part, known)))
        store = view.context.store
        stored = [each for name in parts if (each := store.read(*name.split("/", 1)))]
        versions = [(e.resource_type, e.id, e.version, e.moment) for e in stored]
        store.dispatches.enqueue(self.name, versions)
        store.dispatches.note(self.name, parts)
        return Accepted(there[own])

    def _open_episode(self, parcel: Parcel) -> Answer:
        """Adopt an episode that is active there, whoever opened it; else open one."""
        request = _request(parcel)
        there = self._posted(request) or self._episode_of_others(request)
        return there or self._send(parcel)

    def _posted(self, request: Request) -> Answer | None:
        if request.type == "Patient":
            return registered(finding.newborns(self.connection, request), request.body)
        return adopted(finding.marked(self.connection, request), request.body)

    def _episode_of_others(self, request: Request) -> Answer | None:
        if request.body.get("status") != "active":
            return None
        return adopted(finding.active_episode(self.connection, request), request.body)

    def _patched(self, parcel: Parcel) -> Answer | None:
        said = self.connection.ask("GET", _path(parcel))
        found = meaning(said)
        if found.kind is not Kind.DONE:
            return answer_to(found, said, "GET")
        operations = parcel.body if isinstance(parcel.body, list) else []
        done = finding.same_after(operations, said.document)
        return Accepted(str(parcel.remote), adopted=True) if done else None

    def _look_up(self, parcel: Parcel) -> Answer:
        search = [(name, value) for name, value in parcel.note["search"]]
        return looked_up(finding.hits(self.connection, parcel.path, search))


def make(settings: Settings) -> Satusehat | None:
    """Make the target when the operator gave our number there; wrong settings raise ValueError."""
    if not settings.satusehat_organization:
        return None
    return Satusehat(settings, Connection(Address.from_settings(settings)))


def read_id(view: View, key: str) -> str | None:
    """Give the id there of what was read from there: a visit that came of a referral names it."""
    if not key.partition("/")[2].startswith(PREFIX):
        return None
    document = view.read(key)
    if document is None or not is_read(document):
        return None
    return str(document["meta"].get("source", "")).rpartition("/")[2] or None


def _split(key: str) -> tuple[Reference, str]:
    name, _, part = key.partition("#")
    return name, part


def _parcel(request: Request, reference: Reference) -> Parcel:
    name, part = _split(request.key)
    key = part if name == reference else request.key
    note: dict[str, Any] = {"search": [list(each) for each in request.search]}
    if request.identifier is not None:
        note["identifier"] = list(request.identifier)
    if request.step:
        note |= {"step": request.step, "of": reference}
    return Parcel(request.method, request.type, request.body, key, note=note, remote=request.remote)


def _whole_parcel(whole: Whole) -> Parcel:
    entries = [[e.key, e.type, *(e.identifier or ("", ""))] for e in whole.requests]
    return Parcel("POST", WHOLE, whole.body, note={"entries": entries})


def _mark(name: Reference, part: str, known: Known) -> str:
    """Sum up what an update would say now, so that it is not sent as long as nothing changes."""
    document = known.local(name)
    rendering = render(document, known) if document else None
    requests = rendering.requests if isinstance(rendering, Payload) else ()
    parcels = [_parcel(each, name) for each in requests]
    return next((digest(each) for each in parcels if each.key == part), "")


def _looking(asked: LookUp) -> Parcel:
    note = {"lookup": True, "search": [list(each) for each in asked.search]}
    return Parcel("GET", asked.type, note=note)


def _request(parcel: Parcel) -> Request:
    identifier = parcel.note.get("identifier")
    return Request(
        parcel.method,
        parcel.path,
        parcel.body,
        parcel.key,
        (str(identifier[0]), str(identifier[1])) if identifier else None,
        parcel.remote,
        tuple((str(name), str(value)) for name, value in parcel.note.get("search", ())),
    )


def _path(parcel: Parcel) -> str:
    return parcel.path if parcel.method == "POST" else f"{parcel.path}/{parcel.remote}"
