"""Cross-validation on the card."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.report.language.translation import tr
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table


def folds(look: Lookup) -> Iterator[Table]:
    """Each fold, their mean, and all cases pooled."""
    mean = next(
        (finding for finding in look.findings.findings if finding.metric == "auc_fold_mean"), None
    )
    if mean is None:
        return
    design = mean.scope["folds"]
    of_folds = {
        finding.scope["fold"]: finding
        for finding in look.findings.findings
        if finding.metric == "auc_in_fold"
    }
    rows = tuple(
        (tr("Fold {name}", name=name), look.cell("auc_in_fold", folds=design, fold=name))
        for name in in_order(of_folds)
    )
    rows += (
        (tr("Mean of folds"), look.cell("auc_fold_mean", folds=design)),
        (tr("All folds pooled"), look.cell("auc")),
    )
    note = tr(
        "Each case was scored by the detector of its fold, which was not trained "
        "on it, as is declared. The mean compares cases within a fold only. "
        "The pooled figure, like every other figure of this card, takes the scores "
        "of all folds as being on one scale: where the two differ, they are not. "
        "Neither is about a detector that is trained on all cases, and that "
        "training sets of folds overlap is not counted in the intervals. "
    )
    note += look.methods("auc_fold_mean", "auc")
    yield Table(
        tr("Cross-validation ({design})", design=design.replace("_", " ")),
        (tr("Cases"), "AUC"),
        rows,
        note,
    )
