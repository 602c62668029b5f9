"""An ONNX model as a detector: which path computes it, what it offers, and why not more."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from xaudit.core.case import FloatArray
from xaudit.core.detector import ModelFacts, Scores
from xaudit.core.message import Message
from xaudit.errors import DetectorError
from xaudit.models.foreign import told
from xaudit.models.heads.output import OutputKind
from xaudit.models.onnx.agreement import (
    ALONE,
    TOGETHER,
    Discrepancy,
    compared,
    images_like,
    tolerated_alone,
)
from xaudit.models.onnx.conversion import NotConvertedError, converted
from xaudit.models.onnx.file import OnnxFile, read_onnx
from xaudit.models.onnx.session import OnnxScores, runtime
from xaudit.models.spec import DetectorSpec


class ConvertedNetwork(torch.nn.Module):
    """A network of torch that answers as an ONNX model does.

    Args:
        network: converted; its images have the layout of the model.
        original: the model itself.
        kind: what the outputs mean.
    """

    def __init__(self, network: torch.nn.Module, original: OnnxScores, kind: OutputKind) -> None:
        super().__init__()
        self.network = network
        self.facts = ModelFacts()
        self._original, self._kind = original, kind
        self._last = original.feed.layout == "NHWC"

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → (N, K)."""
        given = planes.permute(0, 2, 3, 1) if self._last else planes
        with warnings.catch_warnings():
            # Onnx2torch indexes with lists; that torch reads them as before is compared.
            warnings.filterwarnings("ignore", message="Using a non-tuple sequence")
            made: torch.Tensor = self.network(given)
        return made

    def compare(self, planes: FloatArray, outputs: FloatArray, /) -> None:
        """Hold answers to images of a study against those of the model; see `Stands`."""
        expected = self._original(planes).reshape(outputs.shape).astype(np.float64)
        apart = np.abs(outputs - expected)
        if not (apart <= tolerated_alone(expected, self._kind)).all():
            raise DetectorError(
                f"the network that the ONNX model was converted to differs from onnxruntime by "
                f"{apart.max():.2g} on images of this study: declare detector.arguments: "
                "{convert: false}, and scores are computed by onnxruntime alone"
            )


class OnnxModel:
    """The model as onnxruntime computes it; satisfies `xaudit.core.detector.Scores`.

    Args:
        scores: of the model.
        facts: of it.
    """

    def __init__(self, scores: OnnxScores, facts: ModelFacts) -> None:
        self._scores, self.facts = scores, facts

    def __call__(self, planes: FloatArray, /) -> FloatArray:
        """(N, C, H, W) → (N, K)."""
        return self._scores(planes)


class SteepOnnxModel(OnnxModel):
    """Scores by onnxruntime, gradients image by image; satisfies `Gradients`.

    Args:
        scores: of the model.
        facts: of it.
        network: converted, that takes one image at a time.
    """

    def __init__(self, scores: OnnxScores, facts: ModelFacts, network: ConvertedNetwork) -> None:
        super().__init__(scores, facts)
        self._network = network

    def gradients(self, planes: FloatArray, slopes: FloatArray, /) -> FloatArray:
        """See `Gradients`."""
        found = []
        for image, slope in zip(torch.from_numpy(planes), torch.from_numpy(slopes), strict=True):
            one = image[None].clone().requires_grad_(True)
            with torch.enable_grad():
                outputs = self._network(one).reshape(1, *slope.shape)
            (gradient,) = torch.autograd.grad(outputs, one, slope[None])
            found.append(gradient.numpy())
        return np.concatenate(found)


