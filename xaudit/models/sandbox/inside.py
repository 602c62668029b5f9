"""The side of the model: loads it, and answers questions, line by line, until nobody asks.

``python -I inside.py``: the first line of standard input says what to load, each later one is a
question. Answers are lines of JSON on what was standard output; arrays lie in shared memory.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import IO, Any

Answer = dict[str, Any]


def main() -> None:
    """Load and answer."""
    first = json.loads(sys.stdin.readline())
    # What the model prints is no answer: it goes where complaints go.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:] = first["path"]
    made = _answered(lambda: _load(first))
    model = made.pop("model", None)
    _tell(answers, made)
    if model is None:
        return
    for line in sys.stdin:
        question = json.loads(line)
        _tell(answers, _answered(lambda asked=question: model.answer(asked)))


def _tell(answers: IO[str], made: Answer) -> None:
    answers.write(f"{json.dumps(made)}\n")
    answers.flush()


def _answered(answer: Any) -> Answer:  # noqa: ANN401
    """The answer, or what was raised: whatever a model raises is told and ends nothing."""
    try:
        return answer()  # type: ignore[no-any-return]
    except (Exception, SystemExit) as error:
        from xaudit.models.foreign import told  # noqa: PLC0415

        kind = _kind(error)
        return {"error": str(error) if kind == "declared" else told(error), "kind": kind}


def _kind(error: BaseException) -> str:
    """What the other side makes of it."""
    from xaudit.errors import XauditError  # noqa: PLC0415

    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return "memory"
    if isinstance(error, OSError) or isinstance(error.__cause__, OSError):
        return "barred"
    if isinstance(error, XauditError):
        return "declared"
    return "runtime" if isinstance(error, RuntimeError) else "raised"


def _load(first: Mapping[str, Any]) -> Answer:
    import torch  # noqa: PLC0415

    torch.set_num_threads(first["threads"])
    from xaudit.models.load import load_detector  # noqa: PLC0415
    from xaudit.models.sandbox.border import Border  # noqa: PLC0415
    from xaudit.models.sandbox.declaration import spec_from  # noqa: PLC0415
    from xaudit.models.sandbox.served import Served  # noqa: PLC0415

    model = Served(load_detector(spec_from(first["spec"])), Border(first["descriptor"]))
    return {**model.described(), "model": model}


if __name__ == "__main__":
    main()
