"""Every address, system, code and profile of SATUSEHAT that the bridge uses, in one table.

`{org}` stands for the facility's own number there ("kode satusehat"). Where sources are at odds the
value used lies in `choices`, with its default from here.
"""

from __future__ import annotations

from typing import Final

# Addresses: environment → host. The paths below it are the same everywhere.
HOSTS: Final = {
    "development": "https://api-satusehat-dev.dto.kemkes.go.id",
    "staging": "https://api-satusehat-stg.dto.kemkes.go.id",
    "production": "https://api-satusehat.kemkes.go.id",
}
AUTH_PATH: Final = "/oauth2/v1"
FHIR_PATH: Final = "/fhir-r4/v1"
CONSENT_PATH: Final = "/consent/v1"

# Identifiers of persons.
NIK: Final = "https://fhir.kemkes.go.id/id/nik"
NIK_MOTHER: Final = "https://fhir.kemkes.go.id/id/nik-ibu"
IHS_NUMBER: Final = "https://fhir.kemkes.go.id/id/ihs-number"
PATIENT_NUMBERS: Final = (IHS_NUMBER, "https://fhir.kemkes.go.id/id/patient-ihs-number")
"""Both are read, as one page of SATUSEHAT says it the second way; neither is sent."""
PRACTITIONER_NUMBER: Final = "https://fhir.kemkes.go.id/id/nakes-his-number"
PERSONAL: Final = (NIK, NIK_MOTHER)

# Our identifiers, by resource type: below this base, then the word, then the facility.
SYS_IDS: Final = "http://sys-ids.kemkes.go.id"
FACILITY: Final = f"{SYS_IDS}/organization"
IDENTIFIERS: Final = {
    "Organization": "organization",
    "Location": "location",
    "Encounter": "encounter",
    "Condition": "condition",
    "Observation": "observation",
    "ServiceRequest": "servicerequest",
    "Specimen": "specimen",
    "DiagnosticReport": "diagnostic",
    "Medication": "medication",
    "MedicationRequest": "prescription-item",
    "MedicationDispense": "prescription-item",
    "MedicationStatement": "medicationstatement",
    "Composition": "composition",
    "ClinicalImpression": "clinicalimpression",
    "AllergyIntolerance": "allergy",
    "Procedure": "procedure",
    "Immunization": "immunization",
    "CarePlan": "careplan",
    "Task": "task",
    "QuestionnaireResponse": "questionnaireresponse",
}
PRESCRIPTION: Final = "prescription"
REPORT_KINDS: Final = ("lab", "rad")
REFERRAL_NUMBERS: Final = (
    f"{SYS_IDS}/referral-number",
    f"{SYS_IDS}/referral-number-satusehat",
    f"{SYS_IDS}/referral-number-pcare",
)
ADMINISTRATIVE_AREA: Final = f"{SYS_IDS}/administrative-area"

# Code systems of Kemenkes.
KEMKES: Final = "http://terminology.kemkes.go.id"
CLINICAL_TERM: Final = f"{KEMKES}/CodeSystem/clinical-term"
ANC_ELEMENTS: Final = f"{KEMKES}/CodeSystem/anc-custom-codes"
EPISODE_TYPE: Final = f"{KEMKES}/CodeSystem/episodeofcare-type"
EPISODE_IDENTIFIER: Final = f"{SYS_IDS}/episode-of-care/{{org}}"
VISIT_ANC: Final = f"{KEMKES}/CodeSystem/episodeofcare/ANC"
VISIT_PUERPERIUM: Final = f"{KEMKES}/CodeSystem/episodeofcare/puerperium"
VISIT_NEONATE: Final = f"{KEMKES}/CodeSystem/episodeofcare/neonate"
MEDICATION_TYPE: Final = f"{KEMKES}/CodeSystem/medication-type"
MEDICATION_FORM: Final = f"{KEMKES}/CodeSystem/medication-form"
IMMUNIZATION_REASON: Final = f"{KEMKES}/CodeSystem/immunization-reason"
IMMUNIZATION_TIMING: Final = f"{KEMKES}/CodeSystem/immunization-routine-timing"
SERVICE_CLASS: Final = f"{KEMKES}/CodeSystem/locationServiceClass-Outpatient"
UPGRADE_CLASS: Final = f"{KEMKES}/CodeSystem/locationUpgradeClass"
KFA: Final = "http://sys-ids.kemkes.go.id/kfa"
VISIT_CODES: Final = {
    VISIT_ANC: ("K1A", "K1M", "K1", "K2", "K3", "K4", "K5", "K6"),
    VISIT_PUERPERIUM: ("KF1", "KF2", "KF3", "KF4"),
    VISIT_NEONATE: ("KN1", "KN2", "KN3"),
}

