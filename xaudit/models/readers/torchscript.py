"""TorchScript (`torch.jit.save`): scores and gradients of a program that brings its own code."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from xaudit.errors import DetectorError
from xaudit.models.formats import MODEL_FORMATS
from xaudit.models.programs.archive import read_archive
from xaudit.models.programs.operators import refuse_operators
from xaudit.models.programs.script_code import operators_of, refuse_code_while_loading
from xaudit.models.programs.sealed import Sealed


class ScriptProgram(Sealed):
    """A program of TorchScript, run as it is written.

    What torch would make of it after some calls (profiles, fused kernels) depends on how often it
    was called before, and so would the last digits of its scores.
    """

    def called(self, planes: torch.Tensor) -> Any:  # noqa: ANN401  what the program returns
        """The program itself."""
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            return self.inner(planes)


@MODEL_FORMATS.register("torchscript")
def read(path: Path, batch: int | None = None) -> torch.nn.Module:
    """Read a program and look at every operator of it before it is called.

    Args:
        path: of a file of `torch.jit.save`, whatever its suffix says.
        batch: images that it takes at once, where tracing fixed their number.

    Raises:
        DetectorError: it is no such file, or may do more than compute.
    """
    archive = read_archive(path, "a TorchScript program")
    if "constants.pkl" not in archive.members:
        raise DetectorError(f"{path}: is not a TorchScript program (torch.jit.save)")
    refuse_code_while_loading(path, archive)
    with warnings.catch_warnings():
        # What torch advises here is for those who write such files.
        warnings.simplefilter("ignore")
        program = torch.jit.load(archive.packed(), map_location="cpu")  # type: ignore[no-untyped-call]
    refuse_operators(path, operators_of(program))
    return ScriptProgram(program, batch).eval()
