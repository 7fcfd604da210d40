"""Letters over HTTP: ``GET /sop/v1/<entity>/<id>/surat`` and ``Composition/[id]/$document``.

HTML or PDF, as ``Accept`` (or ``_format``) says. The page may use its own style and nothing else.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from flask import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from fhir_server.errors import NotAcceptable, NotFound
from fhir_server.interactions.request import Answer
from fhir_server.letters import letter_for, load_letters
from fhir_server.letters.cetak import html, pdf, stylesheet
from fhir_server.mappings import load_mappings
from fhir_server.operations.papers import papers, papers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.context import Context
    from fhir_server.letters import Surat
    from fhir_server.letters.berkas import Berkas
    from fhir_server.sop import Entitas

HTML, PDF = "text/html", "application/pdf"
DOCUMENT: Final = "/$document"


def is_printable(entity: str) -> bool:
    """Say whether an entity has a letter: one of its own, or a Composition among its resources."""
    mapping = load_mappings()[entity]
    kinds = {mapping.resource_type, *mapping.profiles}
    own = {each.entitas for each in load_letters()}
    return entity in own or "Composition" in kinds


def routes(blueprint: Any, kind: Entitas, context: Context) -> None:
    """Add the letter of an entity to its routes."""
    if not is_printable(kind.nama):
        return

    @blueprint.route("/<id>/surat", methods=["GET"])
    @blueprint.doc(
        operationId=f"surat_{kind.nama}",
        summary=f"Mencetak {kind.alamat}: text/html, atau application/pdf menurut Accept",
        responses={
            200: {
                "description": "Surat untuk dicetak",
                "content": {
                    HTML: {"schema": {"type": "string"}},
                    PDF: {"schema": {"type": "string", "format": "binary"}},
                },
            }
        },
    )
    def surat(id: str) -> Response:
        media_type = _accepted(request.headers.get("Accept", ""))
        found = papers(context, kind.nama, id)
        given = _printed(letter_for(found, kind.nama), found, media_type, id)
        return Response(given.body, given.status, dict(given.headers))


def wanted(environ: Mapping[str, Any]) -> str | None:
    """Say as what a document is asked for, where that is a letter and not a Bundle."""
    if not environ["PATH_INFO"].endswith(DOCUMENT):
        return None
    formats = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if "_format" in formats:
        return formats["_format"] if formats["_format"] in {HTML, PDF} else None
    accept = environ.get("HTTP_ACCEPT", "")
    named = [item.partition(";")[0] for item, quality in parse_accept_header(accept) if quality > 0]
    return named[0] if named and named[0] in {HTML, PDF} else None


def of_document(context: Context, bundle: bytes, media_type: str) -> Answer:
    """Print a document Bundle."""
    found = papers_of(context, bundle)
    return _printed(letter_for(found), found, media_type, str(found.utama.get("id")))


def _printed(surat: Surat | None, found: Berkas, media_type: str, name: str) -> Answer:
    if surat is None:
        says = f"{found.utama['resourceType']}/{name} tidak memiliki surat."
        raise NotFound(says, indonesian=says)
    body = pdf(surat, found) if media_type == PDF else html(surat, found).encode()
    style = b64encode(hashlib.sha256(stylesheet(surat.kertas).encode()).digest()).decode()
    headers = {
        "Content-Type": f"{HTML}; charset=utf-8" if media_type == HTML else PDF,
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style}'; "
        "base-uri 'none'; frame-ancestors 'none'; sandbox allow-modals",
        "Vary": "Accept",
    }
    if media_type == PDF:
        headers["Content-Disposition"] = f'inline; filename="{surat.templat}-{name}.pdf"'
    return Answer(200, body, headers)


def _accepted(accept: str) -> str:
    best = parse_accept_header(accept or HTML, MIMEAccept).best_match([HTML, PDF])
    if best is None:
        says = f"Accept: {accept} bukan bentuk surat. Seharusnya: {HTML} atau {PDF}."
        raise NotAcceptable(says, indonesian=says)
    return str(best)
