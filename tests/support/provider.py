"""A small OpenID provider of its own process: ``python -m tests.support.provider``.

It prints its address. The authorization code flow is real; whoever ``login_hint`` names is signed
in without being asked. ``/rotate`` makes a new key, ``/publish`` puts any JWKS at ``/published``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


class Provider(ThreadingHTTPServer):
    """Keys, codes that wait to be exchanged, and what others publish here."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.codes: dict[str, dict[str, str]] = {}
        self.published = b"{}"
        self.asked = 0
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def exchanged(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Exchange a code once, for who began with it and can prove it (RFC 7636)."""
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return 400, {"error": "invalid_grant", "error_description": "No such code."}
        challenge = asked.get("code_challenge")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge is not None and challenge != proof:
            return 400, {"error": "invalid_grant", "error_description": "Not its verifier."}
        return 200, self.token(asked)

    def token(self, asked: dict[str, str]) -> dict[str, object]:
        """Exchange a code for tokens; claims of the request are said as they came."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": "fhir-server", "sub": asked["login_hint"], "iat": now}
        claims |= {"exp": now + 300, "scope": asked["scope"], "azp": asked["client_id"]}
        claims |= {"fhirUser": f"Practitioner/{asked['login_hint']}"}
        claims |= json.loads(asked.get("claims", "{}"))
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return {"access_token": signed, "id_token": signed, "token_type": "Bearer"}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Provider

    def do_GET(self) -> None:
        """Discovery, keys, the page where one would sign in."""
        parts, server = urlsplit(self.path), self.server
        asked = dict(parse_qsl(parts.query))
        match parts.path:
            case "/.well-known/openid-configuration":
                named = {name: f"{server.url}/{name}" for name in ("authorize", "token", "jwks")}
                said = {"issuer": server.url, "authorization_endpoint": named["authorize"]}
                self._json(said | {"token_endpoint": named["token"], "jwks_uri": named["jwks"]})
            case "/jwks":
                server.asked += 1
                self._json(KeySet([server.key]).as_dict(private=False))
            case "/published":
                self._send(200, server.published)
            case "/asked":
                self._json({"asked": server.asked})
            case "/authorize":
                code = secrets.token_urlsafe(8)
                server.codes[code] = asked
                back = urlencode({"code": code, "state": asked.get("state", "")})
                self._send(302, b"", Location=f"{asked['redirect_uri']}?{back}")
            case _:
                self._send(404, b"{}")

    def do_POST(self) -> None:
        """Token endpoint; what tests tell the provider to do."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.path:
            case "/token":
                status, said = self.server.exchanged(dict(parse_qsl(body.decode())))
                self._send(status, json.dumps(said).encode())
            case "/rotate":
                self.server.rotate()
                self._send(204, b"")
            case "/publish":
                self.server.published = body
                self._send(204, b"")

    def _json(self, document: object) -> None:
        self._send(200, json.dumps(document).encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    provider = Provider()
    sys.stdout.write(f"{provider.url}\n")
    sys.stdout.flush()
    provider.serve_forever()
