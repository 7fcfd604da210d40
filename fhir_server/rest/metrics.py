"""What operators watch: how many requests of which shape, how they ended, how long they took.

After ``share`` every process writes its own file in one folder and any of them answers for all.
Labels are shapes of URLs, never URLs.

https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog
from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, values
from prometheus_client import generate_latest as generate
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger(__name__)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SLOW_SECONDS = 1.0

REQUESTS = Histogram(
    "fhir_request_seconds",
    "Requests by method, shape of the URL and status.",
    ("method", "route", "status"),
    buckets=SECONDS,
)

MOST = 2000
"""Shapes, methods and statuses that are counted apart: any client may ask for any shape."""
OTHER = "{other}"
_known: set[tuple[str, str, str]] = set()

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def share(folder: str) -> None:
    """Let this process and those it forks count together, in files of this folder."""
    os.environ[_FOLDER] = folder
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def register(app: Flask) -> None:
    """Serve ``/metrics``."""
    app.add_url_rule("/metrics", "metrics", _metrics)


def observe(method: str, route: str, status: int, seconds: float, request_id: str) -> None:
    """Count one request, and log it if it is slow, refused, broken or asked for."""
    method = method if method in _METHODS else "other"
    counted(method, route, status).observe(seconds)
    if status < 400 and seconds < SLOW_SECONDS:
        write = log.debug
    else:
        write = log.error if status >= 500 else log.info
    write(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        request_id=request_id,
    )


@lru_cache(maxsize=4096)
def counted(method: str, route: str, status: int) -> Histogram:
    """Give what counts requests of a shape; those that are one too many count together."""
    labels = (method, route, str(status))
    if labels not in _known and len(_known) >= MOST:
        labels = (method, OTHER, str(status))
    _known.add(labels)
    return REQUESTS.labels(*labels)


def _metrics() -> Response:
    return Response(_collected(), content_type=CONTENT_TYPE_LATEST)


def _collected() -> bytes:
    if _FOLDER not in os.environ:
        return generate(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate(registry)
