"""What every part of an audit file has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from xaudit.audit.suspicions.suspicions import refuse_unknown


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    refuse_unknown(names)
    return names


Acknowledged = Annotated[tuple[str, ...], AfterValidator(_known)]


ACKNOWLEDGE = (
    "names of suspicions that somebody answers for, as `xaudit check` prints them: until then no "
    "verdict is better than inconclusive"
)


class Section(BaseModel):
    """A part of the configuration; a key that is not listed is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
