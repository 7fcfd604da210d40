"""Print a letter: HTML by its template, PDF from the same HTML.

The templates escape whatever they show. WeasyPrint needs Pango, a library of the system; where it
is missing the PDF is refused with what to install, and the HTML still works.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup

from fhir_server.errors import NotInstalled
from fhir_server.letters import kata

if TYPE_CHECKING:
    from fhir_server.letters import Surat
    from fhir_server.letters.berkas import Berkas

TEMPLATES: Final = Path(__file__).parent / "templates"
PACKAGES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
MISSING: Final = (
    "PDF tidak dapat dibuat di server ini: pustaka Pango tidak terpasang. "
    f"Seharusnya: apt-get install {PACKAGES}; atau minta text/html."
)


def html(surat: Surat, berkas: Berkas) -> str:
    """Write a letter as one HTML page that needs nothing else."""
    page = _templates().get_template(f"{surat.templat}.html")
    return page.render(css=stylesheet(surat.kertas), kertas=surat.kertas, **surat.isi(berkas))


def pdf(surat: Surat, berkas: Berkas) -> bytes:
    """Write a letter as PDF; NotInstalled where the system lacks what that needs."""
    try:
        import weasyprint  # noqa: PLC0415 - loads libraries of the system, if they are there
    except OSError as error:
        raise NotInstalled(
            f"This server cannot make PDF: Pango is not installed (apt-get install {PACKAGES}). "
            "text/html works.",
            indonesian=MISSING,
        ) from error
    page = weasyprint.HTML(string=html(surat, berkas), url_fetcher=refuse)
    written: bytes = page.write_pdf()
    return written


def refuse(url: str, *_: Any, **__: Any) -> Any:
    """Refuse every address: a letter is made of what is in it."""
    raise ValueError(f"A letter fetches nothing, not {url[:40]!r}.")


@cache
def stylesheet(kertas: str) -> Markup:
    """Give the rules of print for a size of paper."""
    rules = (TEMPLATES / "cetak.css").read_text("utf-8")
    return Markup(rules.replace("/*kertas*/", f"size: {kertas};"))  # noqa: S704 - a file of ours


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=lambda value: "" if value is None else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "tanggal": kata.tanggal,
        "waktu": kata.waktu,
        "angka": kata.angka,
    }
    templates.globals |= {"kata": kata.kata}
    return templates
