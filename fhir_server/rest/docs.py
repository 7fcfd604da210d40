"""The description of the API, and the page that shows it: ``/openapi.json`` and ``/docs``.

Swagger UI comes from a package, so the page works without the Internet; its policy forbids the
browser to ask any other machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
from flask import Flask, Response, send_from_directory
from swagger_ui_bundle import swagger_ui_path
from werkzeug.exceptions import NotFound

from fhir_server.rest import openapi, sop

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.search.parameters import Parameters

FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>FHIR and SOP API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript. The description itself: <a href="/openapi.json">JSON</a>,
<a href="/openapi.yaml">YAML</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
  tryItOutEnabled: true,
});
"""


def register(app: Flask, context: Context) -> None:
    """Serve the description and the page."""

    @lru_cache(maxsize=2)
    def described(form: str, parameters: Parameters) -> bytes:
        document = openapi.describe(parameters, sop.spec())
        return openapi.yaml(document) if form == "yaml" else orjson.dumps(document)

    app.add_url_rule(
        "/openapi.json",
        "openapi",
        lambda: Response(described("json", context.parameters), content_type="application/json"),
    )
    app.add_url_rule(
        "/openapi.yaml",
        "openapi-yaml",
        lambda: Response(described("yaml", context.parameters), content_type="application/yaml"),
    )
    app.add_url_rule("/docs", "docs", _page, strict_slashes=False)
    app.add_url_rule("/docs/start.js", "docs-start", _start)
    app.add_url_rule("/docs/<name>", "docs-file", _file)


def _page() -> Response:
    return Response(PAGE, content_type="text/html; charset=utf-8", headers=_headers())


def _start() -> Response:
    return Response(START, content_type="text/javascript; charset=utf-8", headers=_headers())


def _file(name: str) -> Response:
    if name not in FILES:
        raise NotFound
    return send_from_directory(swagger_ui_path, name, max_age=86400)


def _headers() -> dict[str, str]:
    return {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
