"""A box with a model in it, on this side of its border."""

from __future__ import annotations

import json
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError, DetectorLostError
from xaudit.models.remote.exchange import Bounds
from xaudit.models.remote.program import Program
from xaudit.models.remote.table import parsed
from xaudit.models.sandbox.about import About, read_about
from xaudit.models.sandbox.border import Border
from xaudit.models.sandbox.confine import Sandbox
from xaudit.models.sandbox.declaration import spec_as_json
from xaudit.models.spec import DetectorSpec

_INSIDE = Path(__file__).with_name("inside.py")
_SECONDS = 600.0
"""For an answer: the largest networks take seconds for a batch."""
_SHOWN = 600
_DESCRIPTION, _LINE = 64 * 2**20, 2**20
_BARRED = (
    "; in the sandbox there is no network, no file but those of the model and of Python, and no "
    "other process: --no-sandbox runs it with your rights, if you have read its code and trust it"
)
_LATE = "in the sandbox a model has to answer within that time"


class Box:
    """A model that was loaded in a box, and answers questions.

    Args:
        spec: what is loaded.
        sandbox: the walls.

    Raises:
        DetectorError: it cannot be loaded as declared.
        DetectorLostError: it ended, or took too long.
    """

    def __init__(self, spec: DetectorSpec, sandbox: Sandbox) -> None:
        name = spec.architecture if spec.weights is None else spec.weights.name
        self._called = f"{name} (in the sandbox)"
        self._border, self._memory = Border(), sandbox.memory
        weakref.finalize(self, self._border.close)
        words = [sys.executable, "-I", "-u", str(_INSIDE)]
        shown = [spec.weights] if spec.weights else []
        self._program = Program(
            sandbox.words(words, shown), self._called,
            shared=(self._border.descriptor,), late=_LATE,
        )  # fmt: skip
        first = {
            "path": [entry for entry in sys.path if entry],
            "threads": torch.get_num_threads(),
            "descriptor": self._border.descriptor,
            "spec": spec_as_json(spec),
        }
        self.about: About = read_about(self._asked(first, _DESCRIPTION))
        self.holds: object = None
        """Whose parameters the model has; see `BoxedNetwork`."""
        self.last: object = None
        """The pass that can be differentiated."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Box:
        """Itself: copies of a network share the process that computes."""
        return self

    def parameters(self) -> list[np.ndarray]:
        """Their values as they were loaded, in the order of `about.tensors`."""
        return self._border.get(self.about.arrays, [shape for _, _, shape in self.about.tensors])

    def ask(
        self,
        what: str,
        arrays: Sequence[np.ndarray],
        shapes: Sequence[Sequence[int | None]],
        **how: bool,
    ) -> list[np.ndarray]:
        """Ask, see `Served.answer`.

        Args:
            what: is asked.
            arrays: that belong to the question.
            shapes: of the arrays that are expected.
            how: the rest of the question.

        Raises:
            DetectorError: the model raised something.
            DetectorLostError: it ended, took too long, or answered otherwise.
        """
        if not self._program.runs:
            raise DetectorLostError(f"the program {self._called}: has ended; run again")
        question = {"ask": what, "arrays": self._border.put(arrays), **how}
        answer = self._asked(question, _LINE)
        return self._border.get(answer.get("arrays"), shapes)

    def close(self) -> None:
        """End the model."""
        self._program.close()

    def _asked(self, question: dict[str, Any], most: int) -> dict[str, Any]:
        line = self._program.asked(
            json.dumps(question).encode() + b"\n", Bounds(_SECONDS, most, lines=1)
        )
        answer = parsed(line, f"{self._called}: the model in the sandbox wrote no answer")
        if not isinstance(answer, dict):
            raise DetectorLostError(f"{self._called}: the model in the sandbox wrote no answer")
        if "error" in answer:
            raise _error(answer, self._memory)
        return answer


def _error(answer: dict[str, Any], memory: int) -> Exception:
    """What the model raised, as it would have been raised here."""
    text, kind = printable(str(answer["error"]))[:_SHOWN], answer.get("kind")
    if kind == "memory":
        # In these words: fewer images at once may do, which is tried where a detector is called.
        return RuntimeError(f"cannot allocate memory beyond the {memory / 1e9:.3g} GB that a model "
                            f"has in the sandbox: {text}")  # fmt: skip
    if kind == "runtime":
        return RuntimeError(text)
    if kind == "declared":
        return DetectorError(text)
    return DetectorError(f"the model failed: {text}{_BARRED if kind == 'barred' else ''}")
