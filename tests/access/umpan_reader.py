"""A hospital's program: follows its feed and keeps each page with its cursor, in one line."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

TIMEOUT = 60


def follow(base: str, organization: str, file: Path) -> None:
    with file.open("a+b") as kept:
        cursor = recovered(kept)
        while True:
            asked = {"organization": organization, "since": cursor, "_count": "3", "wait": "5"}
            said = requests.get(f"{base}/$umpan", params=asked, timeout=TIMEOUT).json()
            links = {each["relation"]: each["url"] for each in said["link"]}
            cursor = parse_qs(urlsplit(links["resume"]).query)["since"][0]
            found = [each["fullUrl"].partition("/fhir/")[2] for each in said.get("entry", ())]
            kept.write(json.dumps({"cursor": cursor, "found": found}).encode() + b"\n")
            kept.flush()
            os.fsync(kept.fileno())


def recovered(kept) -> str:
    """Cut what was written only in part, and go on from the last whole line."""
    kept.seek(0)
    whole = kept.read().rpartition(b"\n")[0]
    kept.truncate(len(whole) + 1 if whole else 0)
    return json.loads(whole.splitlines()[-1])["cursor"] if whole else "first"


if __name__ == "__main__":
    follow(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
