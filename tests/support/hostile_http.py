"""Requests of who means harm, to every door at once, and what must be true of each answer."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.bridges.whatsapp.payloads import SECRET, signed
from tests.support.described import written
from tests.support.hostile import bodies, documents, patches, queries, texts, tokens_given, webhooks

SETTINGS = {
    "whatsapp_secret": SECRET,
    "whatsapp_verify_token": SECRET,
    "formulir_secret": SECRET,
    "body_limit": 256 * 1024,
}
WEBHOOK, FORM = "/webhooks/whatsapp", "/webhooks/formulir"
NOT_OFFERED = {501}
"""What R4 knows and this server does not offer is refused so (FHIR's not-supported)."""

_segments = st.one_of(
    st.sampled_from(
        ["Patient", "Observation", "Binary", "AuditEvent", "x", "_history", "1", "_search"]
    ),
    st.sampled_from(
        ["$everything", "$validate", "$match", "$umpan", "$lastn", "$meta", "$expunge"]
    ),
    st.sampled_from(
        ["..", ".", "%2e%2e", "%00", "%ff", "a" * 5000, "metadata", "_jobs", "$export"]
    ),
    texts,
)
_paths = st.one_of(
    st.lists(_segments, max_size=5).map(lambda parts: "/".join(["/fhir", *parts])),
    st.builds(
        "/sop/v1/{}/{}".format, st.sampled_from(["pasien", "kunjungan", "rujukan"]), _segments
    ),
    st.sampled_from(["/fhir/Patient", "/fhir/Patient/x", "/fhir", "/sop/v1/pasien", WEBHOOK, FORM]),
    st.sampled_from(
        ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/docs", "//fhir//x"]
    ),
)
_methods = st.sampled_from(
    ["GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FHIR"]
)
_types = st.one_of(
    st.sampled_from(
        ["application/fhir+json", "application/json", "application/fhir+xml", "application/xml", ""]
    ),
    st.sampled_from(
        [
            "application/json-patch+json",
            "application/x-www-form-urlencoded",
            "text/html",
            "a/b; c=;",
        ]
    ),
    st.sampled_from(
        ["application/fhir+json; charset=utf-7", "multipart/form-data; boundary=" + "x" * 300]
    ),
)
_header = st.one_of(
    st.sampled_from(
        [
            "ACCEPT",
            "IF_MATCH",
            "IF_NONE_MATCH",
            "IF_NONE_EXIST",
            "IF_MODIFIED_SINCE",
            "PREFER",
            "HOST",
        ]
    ),
    st.sampled_from(
        ["CONTENT_ENCODING", "ACCEPT_LANGUAGE", "ACCEPT_ENCODING", "X_REQUEST_ID", "X_PROVENANCE"]
    ),
    st.sampled_from(["ORIGIN", "X_FORWARDED_HOST", "RANGE", "COOKIE", "IDEMPOTENCY_KEY"]),
)
_held = st.one_of(
    st.sampled_from(
        ["*", 'W/"1"', 'W/"' + "9" * 400 + '"', "gzip", "q=;,;", "identifier=x&$where=1"]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
)
_payloads = st.one_of(bodies, patches, documents, webhooks, st.just(b""))
_queries = st.one_of(queries, st.text(max_size=30), st.just([]))

requests = st.fixed_dictionaries(
    {
        "path": _paths,
        "method": _methods,
        "query": _queries,
        "type": _types,
        "headers": st.dictionaries(_header, _held, max_size=3),
        "body": _payloads,
        "token": tokens_given | st.none(),
    }
)


class Door:
    """Sends such requests into the application; ``answered`` counts them by status.

    Where there are ``good`` tokens, one of them goes with most requests.
    """

    def __init__(self, client, database, good=()):
        self.client, self.database, self.good = client, database, good
        self.answered = {}

    def send(self, given):
        """Send what is hostile; expect no bug, and that a refusal changes no resource."""
        if self.good and (given["token"] is None or len(given["body"]) % 4):
            given = given | {"token": self.good[len(given["path"]) % len(self.good)]}
        self._judge(given, _written(given))

    def send_described(self, case):
        """Send what the description allows or forbids; every fourth request has no token."""
        sent = written(case)
        length = len(repr(sent))
        if self.good and length % 4:
            token = self.good[length % len(self.good)]
            sent["headers"]["Authorization"] = f"Bearer {token}"
        self._judge(case, sent)

    def _judge(self, given, sent):
        before = self._state()
        said = self.client.open(**sent)
        status = said.status_code
        self.answered[status] = self.answered.get(status, 0) + 1
        assert status < 500 or status in NOT_OFFERED, f"{status} {given!r}\n{said.text[:400]}"
        if status >= 400:
            assert self._state() == before, f"refused with {status}, and changed: {given!r}"

    def _state(self):
        names = [each for each in self.database.list_collection_names() if _is_kept(each)]
        return self.database.command("dbHash", collections=names)["collections"] if names else {}


def _is_kept(name):
    return name[0].isupper() and not name.startswith("AuditEvent")


def _written(given):
    query = given["query"]
    path = given["path"].encode("utf-8", "replace").decode()
    if not isinstance(query, str):
        query = [(_clean(name), _clean(value)) for name, value in query]
    headers = {f"HTTP_{name}": value for name, value in given["headers"].items()}
    if given["token"] is not None:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {_latin(given['token'])}"
    if path in {WEBHOOK, FORM}:
        headers["HTTP_X_HUB_SIGNATURE_256"] = signed(given["body"])["X-Hub-Signature-256"]
    return {
        "path": path.partition("?")[0],
        "method": given["method"],
        "query_string": _clean(query) if isinstance(query, str) else dict(query),
        "data": given["body"],
        "content_type": given["type"],
        "environ_overrides": headers,
    }


def _clean(text):
    return text.encode("utf-8", "replace").decode()


def _latin(text):
    return text.encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")
