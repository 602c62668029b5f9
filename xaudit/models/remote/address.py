"""Addresses of services: what of them may be written down, and where images go."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError

_PORTS = {"http": 80, "https": 443}
_KEY = "detector.arguments.url"


@dataclass(frozen=True, slots=True)
class Address:
    """An address without secrets.

    Attributes:
        scheme: "http" or "https".
        host: name or number; IPv6 in brackets.
        port: of the host.
        path: begins with a slash, or is empty.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """Read an address as an audit file names it.

        Raises:
            DetectorError: it is none of HTTP, or holds a name, a password or a query: such parts
                are secrets, or belong to another protocol. None of them is repeated.
        """
        if not url.isprintable() or any(sign in url for sign in ' \\"<>'):
            raise DetectorError(f"{_KEY}: expected http://HOST or https://HOST, got signs that no "
                                "address has")  # fmt: skip
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise DetectorError(f"{_KEY}: the host or the port of this address is none") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise DetectorError(f"{_KEY}: expected http://HOST or https://HOST and a path")
        if "@" in parts.netloc:
            raise DetectorError(
                f"{_KEY}: holds a user name; an address is written into the audit, so it may hold "
                "no secret: name a variable that holds the header Authorization (headers_from)"
            )
        if "?" in url or "#" in url:
            raise DetectorError(
                f"{_KEY}: holds a query or a fragment, which may be secret and is not sent; leave "
                "out what follows ? or #"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def origin(self) -> str:
        """Scheme, host and port, the last where it is not usual: what receives the images."""
        usual = self.port == _PORTS[self.scheme]
        return f"{self.scheme}://{self.host}{'' if usual else f':{self.port}'}"

    def __str__(self) -> str:
        return printable(f"{self.origin}{self.path}")