# Code systems of the world.
SNOMED: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
ICD_9_CM: Final = "http://hl7.org/fhir/sid/icd-9-cm"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
UCUM: Final = "http://unitsofmeasure.org"
ATC: Final = "http://www.whocc.no/atc"
WHO_ANC: Final = "http://fhir.org/guides/who/anc-cds/CodeSystem/anc-custom-codes"
HL7: Final = "http://terminology.hl7.org/CodeSystem"
ACT_CODE: Final = f"{HL7}/v3-ActCode"
PARTICIPATION: Final = f"{HL7}/v3-ParticipationType"
ROLE_CODE: Final = f"{HL7}/v3-RoleCode"
DRUG_FORM: Final = f"{HL7}/v3-orderableDrugForm"
MARITAL_STATUS: Final = f"{HL7}/v3-MaritalStatus"
DIAGNOSIS_ROLE: Final = f"{HL7}/diagnosis-role"
DISPOSITION: Final = f"{HL7}/discharge-disposition"
CONDITION_CLINICAL: Final = f"{HL7}/condition-clinical"
CONDITION_CATEGORY: Final = f"{HL7}/condition-category"
OBSERVATION_CATEGORY: Final = f"{HL7}/observation-category"
REPORT_CATEGORY: Final = f"{HL7}/v2-0074"
ORGANIZATION_TYPE: Final = f"{HL7}/organization-type"
PHYSICAL_TYPE: Final = f"{HL7}/location-physical-type"
DOSE_RATE: Final = f"{HL7}/dose-rate-type"
REQUEST_CATEGORY: Final = f"{HL7}/medicationrequest-category"
DISPENSE_CATEGORY: Final = "http://terminology.hl7.org/fhir/CodeSystem/medicationdispense-category"
PROVIDER_FUNCTION: Final = f"{HL7}/v2-0443"
IMMUNIZATION_ORIGIN: Final = f"{HL7}/immunization-origin"

# Profiles, extensions, questionnaires.
STRUCTURE: Final = "https://fhir.kemkes.go.id/r4/StructureDefinition"
MEDICATION_PROFILE: Final = f"{STRUCTURE}/Medication"
MEDICATION_TYPE_URL: Final = f"{STRUCTURE}/MedicationType"
SERVICE_CLASS_URL: Final = f"{STRUCTURE}/ServiceClass"
EXTENSIONS: Final = STRUCTURE
QUESTIONNAIRE: Final = "https://fhir.kemkes.go.id/Questionnaire"
Q0002: Final = f"{QUESTIONNAIRE}/Q0002"

Q100: Final = f"{QUESTIONNAIRE}/Q100"
Q101: Final = f"{QUESTIONNAIRE}/Q101"

# SATUSEHAT Rujukan (the pilot): kinds of Tasks, their inputs, the two ways of being referred.
PRE_REQUEST: Final = "referral-pre-request"
CANDIDATES: Final = "request-referral-candidate"
APPROVAL: Final = "referral-approval"
APPROVAL_REQUEST: Final = "referral-approval-request"
RESPONSE: Final = "response-referral-task"
TASK_STATUS: Final = "http://hl7.org/fhir/task-status"
MANAGEMENT: Final = "119270007"
EMERGENCY_CARE: Final = ("385868005", "Emergency treatment management")
INPATIENT_CARE: Final = ("737481003", "Inpatient care management")
PLANS: Final = {
    EMERGENCY_CARE[0]: (KEMKES, "TK000068", "Emergency care plan"),
    INPATIENT_CARE[0]: (SNOMED, "736353004", "Inpatient care plan"),
}
PLAN_AUTHOR: Final = f"{SYS_IDS}/careplan/authoring-organization"
REFERRAL_NUMBER: Final = f"{SYS_IDS}/referral-number-satusehat"

# Single codes.
REFERRAL: Final = "3457005"
FOLLOW_UP: Final = "185389009"
LABORATORY: Final = "108252007"
OUTPATIENT_PLAN: Final = "736271009"
SYSTOLIC: Final = "8480-6"
DIASTOLIC: Final = "8462-4"
LABORATORY_REPORT: Final = "11502-2"
RESUMES: Final = ("88645-7", "18842-5")
ORAL: Final = "O"
NOT_COMPOUNDED: Final = "NC"
COMPOUNDED: Final = ("SD", "EP")
EPISODES: Final = {"ANC": "Antenatal Care", "PNC": "Postnatal Care", "Neonate": "Neonate"}

