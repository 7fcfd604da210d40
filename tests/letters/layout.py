"""Where the words of a letter stand on its paper, as WeasyPrint lays them out."""

from __future__ import annotations

import ctypes.util

import pytest

PANGO = ctypes.util.find_library("pangoft2-1.0") and ctypes.util.find_library("harfbuzz-subset")
needs_pango = pytest.mark.skipif(not PANGO, reason="Pango is not installed")


def laid_out(page):
    """Give of each sheet of a page of HTML its right margin and its boxes of text."""
    import weasyprint  # noqa: PLC0415 - loads libraries of the system, if they are there
    from weasyprint.formatting_structure.boxes import TextBox  # noqa: PLC0415

    for each in weasyprint.HTML(string=page).render().pages:
        box = each._page_box  # where the text stands is said nowhere else
        edge = box.position_x + box.margin_left + box.width
        yield edge, [text for text in box.descendants() if isinstance(text, TextBox)]


def sheets(page):
    """Give the words of each sheet, line by line as they stand."""
    return [[each.text.strip() for each in boxes] for _, boxes in laid_out(page)]
