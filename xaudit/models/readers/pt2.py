"""A program of torch.export (`.pt2`): a graph whose layers are found again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.export import unflatten
from torch.export.pt2_archive._package import load_pt2
from torch.utils._pytree import tree_unflatten

from xaudit.errors import DetectorError
from xaudit.models.formats import MODEL_FORMATS
from xaudit.models.programs.archive import Archive, read_archive
from xaudit.models.programs.exported import cleaned
from xaudit.models.programs.parts import ProgramLayer, parts_of
from xaudit.models.programs.sealed import Sealed, number_format

_RELATIVE, _ABSOLUTE = 1e-4, 1e-5
_MORE = 3
"""So many more images than a program was exported for are tried at once."""

Shape = tuple[int | None, ...]


class ExportedProgram(ProgramLayer):
    """An exported network with the names of its layers; (N, C, H, W) → what it returned.

    Args:
        root: its layers.
        shape: of the images that it takes; None for a side that may change.
        rebuilt: makes what the network returned of the numbers that the program makes.
    """

    def __init__(
        self, root: ProgramLayer, shape: Shape, rebuilt: Callable[[list[Any]], Any]
    ) -> None:
        super().__init__(root.steps)
        self._modules, self._parameters = root._modules, root._parameters
        self._buffers = root._buffers
        self._non_persistent_buffers_set = root._non_persistent_buffers_set
        self._shape, self._rebuilt = shape, rebuilt

    def forward(self, planes: Any) -> Any:  # noqa: ANN401  what the network returned
        """Take the steps, in the number format of the weights."""
        if isinstance(planes, torch.Tensor):
            self._refuse(tuple(planes.shape))
            planes = planes.to(number_format(self))
        made = super().forward(planes)
        return self._rebuilt(list(made) if isinstance(made, list | tuple) else [made])

    def _refuse(self, given: tuple[int, ...]) -> None:
        sides = zip(given[1:], self._shape[1:], strict=False)
        if len(given) == len(self._shape) and all(there in (None, one) for one, there in sides):
            return
        wanted = " x ".join("any" if one is None else str(one) for one in self._shape[1:])
        shape = " x ".join(map(str, given[1:]))
        raise DetectorError(
            f"the program was exported for images of {wanted} and detector.input gives {shape}: "
            "declare what it takes, or export it again"
        )


@MODEL_FORMATS.register("pt2")
def read(path: Path) -> torch.nn.Module:
    """Read a program of which nothing is unpickled or run; its layers may be watched.

    Where it was exported for a fixed number of images and really takes no other, it is called
    piece by piece, and its layers are hidden.

    Args:
        path: of a file of `torch.export.save`, whatever its suffix says.

    Raises:
        DetectorError: it is no such file, or holds more than a graph and raw tensors.
    """
    archive = cleaned(path, read_archive(path, "a program of torch.export (.pt2)"))
    with warnings.catch_warnings():
        # What torch says here is for those who write such files.
        warnings.simplefilter("ignore")
        program, batch = _unflattened(archive)
    program.eval()
    if batch is None or _takes_any_number(program, batch):
        return program
    return Sealed(program, batch)


def _unflattened(archive: Archive) -> tuple[ExportedProgram, int | None]:
    """The program, and for how many images it was exported; None for any number."""
    exported = load_pt2(archive.packed()).exported_programs["model"]
    (name,) = exported.graph_signature.user_inputs
    (seen,) = [node.meta["val"] for node in exported.graph.nodes if node.name == name]
    shape = tuple(side if isinstance(side, int) else None for side in seen.shape)
    signature = exported.module_call_graph[0].signature
    assert signature is not None
    structure = signature.out_spec
    # A function, which a copy of the network shares.
    program = ExportedProgram(
        parts_of(unflatten(exported)).as_called(),
        shape,
        lambda made: tree_unflatten(made, structure),
    )
    return program, shape[0]


def _takes_any_number(program: ExportedProgram, batch: int) -> bool:
    """Whether the graph of a fixed number of images says the same of other numbers.

    Tried with noise: convolutions do, a number that stands in the graph (`view(1, -1)`) does not.
    """
    if None in program._shape:
        return False
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch + _MORE, *program._shape[1:], generator=generator)  # type: ignore[arg-type]
    try:
        with torch.no_grad():
            together = program(images)
            pieces = Sealed(program, batch)(images)
    except Exception:  # of any kind, from an operator
        return False
    tensors = isinstance(together, torch.Tensor) and isinstance(pieces, torch.Tensor)
    return tensors and torch.allclose(together, pieces, rtol=_RELATIVE, atol=_ABSOLUTE)