# The data element of ANC that an observation of an antenatal visit also names.
ANC_CODES: Final[dict[tuple[str, str], tuple[str, str]]] = {
    (LOINC, "11996-6"): (WHO_ANC, "ANC.B6.DE24"),
    (LOINC, "11977-6"): (WHO_ANC, "ANC.B6.DE32"),
    (LOINC, "69043-8"): (WHO_ANC, "ANC.B6.DE25"),
    (LOINC, "8665-2"): (WHO_ANC, "ANC.B6.DE14"),
    (LOINC, "11778-8"): (WHO_ANC, "ANC.B6.DE22"),
    (LOINC, "56077-1"): (WHO_ANC, "ANC.B8.DE2"),
    (LOINC, "8302-2"): (WHO_ANC, "ANC.B8.DE1"),
    (CLINICAL_TERM, "OC000010"): (ANC_ELEMENTS, "ANC.SS.DE58"),
    (CLINICAL_TERM, "OC000011"): (WHO_ANC, "ANC.B8.DE10"),
    (CLINICAL_TERM, "OC000001"): (ANC_ELEMENTS, "ANC.SS.DE53"),
    (LOINC, "18185-9"): (WHO_ANC, "ANC.B6.DE17"),
    (LOINC, "32418-6"): (ANC_ELEMENTS, "ANC.SS.DE13"),
    (LOINC, "29463-7"): (WHO_ANC, "ANC.B8.DE3"),
    (SNOMED, "284473002"): (ANC_ELEMENTS, "ANC.SS.DE3"),
    (LOINC, "11881-0"): (WHO_ANC, "ANC.B8.DE105"),
    (LOINC, "8480-6"): (WHO_ANC, "ANC.B8.DE17"),
    (LOINC, "8462-4"): (WHO_ANC, "ANC.B8.DE19"),
    (LOINC, "8867-4"): (WHO_ANC, "ANC.B8.DE36"),
    (LOINC, "8310-5"): (WHO_ANC, "ANC.B8.DE34"),
    (LOINC, "9279-1"): (ANC_ELEMENTS, "ANC.SS.DE2"),
    (LOINC, "883-9"): (WHO_ANC, "ANC.B9.DE24"),
    (LOINC, "10331-7"): (WHO_ANC, "ANC.B9.DE29"),
    (LOINC, "55283-6"): (WHO_ANC, "ANC.B8.DE107"),
    (SNOMED, "249111004"): (ANC_ELEMENTS, "ANC.SS.DE46"),
    (CLINICAL_TERM, "249111004"): (ANC_ELEMENTS, "ANC.SS.DE46"),
    (LOINC, "89087-1"): (ANC_ELEMENTS, "ANC.SS.DE1"),
    (LOINC, "72155-5"): (WHO_ANC, "ANC.B8.DE111"),
    (SNOMED, "246435002"): (WHO_ANC, "ANC.B8.DE109"),
    (LOINC, "718-7"): (WHO_ANC, "ANC.B9.DE175"),
    (LOINC, "68961-2"): (WHO_ANC, "ANC.B9.DE32"),
    (LOINC, "20508-8"): (WHO_ANC, "ANC.B9.DE96"),
    (LOINC, "14904-7"): (WHO_ANC, "ANC.B9.DE96"),
    (LOINC, "75410-1"): (WHO_ANC, "ANC.B9.DE60"),
    (LOINC, "74774-1"): (WHO_ANC, "ANC.B9.DE159"),
    (LOINC, "5804-0"): (WHO_ANC, "ANC.B9.DE114"),
}

# Where SATUSEHAT files an observation otherwise than we do.
OBSERVATION_CATEGORIES: Final = {"8302-2": "vital-signs"}
# Parity is asked with another code after birth than before.
PARITY_ANC, PARITY_PNC = "11977-6", "64708-1"
HEAD_ENGAGEMENT: Final = "249111004"
STOOL: Final = ("366257004", "300375001")
STABLE: Final = {"359746009": SNOMED, "MN000001": CLINICAL_TERM}

# Answers that SATUSEHAT wants in another system, by the code of the observation.
ANSWERS: Final[dict[str, dict[tuple[str, str], tuple[str, str]]]] = {
    "883-9": {
        (SNOMED, "112144000"): (LOINC, "LA19710-5"),
        (SNOMED, "112149005"): (LOINC, "LA19709-7"),
        (SNOMED, "58460004"): (LOINC, "LA19708-9"),
        (SNOMED, "165743006"): (LOINC, "LA28449-9"),
    },
    "10331-7": {
        (SNOMED, "10828004"): (LOINC, "LA6576-8"),
        (SNOMED, "260385009"): (LOINC, "LA6577-6"),
    },
}
# Our words for consciousness, in SNOMED CT as SATUSEHAT lists it; other words go as text.
CONSCIOUSNESS: Final = {"compos-mentis": "248234008", "koma": "422768004"}

# Kinds of specimen as the national samples name them.
SPECIMEN_TYPES: Final = {"119334006": "45710003"}

# The section of the laboratory (v2-0074) for the code of a report; others: LAB.
REPORT_SECTIONS: Final = {
    "718-7": "HM",
    "883-9": "HM",
    "57743-7": "HM",
    "10331-7": "HM",
    "4544-3": "HM",
    "6690-2": "HM",
    "777-3": "HM",
    "11477-7": "MB",
    "68961-2": "MB",
    "20508-8": "MB",
    "14904-7": "MB",
    "75410-1": "MB",
    "75377-2": "MB",
    "74774-1": "CH",
    "2093-3": "CH",
    "55231-5": "CH",
    "2947-0": "CH",
    "2069-3": "CH",
    "6298-4": "CH",
    "19766-5": "CP",
}

# Words of a prescription that have a code as a drug form.
DRUG_FORMS: Final = {
    "tablet": "TAB",
    "tab": "TAB",
    "kapsul": "CAP",
    "kaplet": "TAB",
    "sirup": "SYRUP",
    "sachet": "PWD",
    "puyer": "PWD",
}
