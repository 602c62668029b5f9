"""HTTP to an archive: answers are bounded, and nothing leads elsewhere."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from xaudit.errors import DataError, InstallError
from xaudit.yaml_file import OURS

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient

MAX_ANSWER = 1_000_000_000
"""Bytes of an answer: metadata of a study, or an object with its pixels."""
_SECONDS = 60
_HEADER = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*(\w+)\s*")


def headers_of(said: str) -> dict[str, str]:
    """Headers whose values stand in variables of the environment: HEADER=VARIABLE, with commas.

    Raises:
        DataError: it is written otherwise, or a variable is not ours or not set.
    """
    found = {}
    for part in filter(None, said.split(",")):
        pair = _HEADER.fullmatch(part)
        if pair is None or not pair[2].startswith(OURS) or pair[2] not in os.environ:
            raise DataError(
                "data.options.headers_from: expected HEADER=VARIABLE, several with commas, such as "
                f"Authorization={OURS}TOKEN: variables that begin with {OURS} and are set"
            )
        found[pair[1]] = os.environ[pair[2]]
    return found


@lru_cache(maxsize=4)
def client_of(url: str, headers_from: str) -> DICOMwebClient:
    """A client of an archive; one for each process.

    Raises:
        InstallError: dicomweb-client is not installed.
    """
    try:
        from dicomweb_client.web import DICOMwebClient  # noqa: PLC0415
    except ImportError:
        raise InstallError(
            "data.options.url needs dicomweb-client: pip install 'xaudit[dicom]'"
        ) from None
    client = DICOMwebClient(
        url, session=_session(), headers=headers_of(headers_from), permissive_uid=True,
        timeout=_SECONDS,
    )  # fmt: skip
    client.set_http_retry_params(retry=True, max_attempts=3, wait_exponential_multiplier=200)
    return client


def _session() -> Any:  # noqa: ANN401 (requests has no types)
    import requests  # noqa: PLC0415

    class Bounded(requests.Session):
        """Takes no redirection, nothing of the environment, and no endless answer."""

        def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            kwargs |= {"stream": True, "allow_redirects": False}
            response = super().send(request, **kwargs)
            if response.is_redirect:
                raise DataError("the archive answers from another address; name that one")
            content = bytearray()
            for chunk in response.iter_content(1 << 20):
                content += chunk
                if len(content) > MAX_ANSWER:
                    raise DataError(f"the archive answers with more than {MAX_ANSWER:,} bytes")
            response._content, response._content_consumed = bytes(content), True
            return response

    session = Bounded()
    session.trust_env = False
    return session
