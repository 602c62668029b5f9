"""The Open Inference Protocol, version 2: KServe, Triton, Seldon, OpenVINO and others speak it.

Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md;
binary tensors: Triton's extension "binary_tensor_data".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any
from urllib.parse import quote

import numpy as np

from xaudit.core.case import FloatArray
from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError, DetectorLostError
from xaudit.models.remote.client import Client, Response
from xaudit.models.remote.plain_json import changed, little_endian
from xaudit.models.remote.table import finite, most_bytes, parsed

_FACTS = 1024 * 1024
_BINARY = "binary_tensor_data"
_LENGTH = "Inference-Header-Content-Length"
_TYPES = {"FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
_TEXT = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model, and which of its tensors.

    Attributes:
        model: its name.
        version: that is asked; None for the one that the service chooses.
        input: name of the tensor of images; None where there is one.
        output: name of the tensor of scores; None where there is one.
    """

    model: str
    version: str | None = None
    input: str | None = None
    output: str | None = None


class KServe:
    """Asks one model of a service.

    Args:
        client: of the service.
        where: begins messages.
        asked: which model.

    Raises:
        DetectorLostError: nobody answers, or not as the protocol says.
        DetectorError: the model has no such tensor, or several and none is named.
    """

    def __init__(self, client: Client, where: str, asked: Asked) -> None:
        self._client, self._where = client, where
        at = f"/v2/models/{quote(asked.model, safe='')}"
        self._path = f"{at}/versions/{quote(asked.version, safe='')}" if asked.version else at
        self._facts = self._model()
        self._input = self._name("inputs", asked.input, {"FP32"})
        self._output = self._name("outputs", asked.output, set(_TYPES))
        self._server = self._whole()
        self._binary = _BINARY in (self._server.get("extensions") or ())
        self._columns: int | None = None
        self._version: str | None = None

    def ask(self, planes: FloatArray) -> FloatArray:
        """(N, C, H, W) → (N, K).

        Raises:
            DetectorLostError: the answer is not as agreed, or of another version than those before.
        """
        body, headers = self._question(planes)
        most = most_bytes(len(planes), self._columns)
        answer = self._client.ask(f"{self._path}/infer", most, body, headers)
        said, rest = self._parts(answer)
        version = printable(str(said.get("model_version") or ""))[:_TEXT]
        if self._version not in (None, version):
            raise changed(self._where, str(self._version), version)
        self._version = version
        table = self._table(said, rest, len(planes))
        self._columns = table.shape[1]
        return table

    def stated(self) -> Mapping[str, str]:
        """Name, versions and platform of the model, and what the server is, asked now.

        Raises:
            DetectorLostError: nobody answers, or not as the protocol says.
        """
        model, server = self._model(), self._whole()
        versions = model.get("versions")
        said = {
            "name": model.get("name"),
            "versions": ", ".join(map(str, versions)) if isinstance(versions, list) else "",
            "platform": model.get("platform"),
            "answered as version": self._version,
            "server": f"{server.get('name', '')} {server.get('version', '')}".strip(),
        }
        return {name: printable(str(value))[:_TEXT] for name, value in said.items() if value}

    def _model(self) -> Mapping[str, Any]:
        said = parsed(self._client.ask(self._path, _FACTS).body, self._where)
        if not isinstance(said, dict) or not isinstance(said.get("name"), str):
            raise DetectorLostError(
                f"{self._where}: does not state its model as KServe v2 does; is "
                "detector.arguments.protocol right?"
            )
        return said

    def _whole(self) -> Mapping[str, Any]:
        """What the server states of itself; empty where it states nothing."""
        try:
            said = parsed(self._client.ask("/v2", _FACTS).body, self._where)
        except DetectorLostError:
            return {}
        return said if isinstance(said, dict) else {}

    def _name(self, side: str, wanted: str | None, types: set[str]) -> str:
        """The tensor of this side that is meant."""
        tensors = self._facts.get(side)
        listed = (
            [tensor for tensor in tensors if isinstance(tensor, dict)]
            if isinstance(tensors, list)
            else []
        )
        kinds = {str(one.get("name")): str(one.get("datatype")) for one in listed}
        key = f"detector.arguments.{side.removesuffix('s')}"
        shown = printable(", ".join(kinds) or "none")[:_TEXT]
        if wanted is None and len(kinds) != 1:
            raise DetectorError(f"{self._where}: {key}: the model has {side} {shown}; name one")
        name = wanted or next(iter(kinds))
        if name not in kinds:
            raise DetectorError(f"{self._where}: {key}: no {name!r}; the model has {side} {shown}")
        if kinds[name] not in types:
            raise DetectorError(
                f"{self._where}: {key}: {name!r} is of {printable(kinds[name])[:20]}, expected "
                f"{' or '.join(sorted(types))}"
            )
        return name

    def _question(self, planes: FloatArray) -> tuple[bytes, Mapping[str, str]]:
        tensor: dict[str, object] = {
            "name": self._input, "shape": planes.shape, "datatype": "FP32",
        }  # fmt: skip
        wanted: dict[str, object] = {"name": self._output}
        if not self._binary:
            tensor["data"] = planes.ravel().tolist()
            whole = json.dumps({"inputs": [tensor], "outputs": [wanted]}).encode()
            return whole, {"Content-Type": "application/json"}
        raw = little_endian(planes)
        tensor["parameters"] = {"binary_data_size": len(raw)}
        wanted["parameters"] = {"binary_data": True}
        head = json.dumps({"inputs": [tensor], "outputs": [wanted]}).encode()
        return head + raw, {
            "Content-Type": "application/octet-stream", _LENGTH: str(len(head)),
        }  # fmt: skip

    def _parts(self, answer: Response) -> tuple[Mapping[str, Any], bytes]:
        """The JSON of an answer, and the bytes behind it."""
        length = answer.headers.get(_LENGTH.lower())
        size = len(answer.body)
        if length is not None:
            size = int(length) if length.isdigit() else -1
            if not 0 < size <= len(answer.body):
                raise DetectorLostError(
                    f"{self._where}: {_LENGTH} is {printable(length)[:20]}, the answer has "
                    f"{len(answer.body)} bytes"
                )
        said = parsed(answer.body[:size], self._where)
        outputs = said.get("outputs") if isinstance(said, dict) else None
        if not isinstance(said, dict) or not isinstance(outputs, list):
            raise DetectorLostError(
                f"{self._where}: expected an answer with outputs, as KServe v2 says"
            )
        return said, answer.body[size:]

    def _table(self, said: Mapping[str, Any], rest: bytes, images: int) -> FloatArray:
        start = 0
        for one in said["outputs"]:
            parameters = one.get("parameters") if isinstance(one, dict) else None
            size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
            mine = isinstance(one, dict) and one.get("name") == self._output
            if mine and size is None:
                return self._shaped(one, _flat(one.get("data")), images)
            if mine and type(size) is int and 0 <= start + size <= len(rest):
                return self._shaped(one, rest[start : start + size], images)
            start += size if type(size) is int and size > 0 else 0
        raise DetectorLostError(f"{self._where}: the answer has no output {self._output!r}")

    def _shaped(self, one: Mapping[str, Any], data: bytes | list[Any], images: int) -> FloatArray:
        shape, kind = one.get("shape"), one.get("datatype")
        whole = isinstance(shape, list) and all(type(side) is int and side > 0 for side in shape)
        if (
            not isinstance(shape, list)
            or not whole
            or len(shape) not in {1, 2}
            or (shape[0] != images)
        ):
            raise DetectorLostError(f"{self._where}: expected scores of shape [{images}, K], got "
                               f"{printable(str(shape))[:60]}")  # fmt: skip
        if kind not in _TYPES:
            raise DetectorLostError(f"{self._where}: expected scores of {', '.join(_TYPES)}, got "
                               f"{printable(str(kind))[:20]}")  # fmt: skip
        made = _numbers(data, _TYPES[kind], prod(shape))
        if made is None:
            raise DetectorLostError(
                f"{self._where}: expected {prod(shape)} numbers of {kind} for shape {shape}, and "
                "the answer does not hold them"
            )
        return finite(made.reshape(images, -1), self._where)


def _numbers(data: bytes | list[Any], kind: str, count: int) -> Any:  # noqa: ANN401
    """So many numbers, in an array; None where these are others."""
    if isinstance(data, bytes):
        fits = len(data) == count * np.dtype(kind).itemsize
        return np.frombuffer(data, dtype=kind).astype(np.float64) if fits else None
    right = len(data) == count and all(type(one) in {int, float} for one in data)
    return np.array(data, dtype=np.float64) if right else None


def _flat(data: object) -> list[Any]:
    """Numbers of a list that may be nested; what is no list comes back as it is, in one."""
    if not isinstance(data, list):
        return [data]
    return [one for part in data for one in (_flat(part) if isinstance(part, list) else [part])]
