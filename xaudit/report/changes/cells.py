"""One difference between two audits, as a table prints it."""

from __future__ import annotations

from xaudit.core.record.change import Changes, Delta
from xaudit.report.language.translation import later, told, tr
from xaudit.report.view import numbers

_NAMES = {
    "auc": "AUC",
    "brier": later("Brier score (lower is better)"),
    "sensitivity": later("Fractures found (sensitivity)"),
    "specificity": later("Normal cases left alone (specificity)"),
    "ppv": later("Right when it calls a fracture (PPV)"),
    "npv": later("Right when it calls normal (NPV)"),
    "lesion_sensitivity": later("Lesions found by boxes"),
    "false_boxes_per_image": later("Boxes amiss per image (lower is better)"),
}


_PLAIN = {"auc", "brier", "enrichment", "false_boxes_per_image"}


_LOWER_IS_BETTER = {"brier", "false_boxes_per_image"}


_ERROR_RATE = 0.05


def overall(changes: Changes) -> list[Delta]:
    """Differences of all cases together."""
    return [delta for delta in changes.deltas if not {"group", "method"} & delta.scope.keys()]


def by_group(changes: Changes) -> list[Delta]:
    """Differences within one level of a group."""
    return [delta for delta in changes.deltas if "group" in delta.scope]


def is_worse(delta: Delta) -> bool:
    """Whether the interval, taken alone, shows that it got worse."""
    low, high = delta.difference.low, delta.difference.high
    if low is None or high is None or delta.difference.caution:
        return False
    return low > 0 if delta.metric in _LOWER_IS_BETTER else high < 0


def is_sure(delta: Delta) -> bool:
    """Whether it differs with all comparisons counted."""
    return delta.p_adjusted is not None and delta.p_adjusted < _ERROR_RATE


def row_of(delta: Delta) -> tuple[str, ...]:
    """Measure, old, new, difference, p and method."""
    name = tr(_NAMES.get(delta.metric, delta.metric.replace("_", " ")))
    point, worst = delta.scope.get("operating_point"), delta.scope.get("analysis") == "worst_case"
    name += tr(" at “{point}”", point=point) if point else ""
    return (
        tr("{name}, no score counts as wrong", name=name) if worst else name,
        value_cell(delta, delta.old),
        value_cell(delta, delta.new),
        difference_cell(delta),
        p_cell(delta.p_value),
        _method(delta),
    )  # fmt: skip


def value_cell(delta: Delta, value: float | None) -> str:
    """A value of one of the audits, in the unit of the measure."""
    if value is None:
        return numbers.NONE
    return numbers.fixed(value, 3) if delta.metric in _PLAIN else numbers.percent(value)


def difference_cell(delta: Delta) -> str:
    """New minus old with its interval, or why there is none."""
    gap = delta.difference
    if gap.value is None:
        return f"{numbers.NONE} ({told(gap.undefined or '')})"
    unit = "number" if delta.metric in _PLAIN else "proportion"
    return numbers.estimate(gap, unit, signed=True) + (
        f"; {told(gap.caution)}" if gap.caution else ""
    )


def p_cell(value: float | None) -> str:
    """A p-value."""
    if value is None:
        return numbers.NONE
    return f"< {numbers.written('0.001')}" if value < 0.001 else numbers.fixed(value, 3)


def _method(delta: Delta) -> str:
    method = told(delta.difference.method)
    return f"{method}; {told(delta.test)}" if delta.p_value is not None else method or numbers.NONE
