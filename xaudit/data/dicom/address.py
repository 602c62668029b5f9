"""Address of an archive: what an audit file may say of it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s@?#\\\"<>]+")


def address_problem(url: str) -> str | None:
    """What is expected of an address; None where it is one. It may hold a secret: not repeated."""
    try:
        good = _ADDRESS.fullmatch(url) and urlsplit(url).hostname and urlsplit(url).port != 0
    except ValueError:
        good = None
    return None if good else "http://HOST/PATH or https://HOST/PATH, no name, password or query"
