"""The one door to the detector: batches, memory, gradients and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.boxes import Boxes
from xaudit.core.case import FloatArray
from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError, ExplainerError
from xaudit.explain.engine.batch_outcomes import Gathered, PassPurpose, PassResult, run_batch
from xaudit.explain.engine.detector import DifferentiableDetector, Draws, FeatureLayer
from xaudit.explain.engine.fastest_batch import best_batch
from xaudit.explain.engine.folding import folded, name_of
from xaudit.explain.engine.fusing import alike, fused
from xaudit.explain.engine.inputs import Chained, Images, Inputs
from xaudit.explain.engine.passes import Pass, PassAnswer
from xaudit.explain.engine.penultimate import as_features, inputs_of, last_layer
from xaudit.explain.engine.precision import Forward, Rough


@dataclass(slots=True)
class Cost:
    """Images that passed through the detector.

    Attributes:
        forward: passes forward.
        backward: passes backward.
    """

    forward: int = 0
    backward: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ImageScores:
    """What the detector says of N images, and what it saw in them.

    Attributes:
        logits: (N,) of the positive class.
        features: (N, D), what its last layer reads; None where that cannot be read.
    """

    logits: npt.NDArray[np.float64]
    features: FloatArray | None


T = TypeVar("T")
_Rewrite = Callable[[torch.nn.Module], torch.nn.Module]


class _Counting(torch.nn.Module):
    """The detector as the libraries see it: every image that passes is counted."""

    def __init__(self, module: torch.nn.Module, cost: Cost) -> None:
        super().__init__()
        self.module = module
        self.cost = cost

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.cost.forward += len(images)
        if torch.is_grad_enabled() and images.requires_grad:
            self.cost.backward += len(images)
        logits: torch.Tensor = self.module(images)
        return logits


class Evaluator:
    """Calls the detector for every method, in batches that fit.

    It works on a copy of the detector in evaluation mode, with batch norms folded into the
    convolutions before them; the detector itself is never touched.

    Args:
        detector: under audit.
        micro_batch: images at once; None for what the detector states, or else to find the
            fastest number by a short probe. Halved whenever memory runs out.
        precision: "bfloat16" for masked images that are averaged, see `precision.Rough`.
    """

    def __init__(
        self,
        detector: DifferentiableDetector,
        micro_batch: int | None = None,
        precision: str = "float32",
    ) -> None:
        module = detector.module
        self.sandboxed = getattr(detector, "sandbox", None) is not None
        self._device = next(
            (one.device for one in chain(module.parameters(), module.buffers())),
            torch.device("cpu"),
        )
        self._noise = _noise(detector.input).to(self._device)
        self._module, self.target_layer = folded(module, detector.target_layer, self._noise)
        self._quick = fused(self._module, self._noise, name_of(self._module, self.target_layer))
        self._counting = _Counting(self._module, Cost()).eval()
        self._rewritten: dict[_Rewrite, torch.nn.Module] = {}
        # A service of somebody else is not probed for its limits.
        self._asked = micro_batch or getattr(detector, "batch", None)
        self._sizes: dict[bool, int] = {}
        self._directions = {"forward": False}
        if "gradients" in detector.capabilities:
            self._directions["backward"] = True
        self._steep, self._layer = self._differentiated()
        self.cost = Cost()
        self._blocks = 0
        self.rough = Rough(precision)

    def like(self, detector: DifferentiableDetector) -> Evaluator:
        """The door to a detector that differs in its weights alone.

        It takes as many images at once as fit both ways; what passes there is counted here.
        """
        other = Evaluator(detector, min(self.sizes.values()))
        other.cost = self.cost
        return other

    @property
    def device(self) -> torch.device:
        """Where the detector computes."""
        return self._device

    def require_layer(self) -> FeatureLayer:
        """The target layer.

        Raises:
            ExplainerError: the detector has none.
        """
        if self.target_layer is None:
            raise ExplainerError(
                "no layer of the detector returns a feature map; choose methods without features"
            )
        return self.target_layer

    @property
    def module(self) -> torch.nn.Module:
        """The counting module, for libraries that want to call it themselves."""
        return self._counting

    def rewritten(self, rewrite: _Rewrite) -> torch.nn.Module:
        """A counting module like `module` around a rewritten copy of the detector.

        It is made once for each way of rewriting and counted together with `module`.

        Args:
            rewrite: returns a changed copy and leaves what it gets alone.
        """
        if rewrite not in self._rewritten:
            copy = rewrite(self._module)
            self._rewritten[rewrite] = _Counting(copy, self._counting.cost).eval()
        return self._rewritten[rewrite]

    @property
    def micro_batch(self) -> int:
        """Images at once forward, for libraries that make their own batches."""
        return self._sizes.get(False, self._asked or 8)

    @property
    def sizes(self) -> dict[str, int]:
        """Images at once, forward and backward; probed now if they were not yet.

        An audit that goes on takes up the sizes with which it began: the last digits of results
        depend on them.
        """
        return {name: self._size(backward) for name, backward in self._directions.items()}

    @sizes.setter
    def sizes(self, sizes: Mapping[str, int]) -> None:
        self._sizes = {
            backward: sizes[name] for name, backward in self._directions.items() if name in sizes
        }

    @contextmanager
    def in_batches(self, images: int) -> Iterator[None]:
        """Within, so many images pass at once, both ways; as many as before behind it."""
        before = self.sizes
        self.sizes = dict.fromkeys(before, images)
        try:
            yield
        finally:
            self.sizes = before

    @property
    def feature_grid(self) -> tuple[int, int] | None:
        """Rows and columns of the target layer's output; None if there is none."""
        return self.target_layer.grid if self.target_layer else None

    def logits(self, images: FloatArray) -> npt.NDArray[np.float64]:
        """Logits of the positive class; (N, C, H, W) in [0, 1] → (N,)."""
        return self.answer([Pass(Images(images))])[0].logits

    def scores(self, images: FloatArray) -> ImageScores:
        """Logits, and in the same pass what the last layer reads; (N, C, H, W) in [0, 1]."""
        # A probe for the size of batches would be recorded too.
        self._size(backward=False)
        name = self._last
        last = self._quick.get_submodule(name) if name is not None else None
        with inputs_of(last) as seen:
            logits = self.logits(images)
        return ImageScores(logits, as_features(seen, len(images)))

    def boxes(self, images: FloatArray | Inputs) -> list[Boxes]:
        """What the detector draws, image by image, on the input grid.

        Args:
            images: (N, C, H, W) in [0, 1], or how they are made.

        Raises:
            DetectorError: it draws no boxes.
        """
        images = Images(images) if isinstance(images, np.ndarray) else images
        drawn = self._in_parts(images, self._drawing.boxes)
        return list(chain.from_iterable(drawn))

    def masks(self, images: FloatArray) -> FloatArray:
        """Logits of what the detector paints, on the input grid; (N, C, H, W) → (N, H, W).

        Raises:
            DetectorError: it paints no masks.
        """
        painted = self._in_parts(Images(images), self._drawing.masks)
        return np.concatenate([one.float().cpu().numpy() for one in painted])

    def gradients(self, images: FloatArray) -> FloatArray:
        """Gradients of the logits with respect to the pixels; (N, C, H, W) → (N, C, H, W)."""
        gradients = self.answer([Pass(Images(images), gradients=True)])[0].gradients
        assert gradients is not None
        return gradients

    def open_logit(self, image: FloatArray) -> torch.Tensor:
        """The logit of one image with the graph behind it, to differentiate; (C, H, W) → ().

        Whoever watches what the detector computes meanwhile counts it like a library, with
        `counted`.
        """
        pixels = torch.from_numpy(image[None].copy()).to(self._device).requires_grad_(True)
        with torch.enable_grad():
            logit: torch.Tensor = self._counting(pixels).sum()
        return logit

    @cached_property
    def _last(self) -> str | None:
        """The layer that is called last; looked for once, where features are asked for."""
        return last_layer(self._module, self._noise)

    def answer(self, passes: Sequence[Pass]) -> list[PassAnswer]:
        """Carry out passes of any number of cases and methods together.

        Args:
            passes: in any order; those that want the same share batches.

        Raises:
            ExplainerError: features are wanted and the detector has no target layer.
        """
        gathered = [Gathered(passing) for passing in passes]
        for wanted in dict.fromkeys(one.wanted for one in gathered):
            self._carry_out([one for one in gathered if one.wanted == wanted], wanted)
        return [one.answer() for one in gathered]

    @contextmanager
    def counted(self) -> Iterator[Cost]:
        """What libraries pass through `module` inside the block; complete when it ends."""
        total = self._counting.cost
        before = Cost(total.forward, total.backward)
        block = Cost()
        self._blocks += 1
        try:
            yield block
        finally:
            block.forward = total.forward - before.forward
            block.backward = total.backward - before.backward
            self._blocks -= 1
            # What is counted within another block is of that one, too.
            if not self._blocks:
                self.cost.forward += block.forward
                self.cost.backward += block.backward

    @property
    def reference(self) -> tuple[float, float, float, float] | None:
        """The box that is explained: left, top, right, bottom; None where that is the image."""
        return self._drawing.reference

    @property
    def _drawing(self) -> Draws:
        if not isinstance(self._quick, Draws):
            raise DetectorError("the detector draws neither boxes nor masks")
        return self._quick

    def _in_parts(self, images: Inputs, ask: Callable[[torch.Tensor], T]) -> list[T]:
        """Answers about images, forward, in batches that fit; every image is counted."""
        answers, start = list[T](), 0
        while start < len(images):
            batch = images.build(slice(start, start + self._size(backward=False)))
            with torch.inference_mode():
                asking = partial(ask, self._placed(batch))
                answer = self._fitting(asking, len(batch), backward=False)
            if answer is not None:
                answers.append(answer)
                start += len(batch)
        with self.counted():
            self._counting.cost.forward += start
        return answers

    def _carry_out(self, members: Sequence[Gathered], wanted: PassPurpose) -> None:
        if wanted.features:
            self.require_layer()
        inputs = Chained(tuple(member.asked.inputs for member in members))
        turn = self.rough.round(self._rough_module) if wanted.rough else None
        forward = turn or self._forward(wanted.backward)
        start = 0
        while start < len(inputs):
            batch = inputs.build(slice(start, start + self._size(wanted.backward)))
            outcome = self._try(forward, batch, wanted)
            if outcome is not None:
                _share(outcome, members, start, start + len(batch))
                start += len(batch)
        for member in members:
            member.reduced = turn is not None and turn.reduced

    def _try(self, forward: Forward, batch: torch.Tensor, wanted: PassPurpose) -> PassResult | None:
        """What the batch gives, or None when it did not fit into memory."""
        outcome = self._fitting(
            lambda: run_batch(forward, self._layer, self._placed(batch), wanted),
            len(batch), wanted.backward,
        )  # fmt: skip
        if outcome is not None:
            self.cost.forward += len(batch)
            self.cost.backward += len(batch) * wanted.backward
        return outcome

    def _fitting(self, ask: Callable[[], T], images: int, backward: bool) -> T | None:
        """The answer, or None where so many images do not fit into memory: fewer come next."""
        try:
            return ask()
        except RuntimeError as error:
            if images == 1 or not is_out_of_memory(error):
                raise
            self._sizes[backward] = images // 2
            return None

    def _forward(self, backward: bool) -> torch.nn.Module:
        return self._steep if backward else self._quick

    @property
    def _rough_module(self) -> torch.nn.Module:
        # Number formats are changed from outside, which a fused convolution does not follow.
        return self._quick if self.rough.wanted == "float32" else self._module

    def _differentiated(self) -> tuple[torch.nn.Module, FeatureLayer | None]:
        """The fastest form of the network whose gradients are right, and its target layer."""
        own = (self._module, self.target_layer)
        if self._quick is self._module or "backward" not in self._directions:
            return own
        name = name_of(*own)
        layer = self.target_layer
        if layer is not None and name is not None:
            layer = layer.within(self._quick.get_submodule(name))
        quick = (self._quick, layer)
        return quick if alike(*own, *quick, self._noise) else own

    def _placed(self, batch: torch.Tensor) -> torch.Tensor:
        """The batch where the detector is; to a GPU it travels while the host goes on."""
        if self._device.type == "cuda":
            batch = batch.pin_memory()
        return batch.to(self._device, non_blocking=True)

    def _size(self, backward: bool) -> int:
        """Images at once; probed the first time."""
        known = self._sizes.get(backward, self._asked)
        if known is not None:
            return known
        wanted = PassPurpose(gradients=backward, features=False)
        self._sizes[backward] = best_batch(
            lambda batch: run_batch(self._forward(backward), None, batch, wanted), self._noise
        )
        return self._sizes[backward]


def _noise(spec: InputSpec) -> torch.Tensor:
    """One image that leaves no layer without a signal, the same every time."""
    planes = 3 if spec.color == "rgb" else 1
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, planes, *spec.grid.shape, generator=generator)


def _share(outcome: PassResult, members: Sequence[Gathered], start: int, stop: int) -> None:
    """Give every member the rows [start, stop) of all that belong to it."""
    first = 0
    for member in members:
        last = first + len(member.asked.inputs)
        mine = slice(max(first, start) - start, min(last, stop) - start)
        if mine.start < mine.stop:
            member.take(outcome, mine)
        first = last


def is_out_of_memory(error: Exception) -> bool:
    """Whether fewer images at once may do."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
