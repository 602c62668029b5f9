"""The plain protocol: images as one JSON object, scores as another."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Literal

import numpy as np

from xaudit.core.case import FloatArray
from xaudit.core.text.printable import printable
from xaudit.errors import DetectorLostError
from xaudit.models.remote.client import Client
from xaudit.models.remote.table import beginning, most_bytes, parsed, table_of

Encoding = Literal["base64", "lists"]
_JSON = {"Content-Type": "application/json"}


class PlainJson:
    """Posts ``{"shape": [N, C, H, W], "dtype": "float32", "images": …}``, reads ``{"scores": …}``.

    Args:
        client: of the service.
        where: begins messages.
        encoding: "base64" of little-endian bytes, row by row, or nested "lists" of numbers.
    """

    def __init__(self, client: Client, where: str, encoding: Encoding) -> None:
        self._client, self._where, self._encoding = client, where, encoding
        self._columns: int | None = None
        self._version: str | None = None

    def ask(self, planes: FloatArray) -> FloatArray:
        """(N, C, H, W) → (N, K).

        Raises:
            DetectorLostError: the answer is not as agreed, or of another version than those before.
        """
        most = most_bytes(len(planes), self._columns)
        answer = self._client.ask("", most, self._question(planes), _JSON)
        said = parsed(answer.body, self._where)
        if not isinstance(said, dict) or "scores" not in said:
            shown = beginning(answer.body)
            raise DetectorLostError(f'{self._where}: expected {{"scores": [[…], …]}}, got {shown}')
        self._keep_version(said.get("version"))
        table = table_of(said["scores"], len(planes), self._where)
        self._columns = table.shape[1]
        return table

    def stated(self) -> Mapping[str, str]:
        """The version that came with the answers; empty where none came."""
        return {"version": self._version} if self._version else {}

    def _question(self, planes: FloatArray) -> bytes:
        head = {"shape": planes.shape, "dtype": "float32"}
        if self._encoding == "lists":
            return json.dumps(head | {"images": planes.tolist()}).encode()
        # Megabytes in which there is nothing to escape.
        start = json.dumps(head).encode().removesuffix(b"}")
        return start + b', "images": "' + base64.b64encode(little_endian(planes)) + b'"}'

    def _keep_version(self, said: object) -> None:
        version = "" if said is None else printable(str(said))[:100]
        if self._version is None:
            self._version = version
        elif version != self._version:
            raise changed(self._where, self._version, version)


def changed(where: str, before: str, now: str) -> DetectorLostError:
    """The error of a service whose version changed while it was audited."""
    return DetectorLostError(
        f"{where}: answered as version {before or 'unstated'!r} and now as {now or 'unstated'!r}: "
        "an audit is about one detector; begin again in a new folder (--out)"
    )


def little_endian(planes: FloatArray) -> bytes:
    """The bytes of images, row by row, the smallest byte first on every machine."""
    return np.ascontiguousarray(planes, dtype="<f4").tobytes()
