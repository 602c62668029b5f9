"""The port that every attribution method stands behind."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Protocol

from xaudit.core.attribution import AttributionMap, Parameter
from xaudit.core.case import PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.registry import Registry
from xaudit.errors import ConfigError
from xaudit.explain.evaluator import Evaluator


class Explainer(Protocol):
    """One attribution method with its parameters.

    Attributes:
        name: registry name.
        library: package and version that computes the map.
        question: what the map answers, as one sentence.
        needs: what the detector must offer.
        params: every parameter, defaults included.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def library(self) -> str: ...  # noqa: D102
    @property
    def question(self) -> str: ...  # noqa: D102
    @property
    def needs(self) -> frozenset[Capability]: ...  # noqa: D102
    @property
    def params(self) -> Mapping[str, Parameter]: ...  # noqa: D102

    def cost(self) -> tuple[int, int]:
        """Images passed forward and backward for one map, at most."""

    def explain(self, evaluator: Evaluator, case: PreparedCase, seed: int) -> AttributionMap:
        """Explain the logit of the positive class for one case.

        Args:
            evaluator: the door to the detector.
            case: on the input grid.
            seed: of everything random in this map.

        Raises:
            ExplainerError: the method cannot explain this detector or this case.
        """


EXPLAINERS: Registry[Callable[..., Explainer]] = Registry(
    "attribution method", entry_points="xaudit.explainers"
)

_BUILT_IN = ("gradcam", "integrated_gradients", "lime", "partition_shap")


def make_explainer(name: str, params: Mapping[str, Parameter]) -> Explainer:
    """An attribution method with these parameters; the others keep their defaults.

    Raises:
        RegistryError: there is no such method.
        ConfigError: it has no such parameter, or the value is not allowed.
    """
    load_built_in()
    factory = EXPLAINERS[name]
    known = {
        key: parameter.default for key, parameter in inspect.signature(factory).parameters.items()
    }
    unknown = [key for key in params if key not in known]
    if unknown:
        listed = ", ".join(f"{key}: {value}" for key, value in known.items()) or "none"
        raise ConfigError(
            [f"explain.methods.{name}.{key}: no such parameter; there is: {listed}"
             for key in unknown]
        )  # fmt: skip
    try:
        return factory(**params)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"explain.methods.{name}: {error}") from None


def load_built_in() -> None:
    """Import the methods that ship with xaudit, which registers them."""
    for module in _BUILT_IN:
        importlib.import_module(f"xaudit.explain.{module}")
