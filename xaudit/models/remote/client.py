"""Client of a service over HTTP: waits, tries again, and reads no more than was agreed."""

from __future__ import annotations

import ssl
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from types import ModuleType
from typing import TYPE_CHECKING, Any

from xaudit.errors import DetectorLostError, InstallError
from xaudit.models.remote.address import Address
from xaudit.models.remote.table import beginning

if TYPE_CHECKING:
    import httpx

_BUSY = frozenset({429, 502, 503, 504})
"""Answers of services that are overloaded, or start just now."""
_CONNECT = 10.0
_PIECE = 128 * 1024
_FIRST, _LONGEST = 0.5, 60.0
"""Seconds before it is tried again the first time, and at most."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a service is waited for.

    Attributes:
        timeout: seconds for an answer.
        retries: how often it is tried again where there is no connection, or where the service
            says that it is busy.
    """

    timeout: float = 30.0
    retries: int = 4


@dataclass(frozen=True, slots=True)
class Response:
    """What came back under a status of success.

    Attributes:
        headers: names in lower case.
        body: to its end.
    """

    headers: Mapping[str, str]
    body: bytes


class Client:
    """Connections to one service, kept open until it is closed or forgotten; threads share it.

    Certificates are always verified, against those that the system trusts and those of certifi.
    Settings of the environment, proxies and ``.netrc`` among them, are not used.

    Args:
        address: of the service.
        headers: sent along; what they hold stands in no message.
        patience: how long it is waited for.
    """

    def __init__(self, address: Address, headers: Mapping[str, str], patience: Patience) -> None:
        self._httpx = _library()
        self._address, self._patience = address, patience
        self._secrets = [value for value in headers.values() if value]
        limits = self._httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._http = self._httpx.Client(
            headers={"Accept-Encoding": "identity", "User-Agent": "xaudit", **headers},
            timeout=self._httpx.Timeout(patience.timeout, connect=min(patience.timeout, _CONNECT)),
            verify=_trusted() if address.scheme == "https" else True,
            trust_env=False,
            follow_redirects=False,
            limits=limits,
        )
        self._end = weakref.finalize(self, self._http.close)

    def ask(
        self,
        path: str,
        most: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask once, and again where that may help.

        Args:
            path: appended to the address.
            most: bytes that are read.
            body: posted; None to get.
            headers: of this question.

        Raises:
            DetectorLostError: nobody answers, in time and as agreed; what to do.
        """
        url, told = f"{self._address}{path}", ""
        for attempt in range(self._patience.retries + 1):
            answer = self._told_or_answer(url, most, body, headers or {})
            if isinstance(answer, Response):
                return answer
            told, wait = answer
            if attempt == self._patience.retries:
                break
            wait = min(_FIRST * 2**attempt, _LONGEST) if wait is None else wait
            if wait > _LONGEST:
                raise DetectorLostError(
                    f"{url}: {told}, and asks to wait {wait:.0f} s; run again then"
                )
            sleep(wait)
        tries = self._patience.retries + 1
        raise DetectorLostError(
            f"{url}: {told}, {tries} times; see whether the service runs, then run again, which "
            "goes on where this run stopped"
        )

    def close(self) -> None:
        """Close the connections."""
        self._end()

    def _told_or_answer(
        self, url: str, most: int, body: bytes | None, headers: Mapping[str, str]
    ) -> Response | tuple[str, float | None]:
        """The answer, or why there is none yet and how long to wait if the service says so."""
        lost, began = self._httpx, monotonic()
        way: dict[str, Any] = {"method": "GET", "headers": dict(headers)}
        if body is not None:
            sized = {**headers, "Content-Length": str(len(body))}
            way = {"method": "POST", "headers": sized, "content": _pieces(body)}
        try:
            with self._http.stream(url=url, **way) as response:
                if response.status_code in _BUSY:
                    return f"answers {response.status_code}", _retry_after(response.headers)
                self._refuse(response, url, began)
                return Response(dict(response.headers), self._read(response, url, most, began))
        except (lost.ReadTimeout, lost.WriteTimeout):
            raise self._late(url) from None
        except lost.TransportError as error:
            if _is_untrusted(error):
                raise DetectorLostError(
                    f"{url}: its certificate is not trusted ({_first_line(error)}); let this "
                    "system trust the authority that signed it, or name a file with SSL_CERT_FILE"
                ) from None
            return f"no connection ({type(error).__name__}: {_first_line(error)})", None

    def _refuse(self, response: httpx.Response, url: str, began: float) -> None:
        """Raise what is no success and will be none another time."""
        code = response.status_code
        if 200 <= code < 300:
            return
        if 300 <= code < 400:
            to = _host_of(response.headers.get("location", ""))
            raise DetectorLostError(
                f"{url}: redirects{to} (status {code}), and images follow no redirect; name the "
                "address itself in detector.arguments.url"
            )
        said = self._without_secrets(beginning(self._head(response, began)))
        advice = "; see detector.arguments.headers_from" if code in {401, 403} else ""
        raise DetectorLostError(f"{url}: answers {code}, {said}{advice}")

    def _head(self, response: httpx.Response, began: float) -> bytes:
        held = b""
        with suppress(self._httpx.HTTPError):
            for piece in response.iter_raw():
                held += piece
                if len(held) > 1024 or monotonic() - began > self._patience.timeout:
                    break
        return held

    def _read(self, response: httpx.Response, url: str, most: int, began: float) -> bytes:
        packed = response.headers.get("content-encoding", "identity")
        if packed.lower() != "identity":
            raise DetectorLostError(
                f"{url}: the answer is packed ({beginning(packed.encode())}); an unpacked one was "
                "asked for"
            )
        held = bytearray()
        for piece in response.iter_raw():
            held += piece
            if len(held) > most:
                raise DetectorLostError(
                    f"{url}: the answer is longer than {most} bytes, which is more than scores of "
                    f"so many images take; it begins {beginning(bytes(held[:1024]))}"
                )
            if monotonic() - began > self._patience.timeout:
                raise self._late(url)
        return bytes(held)

    def _late(self, url: str) -> DetectorLostError:
        return DetectorLostError(
            f"{url}: no answer within {self._patience.timeout:g} s; raise "
            "detector.arguments.timeout, or lower batch so that a question is smaller"
        )

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text


def _pieces(body: bytes) -> Iterator[bytes]:
    """The body in parts: httpcore copies all that is left of a part after each write of it."""
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _library() -> ModuleType:
    try:
        import httpx  # noqa: PLC0415  (an extra, and slow to import)
    except ImportError:
        raise InstallError(
            "format http needs the package httpx: pip install 'xaudit[http]'"
        ) from None
    return httpx


def _trusted() -> ssl.SSLContext:
    """What the system trusts, where hospitals put their own authority, and certifi's."""
    import certifi  # noqa: PLC0415  (comes with httpx)

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _is_untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_line(error: BaseException) -> str:
    return beginning(str(error).encode("utf-8", "replace")).strip("'\"")


def _host_of(location: str) -> str:
    """Where a redirect leads, as " to HOST": a path may hold anything. Empty where it says none."""
    host = location.partition("//")[2].partition("/")[0].rpartition("@")[2]
    return f" to {beginning(host.encode('utf-8', 'replace'))}" if host else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a service asks to wait (RFC 9110, section 10.2.3); None where it does not."""
    said = headers.get("retry-after", "").strip()
    if said.isdigit():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
