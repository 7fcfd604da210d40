"""The most that one request, query or client may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Limits:
    """The most that one request, query or client may ask for."""

    rate_limit: int = setting(
        1000, "FHIR_RATE_LIMIT", "requests a second of one client, in each process; 0: any number"
    )
    sign_in_limit: int = setting(
        20,
        "FHIR_SIGN_IN_LIMIT",
        "failures to sign in a minute from one address, in each process; 0: any number",
    )
    body_limit: int = setting(64 * 1024 * 1024, "FHIR_BODY_LIMIT", "largest body, in bytes")
    text_limit: int = setting(
        65_536, "FHIR_TEXT_LIMIT", "longest text in a field of an SOP document, in characters"
    )
    binary_limit: int = setting(
        1024 * 1024,
        "FHIR_BINARY_LIMIT",
        "content of a Binary, in bytes of base64, above which it lies in GridFS",
    )
    xml_limit: int = setting(
        16 * 1024 * 1024, "FHIR_XML_LIMIT", "largest body in XML, in bytes; JSON is read faster"
    )
    depth_limit: int = setting(64, "FHIR_DEPTH_LIMIT", "deepest nesting of a resource")
    entry_limit: int = setting(10_000, "FHIR_ENTRY_LIMIT", "most entries of a batch or transaction")
    count_default: int = setting(20, "FHIR_COUNT_DEFAULT", "page size when _count is absent")
    count_limit: int = setting(1000, "FHIR_COUNT_LIMIT", "largest page size")
    include_limit: int = setting(
        1000, "FHIR_INCLUDE_LIMIT", "most included resources on a page; more is an error"
    )
    chain_limit: int = setting(
        100_000, "FHIR_CHAIN_LIMIT", "most resources one chain may pass through; more is an error"
    )
    search_parameter_limit: int = setting(
        500, "FHIR_SEARCH_PARAMETER_LIMIT", "most parameters of a search"
    )
    search_value_limit: int = setting(
        500, "FHIR_SEARCH_VALUE_LIMIT", "most values of one search parameter"
    )
    search_code_limit: int = setting(
        20_000, "FHIR_SEARCH_CODE_LIMIT", "the same for ids, codes and references, told at once"
    )
    search_include_limit: int = setting(
        50, "FHIR_SEARCH_INCLUDE_LIMIT", "most _include and _revinclude of a search"
    )
    sort_limit: int = setting(8, "FHIR_SORT_LIMIT", "most keys of _sort")
    filter_limit: int = setting(500, "FHIR_FILTER_LIMIT", "most conditions of a _filter")
    filter_depth_limit: int = setting(
        20, "FHIR_FILTER_DEPTH_LIMIT", "deepest parentheses of a _filter"
    )
    chain_depth_limit: int = setting(
        10, "FHIR_CHAIN_DEPTH_LIMIT", "most references that a chain or _has leads over"
    )
    query_time_limit_ms: int = setting(
        30_000, "FHIR_QUERY_TIME_LIMIT_MS", "longest time of one query, in milliseconds"
    )
    conditional_delete_limit: int = setting(
        1000,
        "FHIR_CONDITIONAL_DELETE_LIMIT",
        "most resources one conditional delete may delete; more is an error",
    )
    patch_limit: int = setting(
        10_000, "FHIR_PATCH_LIMIT", "most operations of a patch; of a FHIRPath Patch 1,000"
    )
    job_limit: int = setting(
        100, "FHIR_JOB_LIMIT", "requests of respond-async that may wait; more are answered 429"
    )
    export_limit: int = setting(
        4, "FHIR_EXPORT_LIMIT", "exports waiting or running at once; more are answered 429"
    )
    expansion_limit: int = setting(
        10_000, "FHIR_EXPANSION_LIMIT", "most codes an expansion lists; more is an error"
    )
    fhirpath_step_limit: int = setting(
        2_000_000, "FHIR_FHIRPATH_STEP_LIMIT", "most items that one FHIRPath may look at"
    )
    fhirpath_length_limit: int = setting(
        20_000, "FHIR_FHIRPATH_LENGTH_LIMIT", "longest FHIRPath, in characters"
    )
    fhirpath_time_limit_ms: int = setting(
        5000, "FHIR_FHIRPATH_TIME_LIMIT_MS", "longest time of one FHIRPath, in milliseconds"
    )
