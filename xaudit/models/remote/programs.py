"""Programs as detectors: one that answers as long as it is asked, or one for each batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from PIL import Image

from xaudit.core.case import FloatArray
from xaudit.errors import DetectorLostError
from xaudit.models.remote.exchange import Bounds
from xaudit.models.remote.plain_json import little_endian
from xaudit.models.remote.program import Program
from xaudit.models.remote.table import beginning, finite, joined, most_bytes, parsed, table_of

Files = Literal["npy", "png"]
_NAME = 4096
"""Bytes of the path of a file in an answer, at most."""
_OFF = 1e-4


@dataclass(frozen=True, slots=True)
class Started:
    """How a program is started and asked.

    Attributes:
        words: absolute path and arguments.
        called: how messages name it: as the audit file does.
        seconds: for a batch; the first one includes the start.
        images: in a batch, at most.
        within: the words of a command, and files that belong to it → the command that runs it.
    """

    words: tuple[str, ...]
    called: str
    seconds: float
    images: int
    within: Callable[[list[str], Sequence[Path]], list[str]] = lambda words, _files: words


class _Programmed:
    """A model that is a program; satisfies `xaudit.core.detector.Elsewhere`."""

    def __init__(self, started: Started, protocol: str) -> None:
        self._started = started
        self._columns: int | None = None
        self.source = f"{started.called} ({protocol})"

    @property
    def batch(self) -> int:
        """Images in a batch, at most."""
        return self._started.images

    def __call__(self, planes: FloatArray) -> FloatArray:
        """(N, C, H, W) → (N, K)."""
        size = self._started.images
        starts = range(0, len(planes), size)
        tables = [self._asked(planes[start : start + size]) for start in starts]
        made = joined(tables, self._who)
        self._columns = made.shape[1]
        return made

    def stated(self) -> Mapping[str, str]:
        """Nothing: a program is what its files are."""
        return {}

    def close(self) -> None:
        """End what runs."""

    @property
    def _who(self) -> str:
        return f"the program {self._started.called}"

    def _asked(self, planes: FloatArray) -> FloatArray:
        raise NotImplementedError

    def _program(self, *files: Path) -> Program:
        words = [*self._started.words, *map(str, files)]
        return Program(self._started.within(words, files), self._started.called)


class Streaming(_Programmed):
    """One process, asked again and again.

    A question is a line ``{"shape": [N, C, H, W], "dtype": "float32"}`` and the bytes behind it;
    an answer is a line ``{"scores": [[…], …]}``.

    Args:
        started: how.
    """

    def __init__(self, started: Started) -> None:
        super().__init__(started, "stream")
        self._running: Program | None = None

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.close()

    def _asked(self, planes: FloatArray) -> FloatArray:
        if self._running is None:
            self._running = self._program()
        elif not self._running.runs:
            raise DetectorLostError(f"{self._who}: has ended; `xaudit run` again starts it again")
        head = json.dumps({"shape": planes.shape, "dtype": "float32"}).encode()
        most = most_bytes(len(planes), self._columns)
        bounds = Bounds(self._started.seconds, most, lines=1)
        line = self._running.asked(head + b"\n" + little_endian(planes), bounds)
        try:
            return self._table(line, len(planes))
        except DetectorLostError:
            # What it prints next would pass for the answer to another question.
            self.close()
            raise

    def _table(self, line: bytes, images: int) -> FloatArray:
        said = parsed(line, f"{self._who} printed another line than an answer (notes belong to "
                            "standard error)")  # fmt: skip
        if line.count(b"\n") != 1 or not line.endswith(b"\n"):
            raise DetectorLostError(f"{self._who}: expected one line, got more")
        if not isinstance(said, dict) or "scores" not in said:
            raise DetectorLostError(
                f'{self._who}: expected {{"scores": [[…], …]}}, got {beginning(line)}'
            )
        return table_of(said["scores"], images, self._who)


class OfFiles(_Programmed):
    """A process for each batch, with a file for each image behind its arguments.

    It prints a line ``{"file": …, "scores": […]}`` for each file, in any order.

    Args:
        started: how.
        files: "npy", (C, H, W) float32 as declared; "png", 8 bits for each plane, of images that
            are declared from 0 to 1.
    """

    def __init__(self, started: Started, files: Files) -> None:
        super().__init__(started, f"folder of {files}")
        self._suffix = files
        self._write: Callable[[Path, FloatArray], None] = _SUFFIXES[files]

    def _asked(self, planes: FloatArray) -> FloatArray:
        names = [f"{place:05d}.{self._suffix}" for place in range(len(planes))]
        with TemporaryDirectory(prefix="xaudit-images-") as folder:
            paths = [Path(folder) / name for name in names]
            for path, image in zip(paths, planes, strict=True):
                self._write(path, image)
            program = self._program(*paths)
            try:
                most = most_bytes(len(planes), self._columns) + len(planes) * _NAME
                said = program.asked(b"", Bounds(self._started.seconds, most))
            finally:
                program.close()
        rows = self._rows(said)
        if rows.keys() != set(names):
            odd = sorted(rows.keys() ^ set(names))[0]
            raise DetectorLostError(
                f"{self._who}: expected a line for each of {len(names)} files, got "
                f"{len(rows)}; {odd} is missing or was not asked about"
            )
        return finite(table_of([rows[name] for name in names], len(names), self._who), self._who)

    def _rows(self, said: bytes) -> dict[str, object]:
        """Name of a file → its scores."""
        rows: dict[str, object] = {}
        for line in filter(None, (one.strip() for one in said.splitlines())):
            one = parsed(line, f"{self._who} printed a line that is no answer (notes belong to "
                               "standard error)")  # fmt: skip
            if (
                not isinstance(one, dict)
                or not isinstance(one.get("file"), str)
                or ("scores" not in one)
            ):
                raise DetectorLostError(
                    f'{self._who}: expected {{"file": …, "scores": […]}}, got {beginning(line)}'
                )
            name = Path(one["file"]).name
            if name in rows:
                raise DetectorLostError(f"{self._who}: two lines are of {beginning(name.encode())}")
            rows[name] = one["scores"]
        return rows


def _npy(path: Path, image: FloatArray) -> None:
    np.save(path, np.ascontiguousarray(image, dtype="<f4"))


def _png(path: Path, image: FloatArray) -> None:
    """8 bits for each plane: gray, or colors."""
    if image.min() < -_OFF or image.max() > 1 + _OFF:
        raise DetectorLostError(
            f"files: png holds values from 0 to 1, and images have {image.min():.3g} to "
            f"{image.max():.3g}; declare mean 0 and std 1 in detector.input, or take files: npy"
        )
    values = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0)).save(path)


_SUFFIXES: Mapping[str, Callable[[Path, FloatArray], None]] = {"npy": _npy, "png": _png}
