"""``Organization/[id]/$sasaran-osoc``: the mothers whom students may accompany (§1.E E4b).

Selected: the pregnancy runs at this puskesmas, and the newest Poedji Rochjati card says KRT or
KRST. The Group is kept, so that the choice stays on record; called again it is brought up to date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import NotFound
from fhir_server.interactions import write
from fhir_server.interactions.answers import headers_of
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.interactions.request import Answer
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.elements import id_of
from fhir_server.mappings.hitungan_osoc import risks
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

KIND: Final = code_system("jenis-kohort")
HIGH: Final = ("KRT", "KRST")


def run(context: Context, call: Call) -> Answer:
    """Select, keep and answer the Group."""
    reader, faskes = StoreReader(context), call.resource_id or ""
    if reader.read(f"Organization/{faskes}") is None:
        raise NotFound(f"There is no Organization/{faskes}.")
    group = selected(reader, faskes)
    raw = outward(context, group)
    document = write.checked(context, raw)
    (written,) = write.commit(
        context, [write.put(context, document, raw, group["id"], method="PUT")]
    )
    return Answer(200, written.stored.raw, headers_of(written.stored))


def selected(reader: StoreReader, faskes: str) -> Document:
    """Write the Group of the mothers who can be accompanied, those at highest risk first."""
    pairs = [("type", f"{EPISODE_TYPE}|ANC"), ("status", "active")]
    found = reader.find("EpisodeOfCare", [*pairs, ("organization", f"Organization/{faskes}")])
    women = sorted({f"Patient/{who}" for e in found if (who := id_of(e.get("patient"), "Patient"))})
    risk = risks(reader, women, reader.now.date())
    chosen = [each for level in reversed(HIGH) for each in women if risk.get(each) == level]
    group: dict[str, Any] = {
        "resourceType": "Group",
        "id": f"osoc-{faskes}",
        "meta": {"profile": [structure("SasaranPendampingan")]},
        "active": True,
        "type": "person",
        "actual": True,
        "code": {"coding": [{"system": KIND, "code": "osoc-sasaran"}]},
        "name": "Sasaran pendampingan OSOC",
        "quantity": len(chosen),
        "managingEntity": {"reference": f"Organization/{faskes}"},
    }
    members = [{"entity": {"reference": each}} for each in chosen]
    return {**group, "member": members} if members else group


OPERATION = Operation(
    name="sasaran-osoc",
    types=("Organization",),
    levels=frozenset({"instance"}),
    says="Select the pregnant women at high risk whom students may accompany (E4b).",
    affects_state=True,
    parameters=(
        Parameter("return", "Group", use="out", minimum=1, says="The women, highest risk first."),
    ),
    run=run,
)
