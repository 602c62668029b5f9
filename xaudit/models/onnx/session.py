"""An ONNX model as onnxruntime computes it, on the CPU: the model that is deployed."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import torch

from xaudit.core.case import FloatArray
from xaudit.errors import DetectorError
from xaudit.models.foreign import told
from xaudit.models.onnx.feed import Feed, find_feed, find_output
from xaudit.models.onnx.file import OnnxFile
from xaudit.models.spec import DetectorSpec

_QUIET = 4
"""Of the levels of onnxruntime's log: what fails is raised as well."""


class OnnxScores:
    """Scores by onnxruntime; satisfies `xaudit.core.detector.Scores`.

    No library of operators is ever loaded, so what runs is onnxruntime alone. It computes with as
    many threads as torch does at that moment: the last digits depend on them.

    Args:
        file: to be run.
        spec: how the detector is declared.
        output: name of the output that holds the scores; empty where there is one.
        layout: "auto", "NCHW" or "NHWC".

    Raises:
        DetectorError: onnxruntime does not take the model, or it does not fit the declaration.
    """

    def __init__(self, file: OnnxFile, spec: DetectorSpec, output: str, layout: str) -> None:
        self._file = file
        self._threads = 0
        self._session: Any = None
        session = self._current()
        self.feed: Feed = find_feed(session.get_inputs(), layout, spec.input)
        self.output = find_output(session.get_outputs(), output)

    def __call__(self, planes: FloatArray, /) -> FloatArray:
        """(N, C, H, W) → (N, K), in batches of the size that the model takes."""
        session, count = self._current(), len(planes)
        size = self.feed.batch or max(count, 1)
        parts = [
            self._run(session, planes[start : start + size], size)
            for start in range(0, count, size)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def __deepcopy__(self, memo: dict[int, Any]) -> OnnxScores:
        """Itself: it has nothing that a copy could change, and a session cannot be copied."""
        return self

    def _run(self, session: Any, planes: FloatArray, size: int) -> FloatArray:  # noqa: ANN401
        count = len(planes)
        if self.feed.batch is not None and count < size:
            planes = np.concatenate([planes, np.repeat(planes[-1:], size - count, axis=0)])
        (made,) = session.run([self.output], {self.feed.name: self.feed.of(planes)})
        table = np.asarray(made)
        if table.dtype in {np.dtype(np.float16), np.dtype(np.float64)}:
            table = table.astype(np.float32)
        # Of a single image, some networks lose the axis of images.
        if len(planes) == 1 and (table.ndim < 2 or table.shape[0] != 1):
            table = table.reshape(1, -1) if table.ndim < 2 else table
        return table[:count]

    def _current(self) -> Any:  # noqa: ANN401  onnxruntime has no types
        """The session, made again where torch computes with another number of threads."""
        threads = torch.get_num_threads()
        if self._session is None or self._threads != threads:
            self._session, self._threads = _session(self._file, threads), threads
        return self._session


def runtime() -> str:
    """What computes, with its version."""
    return f"onnxruntime {onnxruntime.__version__}"


def _session(file: OnnxFile, threads: int) -> Any:  # noqa: ANN401
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _QUIET
    # Threads that wait in a loop would slow down those of torch.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A model has to be told the file that it is in where its values lie beside it.
    source = str(file.path) if file.beside else file.model.SerializeToString()
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise DetectorError(
            f"{file.path}: onnxruntime does not take the model: {told(error)}"
        ) from None
