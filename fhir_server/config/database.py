"""Where the data lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Database:
    """Where the data lie."""

    data: Path = setting(Path("data"), "DATA", "folder of the embedded database")
    demo: bool = setting(True, "DEMO", "fill an empty database with a demo puskesmas")
    mongodb_uri: str = setting(
        "",
        "FHIR_MONGODB_URI",
        "a MongoDB replica set; empty: the embedded database",
        secret=True,  # a password may be in it
    )
    mongodb_database: str = setting("fhir", "FHIR_MONGODB_DATABASE", "name of the database")
    mongod: str = setting("", "FHIR_MONGOD", "mongod to embed; empty: PATH, then the wheel's")
    mongod_cache_gb: float = setting(
        0.25, "FHIR_MONGOD_CACHE_GB", "cache of the embedded database, in gigabytes"
    )
    oplog_hours: int = setting(
        0,
        "FHIR_OPLOG_HOURS",
        "hours for which the embedded database keeps its oplog, whatever its size; 0: 64 MB",
    )
