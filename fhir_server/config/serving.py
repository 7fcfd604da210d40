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
    threads: int = setting(32, "FHIR_THREADS", "requests at once in one server process")
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
