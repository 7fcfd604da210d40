"""A target that keeps what it is sent in memory, and fails as a test says."""

# ruff: noqa: ARG002 -- the interface of a target

from __future__ import annotations

import itertools
import threading

from fhir_server.delivery.target import Accepted, Later, Pace, Parcel, Rendered
from fhir_server.resources.references import referred


class Fake:
    """Accepts POST and PUT; ``answers`` are given first, one to each request."""

    def __init__(self, name="fake", types=("Patient", "Encounter"), *, every_version=False, **pace):
        self.name = name
        self.types = types
        self.every_version = every_version
        self.pace = Pace(**({"connections": 3, "first": 0.0, "longest": 0.0} | pace))
        self.answers = []
        self.there = {}
        self.sent = []
        self.found = []
        self.lands = True
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def wants(self, document):
        return document["resourceType"] in self.types

    def needs(self, resource, view):
        return [each for each in referred(resource.document) if each != resource.reference]

    def render(self, resource, view):
        if resource.document is None:
            return Rendered((Parcel("DELETE", resource.reference),))
        refs = {each: view.remote(each) for each in referred(resource.document)}
        body = {"of": resource.reference, "version": resource.version, "refs": refs}
        return Rendered((Parcel("POST", resource.resource_type, body),))

    def find(self, parcel, view):
        with self._lock:
            self.found.append(parcel.path)
            for remote, body in self.there.items():
                if body["of"] == parcel.body["of"]:
                    same = body["version"] == parcel.body["version"]
                    return Accepted(remote, adopted=True, same=same)
        return None

    def send(self, parcel, view):
        with self._lock:
            answer = self.answers.pop(0) if self.answers else None
            unknown = isinstance(answer, Later) and answer.unknown
            if answer is not None and not (unknown and self.lands):
                return answer
            self.sent.append((parcel.method, parcel.path, parcel.body))
            if parcel.method == "DELETE":
                self.there.pop(parcel.remote)
                return Accepted(parcel.remote)
            remote = parcel.remote or f"r{next(self._numbers)}"
            self.there[remote] = parcel.body
            return answer or Accepted(remote)

    @property
    def names(self):
        return [body["of"] for _, _, body in self.sent if body]
