"""What a model in a box says of itself; everything is checked, for anybody may have said it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from xaudit.core.detector import ModelFacts, Taken
from xaudit.core.text.printable import printable
from xaudit.errors import DetectorLostError

_LONGEST = 2000

Text = Annotated[str, Field(max_length=_LONGEST), AfterValidator(printable)]
Name = Annotated[str, Field(max_length=_LONGEST, pattern=r"^[^\s]+$")]
Axis = Annotated[int, Field(ge=0, le=2**32)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LayerTold(_Told):
    """The target layer.

    Attributes:
        name: for readers.
        place: of the module, dotted.
        grid: (h, w).
    """

    name: Text
    place: Name
    grid: tuple[Axis, Axis]


class TakenTold(_Told):
    """See `Taken`."""

    key: Text
    prefix: Text
    left_out: tuple[Text, ...]
    beside: tuple[Text, ...]


class FactsTold(_Told):
    """See `ModelFacts`."""

    by: Text
    limits: tuple[Text, ...]


class About(_Told):
    """A network.

    Attributes:
        arrays: where the parameters lie.
        tensors: name, kind and shape of each.
        modules: names of parts in the order in which they are called.
        layer: None where no layer returns a feature map.
        capabilities: what it offers besides scores.
        taken: what of the file of weights it received.
        facts: of a model of another format.
    """

    arrays: list[list[Any]]
    tensors: tuple[tuple[Name, Literal["parameter", "buffer"], tuple[Axis, ...]], ...]
    modules: tuple[Name, ...]
    layer: LayerTold | None
    # Boxes and masks do not cross the border, whatever is said.
    capabilities: frozenset[Literal["gradients", "features"]]
    taken: TakenTold
    facts: FactsTold

    @property
    def taken_from_file(self) -> Taken:
        """What of the file of weights it received."""
        return Taken(**dict(self.taken))

    @property
    def model_facts(self) -> ModelFacts:
        """What a model of another format is."""
        return ModelFacts(**dict(self.facts))


def read_about(told: object) -> About:
    """Check what was told.

    Raises:
        DetectorLostError: it is something else.
    """
    try:
        return About.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DetectorLostError(
            f"the model in the sandbox describes itself otherwise than expected: {place}: "
            f"{first['msg']}"
        ) from None
