"""Confident learning for two classes: which labels do scores contradict, and how many of them?

Northcutt, Jiang and Chuang, Confident learning, JAIR 2021: pruning by noise rate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_CLOSE = 1e-6
"""Probabilities that lie below a threshold by less than this reach it, as in cleanlab."""
_EVEN = 0.5


def contradicted(
    probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]
) -> npt.NDArray[np.intp]:
    """The cases whose labels are likely wrong, the most contradicted first.

    A case is confidently of a class where its probability reaches the mean probability of the
    cases that are labeled so. The share of a label's confident cases that are confidently of the
    other class says how many of its cases are listed: those with the least probability of their
    label, and none whose label is the more probable class. At least one case of a label stays.

    Args:
        probabilities: (N,) of the positive class, in [0, 1], of cases that the scores were not
            fitted to.
        labels: (N,) True for the positive class.

    Returns:
        Positions of cases; empty where a class has no case.
    """
    if labels.all() or not labels.any():
        return np.empty(0, dtype=np.intp)
    guessed = _guessed(probabilities, labels)
    own = np.where(labels, probabilities, 1 - probabilities)
    found = np.concatenate([_of_label(own, guessed, labels, label) for label in (False, True)])
    return found[np.argsort(own[found], kind="stable")]


def _guessed(
    probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8]:
    """(N,) 1 or 0, the class that a case is confidently of; -1 for none."""
    yes = probabilities >= probabilities[labels].mean() - _CLOSE
    no = 1 - probabilities >= (1 - probabilities[~labels]).mean() - _CLOSE
    likelier = probabilities > 1 - probabilities
    return np.select([yes & no, yes, no], [likelier, 1, 0], -1).astype(np.int8)


def _of_label(
    own: npt.NDArray[np.float64],
    guessed: npt.NDArray[np.int8],
    labels: npt.NDArray[np.bool_],
    label: bool,
) -> npt.NDArray[np.intp]:
    """The contradicted cases of one label."""
    rows = np.flatnonzero(labels == label)
    right = max(1, int((guessed[rows] == int(label)).sum()))
    wrong = int((guessed[rows] == int(not label)).sum())
    expected = int(np.rint(wrong / (wrong + right) * len(rows)))
    least = rows[np.argsort(own[rows], kind="stable")][: min(expected, len(rows) - 1)]
    return np.asarray(least[own[least] < _EVEN], dtype=np.intp)
