"""Models of Keras 2 and 3, on Keras's own torch backend."""

from __future__ import annotations

import copy
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from xaudit.errors import DetectorError, InstallError
from xaudit.models.files.keras_config import drop_groups, is_keras_archive, refuse_code
from xaudit.models.formats import MODEL_FORMATS
from xaudit.torchvision_operators import define_missing_operators

_BACKEND = "torch"


class ChannelsLast(torch.nn.Module):
    """A Keras model that is called with images as torch has them, and never trains.

    Args:
        model: of Keras, whose images are (N, H, W, C), or (N, C, H, W) where it says so.
        channels_last: which of them.
    """

    def __init__(self, model: Any, channels_last: bool) -> None:  # noqa: ANN401
        super().__init__()
        self.channels_last = channels_last
        # Keras keeps its layers in lists of its own, in which torch does not find them. The model
        # itself holds their parameters once more, so it stands where torch does not look.
        self._model = (model,)
        self.layers = torch.nn.ModuleDict(_layers_of(model))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → (N, K)."""
        images = planes.permute(0, 2, 3, 1) if self.channels_last else planes
        outputs: torch.Tensor = self._model[0](images, training=False)
        return outputs

    def __deepcopy__(self, memo: dict[int, Any]) -> ChannelsLast:
        """Keras builds a copy from its configuration; its layers are those of the copy."""
        twin = ChannelsLast(copy.deepcopy(self._model[0], memo), self.channels_last)
        twin.requires_grad_(any(parameter.requires_grad for parameter in self.parameters()))
        return twin.train(self.training)


@MODEL_FORMATS.register("keras")
def read(path: Path, run_code: bool = False) -> torch.nn.Module:
    """Read a model that Keras saved whole: ``.keras``, or ``.h5`` of Keras 2 or 3.

    Args:
        path: of the file.
        run_code: whether Python code in it, such as Lambda layers, is run; it needs a yes.

    Raises:
        DetectorError: it is no such model, holds code, or takes something else than one image.
        InstallError: Keras is not installed, or runs on another backend already.
    """
    if not run_code:
        refuse_code(path)
    keras = _library()
    with tempfile.TemporaryDirectory() as folder:
        # Keras goes by the suffix, and a file of Keras 2 has to be changed.
        archive = is_keras_archive(path)
        twin = shutil.copyfile(path, Path(folder) / ("model.keras" if archive else "model.h5"))
        if not archive:
            drop_groups(twin)
        model = keras.saving.load_model(twin, compile=False, safe_mode=not run_code)
    return ChannelsLast(model, channels_last=_channels_last(path, model))


def _layers_of(model: Any) -> dict[str, torch.nn.Module]:  # noqa: ANN401
    """Layers at every depth by name; a later one of the same name is told apart."""
    found: dict[str, torch.nn.Module] = {}
    for layer in model._flatten_layers(include_self=False):
        name = layer.name.replace(".", "_")
        while name in found:
            name += "_again"
        found[name] = layer
    return found


def _library() -> Any:  # noqa: ANN401
    define_missing_operators()
    if "keras" not in sys.modules:
        # Read when Keras is imported, and never again.
        os.environ["KERAS_BACKEND"] = _BACKEND
    try:
        import keras  # noqa: PLC0415
    except ImportError:
        raise InstallError("format keras needs Keras 3: pip install 'xaudit[keras]'") from None
    found = keras.config.backend()
    if found != _BACKEND:
        raise InstallError(
            f"Keras runs on {found} in this process already, format keras needs torch: set "
            "KERAS_BACKEND=torch before it starts"
        )
    return keras


def _channels_last(path: Path, model: Any) -> bool:  # noqa: ANN401
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
        shapes = ", ".join(str(tuple(input_.shape)) for input_ in model.inputs)
        raise DetectorError(
            f"{path}: expected a model of one image, (N, H, W, C), got inputs of {shapes}"
        )
    first, last = (model.inputs[0].shape[axis] for axis in (1, 3))
    return not (last not in {1, 3} and first in {1, 3})
