"""EvaluasiKegiatan as QuestionnaireResponse; its Task refers to it (C13).

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import CANONICAL, code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, extension_of, id_of, instant_of, reference
from fhir_server.mappings.kegiatan_lapangan import UNTUK_TUGAS, answers, task_of, with_output
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.mappings.tindak_lanjut import state_of
from fhir_server.sop.evaluasi_kegiatan import belum_berakhir, jenis_sesuai
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.sop.evaluasi_kegiatan import EvaluasiKegiatan
    from fhir_server.store.ops import Concern, Stored

JENIS: Final = code_system("jenis-evaluasi")
FORM: Final = "evaluasi-kunjungan"
C13: Final = "C13"
DONE: Final = ("completed", "failed")


def to_fhir(evaluasi: EvaluasiKegiatan, _id: str) -> Resources:
    """Write a filled form."""
    said: dict[str, Any] = {
        "jenis": {"valueCoding": r4b.Coding(system=JENIS, code=evaluasi.jenis)},
        "tercapai": {"valueBoolean": evaluasi.tercapai},
        "kendala": evaluasi.kendala and {"valueString": evaluasi.kendala},
        "rencana": evaluasi.rencana and {"valueString": evaluasi.rencana},
    }
    response = r4b.QuestionnaireResponse(
        extension=[
            r4b.Extension(url=UNTUK_TUGAS, valueReference=reference("Task", evaluasi.tugas))
        ],
        questionnaire=f"{CANONICAL}/Questionnaire/{FORM}",
        status="completed",
        subject=reference("Organization", evaluasi.faskes),
        authored=evaluasi.waktu,
        author=reference("PractitionerRole", evaluasi.penilai),
        item=[{"linkId": name, "answer": [value]} for name, value in said.items() if value],
    )
    return {"": response}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a filled form."""
    response = resources[""]
    said = answers(response)
    return {
        "faskes": id_of(response.get("subject"), "Organization"),
        "tugas": task_of(response),
        "jenis": kind_of(response),
        "penilai": id_of(response.get("author"), "PractitionerRole"),
        "waktu": instant_of(response.get("authored")),
        "tercapai": said.get("tercapai"),
        "kendala": said.get("kendala"),
        "rencana": said.get("rencana"),
    }


def kind_of(response: Document, system: str = JENIS) -> str | None:
    """Read whether routine work was evaluated or work that the PWS asked for."""
    coding = answers(response).get("jenis")
    return code_of({"coding": [coding]}, system) if isinstance(coding, dict) else None


def effects(canonical: str) -> tuple[Effect, ...]:
    """Let the Task refer to its evaluation."""
    form = f"{canonical.rstrip('/')}/Questionnaire/{FORM}"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return document.get("questionnaire") == form and document.get("status") == "completed"

    return (Effect("evaluasi-kegiatan", frozenset({"QuestionnaireResponse"}), applies, follow),)


def follow(responses: Sequence[Document], reader: Reader) -> Consequences:
    """Add each evaluation to the outputs of its Task."""
    changed: dict[str, Document] = {}
    for each in responses:
        name = f"Task/{task_of(each)}"
        task = changed.get(name) or reader.read(name)
        if task is not None:
            refers = {"reference": f"QuestionnaireResponse/{each['id']}"}
            changed[name] = with_output(task, "evaluasi", valueReference=refers)
    return Consequences(changed)


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give C13: only what has ended is evaluated, and as what it was."""
    base = canonical.rstrip("/")
    form, url = f"{base}/Questionnaire/{FORM}", f"{base}/StructureDefinition/untuk-tugas"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return document.get("questionnaire") == form and document.get("status") == "completed"

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        tasks = [_task(each.document, url) or "-" for each in concerns]
        plans = (facts("Task", [("_id", ",".join(sorted(set(tasks))))]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            known = {each["id"]: each for each in documents(found[0])}
            refuse(
                (concern, element, verdict)
                for concern, task in zip(concerns, tasks, strict=True)
                for element, verdict in _verdicts(concern.document, task, known.get(task), base)
            )

        return Check((), plans, decide, when="after")

    return (Rule(C13, frozenset({"QuestionnaireResponse"}), applies, check),)


def _verdicts(
    response: Document, name: str, task: Document | None, base: str
) -> Iterator[tuple[str, Teguran]]:
    if task is None or task.get("status") not in DONE:
        yield "extension", belum_berakhir(name, None if task is None else state_of(task))
        return
    origin = code_of(task.get("reasonCode"), f"{base}/CodeSystem/asal-tindak-lanjut")
    kind = kind_of(response, f"{base}/CodeSystem/jenis-evaluasi")
    if wrong := jenis_sesuai(kind, origin):
        yield "item", wrong


def _task(response: Document, url: str) -> str | None:
    found = local((extension_of(response, url) or {}).get("valueReference"), "Task")
    return found and found.removeprefix("Task/")


MAPPING = Mapping(
    resource_type="QuestionnaireResponse",
    profile="EvaluasiKegiatan",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("questionnaire", f"{CANONICAL}/Questionnaire/{FORM}"),),
    filters={
        "faskes": "subject=Organization/{}",
        "penilai": "author=PractitionerRole/{}",
        "waktu": "authored",
    },
    sort="-authored",
    constants=frozenset(
        {
            "QuestionnaireResponse.extension.url",
            "QuestionnaireResponse.questionnaire",
            "QuestionnaireResponse.status",
            "QuestionnaireResponse.item.linkId",
            "QuestionnaireResponse.item.answer.valueCoding.system",
        }
    ),
)
