"""Numbers as they are printed: the only place in the report that rounds."""

from __future__ import annotations

import math
import re

from xaudit.core.estimate import Estimate
from xaudit.core.message import percent as in_percent
from xaudit.report.language.translation import current, tr

MINUS = "\u2212"
DASH = "–"
NONE = "—"
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def fixed(value: float, digits: int) -> str:
    """A number with so many digits after the point, and a true minus sign."""
    text = f"{value:.{digits}f}"
    if not text.strip("-0."):
        text = text.lstrip("-")
    return _written(text)


def _written(text: str) -> str:
    """Digits as the language writes them, with a true minus sign."""
    return text.replace("-", MINUS).replace(".", current().decimal)


def nothing(why: str) -> str:
    """A dash, with the reason why nothing stands there."""
    return f"{NONE} ({why})"


def written(text: str) -> str:
    """A number that stands as text in the findings; any other text as it is."""
    return _written(text) if _NUMBER.fullmatch(text) else text


def digits_for(low: float, high: float) -> int:
    """Digits after the point that an interval of this width supports; 0 to 3."""
    width = abs(high - low)
    return 2 if width == 0 else min(3, max(0, 1 - math.floor(math.log10(width))))


def _digits_of_percent(low: float, high: float) -> int:
    """Whole percents unless the interval is narrow: rows of one table then look alike."""
    width = abs(high - low)
    if width == 0 or width >= 5:
        return 0
    return 1 if width >= 0.5 else 2


def estimate(one: Estimate | None, unit: str = "proportion", signed: bool = False) -> str:
    """Value and interval: "79 % (73–84)"; a dash where there is none.

    Args:
        one: what to print.
        unit: "proportion" is printed in percent, everything else as it is.
        signed: a difference, printed with its sign.
    """
    value, limits = value_and_limits(one, unit, signed)
    return f"{value} ({limits})" if limits else value


def value_and_limits(
    one: Estimate | None, unit: str = "proportion", signed: bool = False
) -> tuple[str, str]:
    """The two parts of `estimate`; a dash and nothing where there is no value."""
    if one is None or one.value is None or one.low is None or one.high is None:
        return NONE, ""
    scale = 100.0 if unit == "proportion" else 1.0
    value, low, high = one.value * scale, one.low * scale, one.high * scale
    digits = (_digits_of_percent if unit == "proportion" else digits_for)(low, high)
    shown = [_signed(x, digits) if signed else fixed(x, digits) for x in (value, low, high)]
    join = tr("{low} to {high}") if signed or low < 0 else f"{{low}}{DASH}{{high}}"
    limits = join.format(low=shown[1], high=shown[2])
    if unit != "proportion":
        return shown[0], limits
    return f"{shown[0]} {tr('points') if signed else '%'}", limits


def _signed(value: float, digits: int) -> str:
    text = fixed(value, digits)
    return text if text.startswith(MINUS) or not text.strip("0.,") else f"+{text}"


def counts(one: Estimate | None) -> str:
    """k/n of a proportion, n of anything else, or a dash."""
    if one is None or (one.k is None and one.n == 0):
        return NONE
    return f"{one.k}/{one.n}" if one.k is not None else whole(one.n)


def whole(value: int) -> str:
    """A count, with a narrow space between thousands."""
    return f"{value:,}".replace(",", "\u202f").replace("-", MINUS)


def percent(value: float) -> str:
    """A declared or plain proportion in percent, two or three significant digits."""
    return _written(str(in_percent(value)))


def plain(value: float) -> str:
    """A number without an interval: three significant digits."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return NONE
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4:
        return _written(f"{value:.1e}")
    return fixed(value, min(6, max(0, 2 - magnitude)))


def bound(value: float, unit: str) -> str:
    """A floor or ceiling of a policy, as precise as it was written."""
    scaled = value * 100 if unit == "proportion" else value
    text = _written(f"{scaled:.10g}")
    return f"{text} %" if unit == "proportion" else text


def per_thousand(value: float) -> str:
    """People out of 1,000."""
    return fixed(value * 1000, 0)


def size(value: float) -> str:
    """A coordinate in a drawing, two digits at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
