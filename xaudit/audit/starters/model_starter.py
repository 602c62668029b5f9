"""The part of a first audit file that speaks of a model of another format: what its file states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xaudit.audit.starters.network_starter import asked, comment, input_lines
from xaudit.models.files.onnx_outline import OnnxOutline, OnnxOutput, read_outline
from xaudit.models.recognize import Recognized
from xaudit.models.sidecars.onnx import of_onnx
from xaudit.models.sidecars.read import read_sidecars
from xaudit.models.sidecars.sidecar_facts import Sidecar

_PLANES = 4
_LINEAR = frozenset({"Gemm", "MatMul", "Add", "Conv"})


def model_text(path: Path, name: str) -> str:
    """Lines for `detector`: format, arguments, input and output.

    Args:
        path: of the model.
        name: of the format that reads it.
    """
    outline = (read_outline(path) if name == "onnx" else None) or OnnxOutline()
    sides, outputs = _sides(outline), outline.outputs
    channels = sides.get("channels")
    known = Recognized(None, channels=channels, outputs=_width(outputs))
    return "\n".join(
        [
            *comment(_written(outline), "  "),
            f"  format: {name}",
            *_arguments(outputs),
            "  input:",
            "    # How your training code prepared an image. Values enter the file as (x - mean) /",
            "    # std: what the graph does to them itself is not declared here.",
            *input_lines(known, _sidecars(path, sides)),
            "  output:",
            *_output(outputs),
        ]
    )


def _written(outline: OnnxOutline) -> str:
    by = f", written by {outline.producer}" if outline.producer else ""
    further = f"; its values lie in {', '.join(outline.external)}" if outline.external else ""
    return f"the file is the whole model{by}{further}"


def _sides(outline: OnnxOutline) -> dict[str, int]:
    """Channels, height and width, as far as they are fixed."""
    if len(outline.shape) != 4:
        return {}
    _, *sides = outline.shape
    names = ("channels", "height", "width")
    last = sides[2]
    if last is not None and last <= _PLANES and (sides[0] is None or sides[0] > _PLANES):
        names = ("height", "width", "channels")
    return {name: side for name, side in zip(names, sides, strict=True) if side}


def _sidecars(path: Path, sides: dict[str, int]) -> list[Sidecar]:
    own = Sidecar("the model", dict(sides), doubts=False)
    metadata = of_onnx(path)
    others = [sidecar for sidecar in read_sidecars(path) if sidecar.source != path.name]
    return [own, *([metadata] if metadata else []), *others]


def _width(outputs: Sequence[OnnxOutput]) -> int | None:
    return outputs[0].shape[-1] if len(outputs) == 1 and len(outputs[0].shape) > 1 else None


def _arguments(outputs: Sequence[OnnxOutput]) -> Iterator[str]:
    if len(outputs) > 1:
        yield "  arguments:"
        yield from asked("arguments", "output", "    ", f"it has {_listed(outputs)}")


def _listed(outputs: Sequence[OnnxOutput]) -> str:
    return ", ".join(
        f"{output.name} ({' x '.join('?' if side is None else str(side) for side in output.shape)}"
        f"{f', from {output.last}' if output.last else ''})"
        for output in outputs
    )


def _output(outputs: Sequence[OnnxOutput]) -> Iterator[str]:
    width, last = _width(outputs), outputs[0].last if len(outputs) == 1 else ""
    if last == "Sigmoid" and width == 1:
        yield "    kind: probability      # the graph ends with a Sigmoid; positive = fractured"
    elif last == "Softmax":
        yield "    kind: probabilities    # the graph ends with a Softmax"
        yield from asked("output", "positive", "    ")
    elif last in _LINEAR and width == 1:
        yield "    kind: logit            # one output of a linear layer; positive = fractured"
    else:
        remarks = [f"the model has {_listed(outputs)}"] if outputs else []
        yield from asked("output", "kind", "    ", *remarks)
        yield from asked("output", "positive", "    ")
