"""Folders of Hugging Face: a configuration that names the network, and its weights.

Nothing is downloaded, and no code of the folder runs unless it is allowed: the network is one of
the installed transformers, its weights are safetensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xaudit.errors import DetectorError, InstallError
from xaudit.models.files.folders import read_config
from xaudit.models.formats import MODEL_FORMATS
from xaudit.models.spec import DetectorSpec
from xaudit.torchvision_operators import define_missing_operators

CONFIG = "config.json"
_SHOWN = 5
_REFUSED = {
    "auto_map": "its network is code of its own, which is not run: name a factory that builds it "
    "(detector.architecture, docs/how-to/audit-a-detector.md), or let it run in a sandbox "
    "(arguments: {run_code: true}, which needs --allow-code)",
    "quantization_config": "its weights are quantized by another library: save them as float32",
}


_SOFTMAX = {"detr", "table-transformer", "yolos"}
_SIGMOID = {
    "conditional_detr", "d_fine", "dab-detr", "deformable_detr", "lw_detr", "rf_detr", "rt_detr",
    "rt_detr_v2",
}  # fmt: skip
"""Types of networks that detect objects, by what makes probabilities of their logits."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What networks of transformers are for.

    Attributes:
        does: in words.
        auto: the class that reads one.
        known: the table of types in transformers.
    """

    does: str
    auto: str
    known: str


_CLASSIFIES = _Task(
    "classifies images", "AutoModelForImageClassification",
    "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",
)  # fmt: skip
_DRAWS = {
    "boxes": _Task(
        "detects objects", "AutoModelForObjectDetection", "MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES"
    ),
    "segmentation": _Task(
        "segments images", "AutoModelForSemanticSegmentation",
        "MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING_NAMES",
    ),
}  # fmt: skip
"""Kind of output → task; every other kind classifies."""


class Logits(torch.nn.Module):
    """A network of transformers that is called with images alone, and returns its logits.

    Args:
        model: of transformers, for image classification or segmentation.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → (N, labels), or (N, labels, h, w)."""
        logits: torch.Tensor = self.model(pixel_values=planes).logits
        return logits


class Queries(torch.nn.Module):
    """A detector of transformers that is called with images alone: logits and boxes of queries.

    Args:
        model: of transformers, for object detection.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, planes: torch.Tensor) -> dict[str, torch.Tensor]:
        """(N, C, H, W) → (N, Q, labels) and (N, Q, 4)."""
        made = self.model(pixel_values=planes)
        return {"logits": made.logits, "pred_boxes": made.pred_boxes}


@MODEL_FORMATS.register("huggingface")
def read(
    path: Path,
    leave_out_unused: bool = False,
    run_code: bool = False,
    *,
    spec: DetectorSpec | None = None,
) -> torch.nn.Module:
    """Read a folder that ``save_pretrained`` of a network wrote.

    Every tensor of the network has to be in the folder: transformers would draw one that is
    missing at random, and say so in a warning.

    Args:
        path: of the folder.
        leave_out_unused: whether tensors are left out that the network does not have.
        run_code: whether the network is code of the folder; it needs a yes.
        spec: how the detector is declared: its output says what the network is for.

    Raises:
        DetectorError: the folder holds something else, or weights and network do not fit.
        InstallError: transformers is not installed.
    """
    model_type, own = _refuse_others(path, run_code)
    transformers, kind = _library(), spec.output.kind if spec else "logit"
    task = _DRAWS.get(kind, _CLASSIFIES)
    known = getattr(transformers.models.auto.modeling_auto, task.known)
    if model_type not in known and not run_code:
        raise DetectorError(
            f"{path}: transformers {transformers.__version__} has no network of type "
            f"{model_type!r} that {task.does}"
        )
    if spec is not None and kind == "boxes":
        _refuse_other_activation(path, model_type, spec)
    with _silent(transformers):
        model, info = getattr(transformers, task.auto).from_pretrained(
            str(path), local_files_only=True, trust_remote_code=run_code, use_safetensors=True,
            output_loading_info=True, dtype=torch.float32, attn_implementation="eager", **own,
        )  # fmt: skip
    _refuse_misfits(path, info, leave_out_unused)
    return Queries(model) if kind == "boxes" else Logits(model)


def _refuse_other_activation(path: Path, model_type: str, spec: DetectorSpec) -> None:
    """What nothing in the output tells, the type of the network does."""
    assert spec.output.boxes is not None
    declared = spec.output.boxes.activation
    for right, types in (("softmax", _SOFTMAX), ("sigmoid", _SIGMOID)):
        if model_type in types and declared != right:
            raise DetectorError(
                f"{path}: output.boxes.activation: expected {right}, as networks of type "
                f"{model_type} have it, got {declared}"
            )


def _refuse_others(folder: Path, run_code: bool) -> tuple[str, dict[str, bool]]:
    """The type of the network, and what is not done though its configuration says so.

    Refuses a folder whose network is not made of its type and weights.
    """
    try:
        content = read_config(folder)
    except (OSError, ValueError) as error:
        raise DetectorError(
            f"{folder}: expected a folder of Hugging Face with a readable {CONFIG}, got: {error}"
        ) from None
    for key, why in _REFUSED.items():
        if content.get(key) and not (run_code and key == "auto_map"):
            raise DetectorError(f"{folder / CONFIG}: says {key}: {why}")
    if (folder / "adapter_config.json").exists():
        raise DetectorError(
            f"{folder}: holds an adapter, not a network: merge it into its network and save that "
            "(merge_and_unload, save_pretrained)"
        )
    kind = content.get("model_type")
    if not isinstance(kind, str):
        raise DetectorError(f"{folder / CONFIG}: expected the name of a model_type, got {kind!r}")
    # All weights are in the folder; those of a backbone would be downloaded.
    pretrained = "use_pretrained_backbone"
    return kind, {pretrained: False} if content.get(pretrained) else {}


def _library() -> Any:  # noqa: ANN401
    define_missing_operators()
    try:
        import transformers  # noqa: PLC0415
        import transformers.models.auto.modeling_auto  # noqa: PLC0415
    except ImportError:
        raise InstallError(
            "format huggingface needs transformers: pip install 'xaudit[transformers]'"
        ) from None
    return transformers


@contextmanager
def _silent(transformers: Any) -> Iterator[None]:  # noqa: ANN401
    """Without bars and reports: what matters of them is raised."""
    logging = transformers.utils.logging
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _refuse_misfits(path: Path, info: Mapping[str, Any], leave_out_unused: bool) -> None:
    missing, unused = (sorted(map(str, info[key])) for key in ("missing_keys", "unexpected_keys"))
    if missing:
        raise DetectorError(
            f"{path}: holds no weights for {_listed(missing)}; they would be drawn at random: save "
            "the trained network with save_pretrained"
        )
    if unused and not leave_out_unused:
        raise DetectorError(
            f"{path}: holds {_listed(unused)}, which the network named in {CONFIG} does not have; "
            "name that network, or declare arguments: {leave_out_unused: true}"
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
