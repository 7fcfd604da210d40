"""Who is addressed by what goes between facilities: referral, back-referral, report, outcome.

What is not sent yet addresses nobody. A request that nobody has answered addresses who is asked;
from the first answer on each version addresses who asked as well (domain §5.2). Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.codes import SNOMED
from fhir_server.mappings.rujukan import REFERRAL
from fhir_server.mappings.rules import has_code, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fhir_server.resources.wire import Document

TYPES: Final = ("Communication", "ServiceRequest", "Task")
"""What a feed shows."""

WORKS: Final = ("rujukan", "rujuk-balik")
REPORTS: Final = ("laporan-sementara", "hasil-pemantauan")
_KINDS: Final = ("medis", "sosial", "hukum", "internal", "rujuk-balik")


def addressed(document: Document, canonical: str) -> tuple[str, ...]:
    """Give the organizations (``Organization/rs-a``) that a resource addresses, each once."""
    found = _ADDRESSED.get(document["resourceType"])
    return () if found is None else tuple(dict.fromkeys(found(document, canonical.rstrip("/"))))


def answered(document: Document, canonical: str) -> tuple[str, ...]:
    """Give the requests (``ServiceRequest/r``) whose askers a report is for that names nobody."""
    base = canonical.rstrip("/")
    if document["resourceType"] != "Communication" or not _is_report(document, base):
        return ()
    if _organizations(document.get("recipient", ())):
        return ()
    requests = (local(each, "ServiceRequest") for each in document.get("basedOn", ()))
    return tuple(each for each in requests if each is not None)


def askers(task: Document) -> tuple[str, ...]:
    """Give who asked for the work of a Task."""
    return tuple(_organizations([task.get("requester")]))


def _task(task: Document, base: str) -> list[str]:
    if not _is_work(task, base):
        return []
    return _sides(task, [task.get("owner")], asked="requested")


def _request(request: Document, base: str) -> list[str]:
    if not _is_referral(request, base):
        return []
    return _sides(request, request.get("performer", ()), asked="active")


def _sides(document: Document, receivers: Iterable[Any], asked: str) -> list[str]:
    status = document.get("status")
    if status == "draft":
        return []
    back = [] if status == asked else [document.get("requester")]
    return _organizations([*receivers, *back])


def _communication(report: Document, base: str) -> list[str]:
    return _organizations(report.get("recipient", ())) if _is_report(report, base) else []


def _is_work(task: Document, base: str) -> bool:
    """Tell the work of a referral; of a hospital's own software also what has no code of ours."""
    kinds = f"{base}/CodeSystem/jenis-tugas"
    code = task.get("code")
    if any(c.get("system") == kinds for c in (code or {}).get("coding") or ()):
        return any(has_code(code, kinds, each) for each in WORKS)
    return local(task.get("focus"), "ServiceRequest") is not None


def _is_referral(request: Document, base: str) -> bool:
    kinds = f"{base}/CodeSystem/jenis-rujukan"
    return any(
        has_code(each, SNOMED, REFERRAL[0]) or any(has_code(each, kinds, kind) for kind in _KINDS)
        for each in request.get("category", ())
    )


def _is_report(report: Document, base: str) -> bool:
    kinds = f"{base}/CodeSystem/kategori-komunikasi"
    return any(
        has_code(each, kinds, kind) for each in report.get("category", ()) for kind in REPORTS
    )


def _organizations(references: Iterable[Any]) -> list[str]:
    found = (local(each, "Organization") for each in references)
    return [each for each in found if each is not None]


_ADDRESSED: Final[Mapping[str, Callable[[Document, str], list[str]]]] = {
    "Communication": _communication,
    "ServiceRequest": _request,
    "Task": _task,
}
