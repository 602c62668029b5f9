"""The port that every attribution method stands behind."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, ClassVar, TypeVar

import numpy as np

from xaudit.core.attribution import AttributionMap, Parameter, Residual
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.registry import Registry
from xaudit.core.seeds import seed_for
from xaudit.errors import ConfigError
from xaudit.explain.engine.passes import Direct, Pass

T = TypeVar("T")

Steps = Generator[Sequence[Pass] | Direct, Any, AttributionMap]
"""A method at work: it yields what it wants to know and is sent the answers.

It yields a list of `Pass` and is sent the list of their `Answer`, or it yields one `Direct` and
is sent what its call returned. So passes of all cases and methods at work share batches.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What a method may know besides the case.

    Attributes:
        seed: of the plan.
        background: images without a fracture, for methods that compare with them; (B, C, H, W),
            B is 0 where the study offers none.
    """

    seed: int
    background: FloatArray = dataclasses.field(
        default_factory=lambda: np.empty((0, 1, 1, 1), dtype=np.float32)
    )

    _made: dict[Hashable, Any] = dataclasses.field(default_factory=dict, repr=False)

    def once(self, case: PreparedCase, key: Hashable, make: Callable[[], T]) -> T:
        """What several methods need of a case, made for the first that asks."""
        place = (case.case.case_id, key)
        if place not in self._made:
            self._made[place] = make()
        made: T = self._made[place]
        return made

    def forget(self) -> None:
        """Drop what was made; the cases are done."""
        self._made.clear()

    def seed_for(self, case: PreparedCase, *purpose: str) -> int:
        """The seed of everything random in one case for one purpose."""
        return seed_for(self.seed, case.case.case_id, *purpose)


class Explainer(ABC):
    """One attribution method with its parameters: a dataclass whose fields are the parameters.

    Attributes:
        name: registry name.
        question: what the map answers, as one sentence.
        needs: what the detector must offer.
        package: the library that computes the map; None where xaudit does.
        compares: whether it needs images without a fracture.
    """

    name: ClassVar[str]
    question: ClassVar[str]
    needs: ClassVar[frozenset[Capability]] = frozenset()
    package: ClassVar[str | None] = None
    compares: ClassVar[bool] = False

    @property
    def library(self) -> str:
        """Package and version that computes the map."""
        package = self.package if getattr(self, "engine", "library") == "library" else None
        return f"{package or 'xaudit'} {version(package or 'xaudit')}"

    @property
    def params(self) -> Mapping[str, Parameter]:
        """Every parameter, defaults included."""
        # Every method is a dataclass; the base class has no parameters of its own.
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    @abstractmethod
    def cost(self) -> tuple[int, int]:
        """Images passed forward and backward for one map, at most."""

    @abstractmethod
    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain the logit of the positive class for one case.

        Args:
            case: on the input grid.
            context: seeds and background.

        Raises:
            ExplainerError: the method cannot explain this detector or this case.
        """

    def map_of(
        self,
        case: PreparedCase,
        values: FloatArray,
        residual: Residual | None = None,
        **found: Parameter,
    ) -> AttributionMap:
        """The map of a case.

        Args:
            case: what was explained.
            values: (H, W).
            residual: how far from converged.
            found: what turned out on the way, recorded beside the parameters.
        """
        return AttributionMap(
            case_id=case.case.case_id,
            method=self.name,
            values=np.asarray(values, dtype=np.float32),
            params={**self.params, **found},
            residual=residual,
        )


EXPLAINERS: Registry[Callable[..., Explainer]] = Registry(
    "attribution method", entry_points="xaudit.explainers"
)

METHODS = "xaudit.explain.methods"
"""Where the methods that ship with xaudit are: one file, one method or one family of them."""


def explainer(name: str) -> Callable[[type[Explainer]], type[Explainer]]:
    """Register a method under the name by which configurations call it."""

    def register(kind: type[Explainer]) -> type[Explainer]:
        kind.name = name
        EXPLAINERS.add(name, kind)
        return kind

    return register


def left_out(methods: Sequence[Explainer], offered: frozenset[Capability]) -> str:
    """What a detector lacks for which methods: "gradients: lrp, saliency"; empty for nothing.

    Args:
        methods: that are wanted.
        offered: by the detector, besides scores.
    """
    lacking: dict[str, list[str]] = {}
    for method in methods:
        if method.needs - offered:
            lacking.setdefault(" and ".join(sorted(method.needs - offered)), []).append(method.name)
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in lacking.items())


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
    package = importlib.import_module(METHODS)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{METHODS}.{module.name}")
