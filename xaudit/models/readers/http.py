"""A detector behind an address: images are posted to it, scores come back."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from xaudit.core.detector import Scores
from xaudit.errors import DetectorError
from xaudit.models.formats import MODEL_FORMATS
from xaudit.models.remote.address import Address
from xaudit.models.remote.client import Client, Patience
from xaudit.models.remote.kserve import Asked, KServe
from xaudit.models.remote.permission import HTTP, variables
from xaudit.models.remote.plain_json import Encoding, PlainJson
from xaudit.models.remote.service import Service, Spoken

_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_VALUE = re.compile(r"[\x20-\x7e]+")


@MODEL_FORMATS.register(HTTP)
def read(  # noqa: PLR0913  (an option each)
    path: Path | None = None,
    *,
    url: _Text,
    protocol: Literal["json", "kserve_v2"] = "json",
    model: _Text | None = None,
    version: _Text | int | None = None,
    input: _Text | None = None,
    output: _Text | None = None,
    encoding: Encoding = "base64",
    headers_from: str = "",
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0,
    retries: Annotated[int, Field(ge=0, le=20)] = 4,
    batch: Annotated[int, Field(ge=1, le=4096)] = 32,
    parallel: Annotated[int, Field(ge=1, le=64)] = 1,
) -> Scores:
    """A service; see docs/how-to/audit-a-service.md.

    Args:
        path: none: there is no file.
        url: of the service; of KServe v2 without ``/v2``.
        protocol: that it speaks.
        model: of KServe v2, its name.
        version: of KServe v2; left out, the service chooses.
        input: of KServe v2, name of the tensor of images; not needed where there is one.
        output: of KServe v2, name of the tensor of scores; not needed where there is one.
        encoding: of images in JSON: "base64" of little-endian float32, or nested "lists".
        headers_from: "HEADER=VARIABLE, …": headers, and the variables of the environment that hold
            them.
        timeout: seconds for an answer.
        retries: how often it is asked again where it is busy or not there.
        batch: images in a question.
        parallel: questions at once.

    Raises:
        DetectorError: options do not fit together, or the service does not answer as declared.
    """
    if path is not None:
        raise DetectorError("format http has no file, so weights identify nothing; leave them out")
    named = {"model": model, "version": version, "input": input, "output": output}
    _fits(protocol, named, encoding)
    address = Address.of(url)
    client = Client(address, _headers(headers_from), Patience(timeout, retries))
    if protocol == "json":
        where = str(address)
        spoken: Spoken = PlainJson(client, where, encoding)
    else:
        where = f"{address}/v2/models/{model}"
        texts = {name: None if value is None else str(value) for name, value in named.items()}
        spoken = KServe(client, where, Asked(str(model), *list(texts.values())[1:]))
    return Service(client, spoken, f"{where} ({protocol})", batch, parallel)


def _fits(protocol: str, named: Mapping[str, object], encoding: Encoding) -> None:
    if protocol == "kserve_v2":
        if named["model"] is None:
            raise DetectorError("detector.arguments.model: protocol kserve_v2 needs a name")
        if encoding != "base64":
            raise DetectorError("detector.arguments.encoding: is of protocol json")
        return
    wrong = [name for name, value in named.items() if value is not None]
    if wrong:
        raise DetectorError(f"detector.arguments.{wrong[0]}: is of protocol kserve_v2")


def _headers(headers_from: str) -> dict[str, str]:
    """Headers with what the variables hold, which is told to nobody but the service."""
    found = {}
    for header, name in variables(HTTP, {"headers_from": headers_from}).items():
        value = os.environ.get(name)
        if value is None:
            raise DetectorError(f"headers_from: environment variable {name} is not set")
        if not _VALUE.fullmatch(value):
            raise DetectorError(f"headers_from: {name} holds signs that no header may have")
        found[header] = value
    return found
