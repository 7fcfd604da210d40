"""The log: one JSON line an event, and nothing of a patient in it.

What is logged of a request is its method, its shape (``/fhir/Patient/{id}``), its status, how long
it took, and its id. Never the path, the query, a header or a body.
"""

from __future__ import annotations

import logging
import sys

import structlog

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str) -> None:
    """Set the log up for this process; ``level`` is one of LEVELS."""
    if level not in LEVELS:
        raise ValueError(f"FHIR_LOG_LEVEL={level!r} is none of {', '.join(LEVELS)}.")
    number = getattr(logging, level.upper())
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
