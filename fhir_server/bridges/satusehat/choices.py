"""What an installation decides about SATUSEHAT where its documents are silent or at odds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from fhir_server.bridges.satusehat import constants as c
from fhir_server.config import CANONICAL

if TYPE_CHECKING:
    from fhir_server.config import Settings

MedicationForm = Literal["contained", "standalone"]
VisitIdentifier = Literal["both", "terminology", "episode", "none"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings `satusehat_*` of the operator that a payload depends on.

    `organization` is our number there, `facility` the id of our own Organization, `location` the
    room of visits that name none. `position` that of rooms that have
    none. `canonical` is the base below which our own codes lie.
    """

    organization: str = ""
    facility: str = ""
    location: str = ""
    position: str = ""
    canonical: str = CANONICAL
    medication: MedicationForm = "contained"
    compound_type: str = c.COMPOUNDED[0]
    bpjs_system: str = ""
    anc_visit: VisitIdentifier = "both"
    episode_type: str = c.EPISODE_TYPE
    episode_identifier: str = c.EPISODE_IDENTIFIER
    composition_type: str = c.RESUMES[0]
    administrative_code: str = "administrativeCode"
    earliest: str = "2014-06-03"
    newborn: bool = True
    newborn_marital: str = "S"
    virtual_class: str = ""
    head_system: str = c.SNOMED
    stool_code: str = c.STOOL[0]
    stable_code: str = "359746009"
    service_class: str = "reguler"
    back_referral: bool = False
    rujukan: bool = False
    rujukan_inpatient: str = c.INPATIENT_CARE[0]
    rujukan_area: str = ""
    rujukan_minutes: int = 15

    @classmethod
    def from_settings(cls, settings: Settings) -> Choices:
        """Take the choices from the operator's settings."""
        return cls(
            organization=settings.satusehat_organization,
            facility=settings.satusehat_facility,
            location=settings.satusehat_location,
            position=settings.satusehat_position,
            canonical=settings.canonical,
            medication=cast("MedicationForm", settings.satusehat_medication),
            compound_type=settings.satusehat_compound_type,
            bpjs_system=settings.satusehat_bpjs_system,
            anc_visit=cast("VisitIdentifier", settings.satusehat_anc_visit),
            episode_type=settings.satusehat_episode_type,
            episode_identifier=settings.satusehat_episode_identifier,
            composition_type=settings.satusehat_composition_type,
            administrative_code=settings.satusehat_administrative_code,
            earliest=settings.satusehat_earliest,
            newborn=settings.satusehat_newborn,
            newborn_marital=settings.satusehat_newborn_marital,
            virtual_class=settings.satusehat_virtual_class,
            head_system=settings.satusehat_head_system,
            stool_code=settings.satusehat_stool_code,
            stable_code=settings.satusehat_stable_code,
            service_class=settings.satusehat_service_class,
            back_referral=settings.satusehat_back_referral,
            rujukan=settings.satusehat_rujukan,
            rujukan_inpatient=settings.satusehat_rujukan_inpatient,
            rujukan_area=settings.satusehat_rujukan_area,
            rujukan_minutes=settings.satusehat_rujukan_minutes,
        )
