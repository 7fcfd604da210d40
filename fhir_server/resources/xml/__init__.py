"""Resources as XML: read into JSON text, and written from it, without losing what was written.

The definitions say what is an attribute, what repeats and in which order elements stand. A number
is never computed with, so ``1.00`` stays ``1.00`` both ways. Nothing here validates: what R4 does
not know reaches the validator, which says so with a FHIRPath.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from fhir_server.resources.xml.reading import from_xml
from fhir_server.resources.xml.writing import to_xml

__all__ = ["from_xml", "to_xml"]
