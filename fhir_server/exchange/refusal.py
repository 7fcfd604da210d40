"""Reproofs of the SOP as failures of the API."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Invalid, Issue, RuleBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.sop.dokumen import Teguran


def judge(reproofs: Iterable[Teguran]) -> list[Teguran]:
    """Refuse what the SOP forbids; give the warnings that remain.

    What is wrong with the document itself comes first (Invalid), then what its present state
    forbids (RuleBroken).
    """
    found = list(reproofs)
    if wrong := [each for each in found if each.jenis == "isi"]:
        raise Invalid(issue(each) for each in wrong)
    if forbidden := [each for each in found if each.jenis == "keadaan"]:
        refusal = RuleBroken(forbidden[0].kalimat)
        refusal.issues = tuple(issue(each) for each in forbidden)
        raise refusal
    return found


def issue(reproof: Teguran) -> Issue:
    """Write a reproof as an issue, in Indonesian and, where it has one, in English too."""
    code = {"isi": "business-rule" if reproof.aturan else "value", "keadaan": "business-rule"}
    words = f"{reproof.kalimat} / {reproof.english}" if reproof.english else reproof.kalimat
    return Issue(
        code.get(reproof.jenis, "informational"),
        words,
        reproof.bidang,
        severity="warning" if reproof.jenis == "peringatan" else "error",
        indonesian=words,
        rule=reproof.aturan,
    )


@contextmanager
def expressible() -> Iterator[None]:
    """Refuse a document whose values no resource can hold, such as a text with control signs.

    The classes of fhir.resources raise a ValueError that lists its ``errors``.
    """
    try:
        yield
    except ValueError as error:
        listed = getattr(error, "errors", None)
        if listed is None:
            raise
        raise Invalid(_unfit(each) for each in listed()) from error


def _unfit(fault: dict[str, Any]) -> Issue:
    where = ".".join(str(each) for each in fault["loc"])
    words = f"Isi dokumen tidak dapat ditulis sebagai FHIR ({where}). Seharusnya: {fault['msg']}."
    return Issue("value", words, indonesian=words)
