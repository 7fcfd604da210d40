"""How the server is reached and how many processes serve."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Serving:
    """How the server is reached and how many processes serve."""

    host: str = setting("127.0.0.1", "HOST", "address to listen on")
    port: int = setting(8080, "PORT", "TCP port to listen on")
    workers: int = setting(2, "FHIR_WORKERS", "server processes")
    threads: int = setting(
        32, "FHIR_THREADS", "requests at once in one server process, the short ones apart"
    )
    connections: int = setting(
        1024, "FHIR_CONNECTIONS", "connections at once in one server process; others wait"
    )
    connections_each: int = setting(
        512,
        "FHIR_CONNECTIONS_EACH",
        "connections of one address in one server process (Linux); those silent the longest are "
        "closed; 0: any number",
    )
    header_seconds: int = setting(
        30, "FHIR_HEADER_SECONDS", "seconds for the headers of a request, and between two requests"
    )
    header_limit: int = setting(
        256 * 1024, "FHIR_HEADER_LIMIT", "longest request line and headers, in bytes; at least 8192"
    )
    body_seconds: int = setting(
        30,
        "FHIR_BODY_SECONDS",
        "seconds that a body may take to arrive, and one more for each FHIR_BODY_RATE bytes of it",
    )
    body_rate: int = setting(4096, "FHIR_BODY_RATE", "bytes a second that a body should arrive by")
    bodies_limit: int = setting(
        256 * 1024 * 1024,
        "FHIR_BODIES_LIMIT",
        "bytes of unfinished bodies in one server process; what passes it is answered 503",
    )
    slow_limit: int = setting(
        100,
        "FHIR_SLOW_LIMIT",
        "bodies of one address that arrive for longer than a second, in each process; more are "
        "answered 429; 0: any number",
    )
    send_seconds: int = setting(
        60,
        "FHIR_SEND_SECONDS",
        "seconds in which a client must read something of its answer (Linux)",
    )
    background: int = setting(
        1,
        "FHIR_BACKGROUND",
        "processes for long work that serve starts beside the server's; 0: none",
    )
    base_url: str = setting(
        "", "FHIR_BASE_URL", "public address of the FHIR base; empty: as the request says"
    )
    cors_origins: str = setting(
        "",
        "FHIR_CORS_ORIGINS",
        "origins whose pages may call the APIs, separated by commas; *: any; empty: none",
    )
    log_level: str = setting(
        "info", "FHIR_LOG_LEVEL", "debug (every request), info, warning or error"
    )
