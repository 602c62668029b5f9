"""``--profile``: for what an audit is made."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from xaudit.errors import ConfigError

if TYPE_CHECKING:
    from xaudit.audit.plan.profile import Limit


class Profile(StrEnum):
    """For what an audit is made."""

    ci = "ci"


def chosen_limit(limit: int | None, profile: Profile | None) -> Limit:
    """How many cases are audited.

    Raises:
        ConfigError: both options say it.
    """
    if profile is not None and limit is not None:
        raise ConfigError("--profile and --limit both say how many cases; give one of them")
    return limit if profile is None else "ci"