def read_model(
    path: Path, spec: DetectorSpec, *, output: str, layout: str, convert: bool
) -> Scores | torch.nn.Module:
    """Read an ONNX model; see `xaudit.models.readers.onnx.read`."""
    file = read_onnx(path)
    scores = OnnxScores(file, spec, output, layout)
    limits = tuple(_limits(file))
    by = f"{runtime()} on the CPU"
    try:
        if not convert:
            raise NotConvertedError(Message("detector.arguments.convert is false"))
        return _converted(file, scores, spec, limits)
    except NotConvertedError as error:
        limit = Message(
            "The ONNX model tells scores alone, no gradients and no feature maps: {why}.",
            why=error.why,
        )
        return OnnxModel(scores, ModelFacts(by, (limit, *limits)))


def _limits(file: OnnxFile) -> list[str]:
    said: list[str] = []
    if file.prepares:
        said.append(
            Message(
                "The ONNX model changes images itself before its first layer ({steps}): mean and "
                "std are of what enters the file.",
                steps=file.prepares,
            )
        )
    if file.beside:
        said.append(
            Message(
                "Weights of the ONNX model lie beside it in {names}; the SHA-256 of the weights is "
                "that of the model's file alone, theirs are in the provenance.",
                names=[one.name for one in file.beside],
            )
        )
    return said


def _converted(
    file: OnnxFile, scores: OnnxScores, spec: DetectorSpec, limits: tuple[str, ...]
) -> ConvertedNetwork | SteepOnnxModel:
    """The network that answers as the model does.

    Raises:
        NotConvertedError: there is none.
    """
    whole = ConvertedNetwork(_network(file, scores, spec), scores, spec.output.kind)
    by = f"PyTorch, converted by onnx2torch {version('onnx2torch')}"
    try:
        found = _compared(whole, scores, spec, TOGETHER)
    except NotConvertedError:
        if scores.feed.batch != 1:
            raise
        found = _compared(whole, scores, spec, ALONE)
        limit = Message(
            "The ONNX model was exported for one image at a time: gradients are made image by "
            "image, and there are no feature maps; an export with a free batch has them."
        )
        told_of = f"{runtime()} on the CPU, gradients by {by}{_within(found)}"
        return SteepOnnxModel(scores, ModelFacts(told_of, (limit, *limits)), whole)
    whole.facts = ModelFacts(f"{by}{_within(found)}", limits)
    return whole


def _within(found: Discrepancy) -> str:
    return f"; it differs from {runtime()} by at most {found.largest:.1g} on trial images"


def _network(file: OnnxFile, scores: OnnxScores, spec: DetectorSpec) -> torch.nn.Module:
    if scores.feed.kind is not np.float32:
        raise NotConvertedError(
            Message("it takes images as {kind}", kind=np.dtype(scores.feed.kind).name)
        )
    sides = (spec.input.channels, spec.input.height, spec.input.width)
    if scores.feed.layout == "NHWC":
        sides = (*sides[1:], sides[0])
    try:
        with warnings.catch_warnings():
            # Of how onnx2torch calls torch, which changes no number.
            warnings.simplefilter("ignore")
            return converted(file, scores.output, sides, scores.feed.batch)
    except NotConvertedError:
        raise
    except Exception as error:  # whatever onnx and onnx2torch raise
        why = Message("the graph cannot be converted ({error})", error=told(error))
        raise NotConvertedError(why) from error


def _compared(
    whole: ConvertedNetwork, scores: OnnxScores, spec: DetectorSpec, parts: Sequence[slice]
) -> Discrepancy:
    def by_torch(planes: FloatArray) -> FloatArray:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = whole(torch.from_numpy(planes))
        return np.asarray(made.reshape(len(planes), -1).numpy())

    def by_runtime(planes: FloatArray) -> FloatArray:
        return scores(planes).reshape(len(planes), -1)

    planes = images_like(spec.input)
    try:
        found = compared(by_runtime, by_torch, planes, spec.output.kind, parts)
    except Exception as error:  # whatever a converted network raises
        why = Message("the converted network fails ({error})", error=told(error))
        raise NotConvertedError(why) from error
    if not found.agrees:
        raise NotConvertedError(
            Message("the converted network differs from onnxruntime by {by:.2g}", by=found.largest)
        )
    return found
