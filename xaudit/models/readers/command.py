"""A detector that is a program: images on its standard input or in files, scores on its output."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from xaudit.core.detector import Scores
from xaudit.errors import DetectorError
from xaudit.models.formats import MODEL_FORMATS
from xaudit.models.remote.permission import COMMAND
from xaudit.models.remote.program import resolved
from xaudit.models.remote.programs import Files, OfFiles, Started, Streaming
from xaudit.models.sandbox.confine import find_sandbox, shown
from xaudit.models.spec import DetectorSpec

_WEIGHTS = "{weights}"
_KEY = "detector.arguments.command"


@MODEL_FORMATS.register(COMMAND)
def read(  # noqa: PLR0913  (an option each)
    path: Path | None = None,
    *,
    command: Annotated[str, Field(min_length=1, max_length=4000)],
    protocol: Literal["stream", "folder"] = "stream",
    files: Files | None = None,
    timeout: Annotated[float, Field(gt=0, le=86400)] = 120.0,
    batch: Annotated[int, Field(ge=1, le=1024)] = 16,
    spec: DetectorSpec | None = None,
) -> Scores:
    """A program; see docs/how-to/audit-a-service.md.

    Args:
        path: file or folder that is hashed for the identity of the detector; None for none.
        command: program and arguments, split as a shell splits them, and started without one;
            ``{weights}`` in it is the absolute path of that file or folder.
        protocol: "stream", one process that is asked again and again, or "folder", one for each
            batch with files as arguments.
        files: of protocol folder: "npy" (as declared) or "png" (8 bits, 0 to 1).
        timeout: seconds for a batch; the first one includes the start.
        batch: images at once.
        spec: the declaration, which says whether the program runs in a sandbox.

    Raises:
        DetectorError: there is no such program, options do not fit together, or no sandbox can be
            made here.
    """
    if files is not None and protocol != "folder":
        raise DetectorError("detector.arguments.files: is of protocol folder")
    words = resolved(_filled(_split(command), path))
    started = Started(tuple(words), command, timeout, batch)
    if spec is not None and spec.sandbox:
        sandbox, seen = find_sandbox(), shown([*words, *([str(path)] if path else [])])
        started = replace(
            started,
            within=lambda words, files: sandbox.words(words, [*seen, *files], forks=True),
        )
    return Streaming(started) if protocol == "stream" else OfFiles(started, files or "npy")


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise DetectorError(f"{_KEY}: cannot be split into words: {error}") from None


def _filled(words: list[str], path: Path | None) -> list[str]:
    """The words with the path of the weights."""
    if path is not None:
        return [word.replace(_WEIGHTS, str(path.resolve())) for word in words]
    if any(_WEIGHTS in word for word in words):
        raise DetectorError(
            f"{_KEY}: names {_WEIGHTS}; name the file or folder as detector.weights"
        )
    return words
