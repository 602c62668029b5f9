"""The words of the card, explained."""

from __future__ import annotations

from xaudit.core.finding import Findings

_BASE = (
    ("Attribution",
     "What a method says that a pixel of the image added to the score, or took from it."),
    ("AUC",
     "How often a fractured case scores above one without fracture: 0.5 is chance, 1 is "
     "always."),
    ("Degenerate map", "A map from which nothing can be read: zero, constant or not a number."),
    ("Effective sample",
     "So many independent cases would tell as much as these, some of which are of one "
     "patient."),
    ("Inconclusive",
     "The interval does not settle it, or there are too few cases: neither passed nor "
     "failed."),
    ("Interval",
     "The range that holds the true value in 95 of 100 repetitions, if not said otherwise."),
    ("Logit", "The output before it becomes a probability: 0 is 50 %, 2.2 is 90 %, −2.2 is 10 %."),
    ("NPV", "Negative predictive value: of the cases called normal, the share without a fracture."),
    ("Operating point", "A threshold: a case that scores above it is called a fracture."),
    ("PPV", "Positive predictive value: of the cases called fractured, the share with a fracture."),
    ("Prevalence", "The share of cases with a fracture."),
    ("Reference standard",
     "What is taken as the truth: who or what decided whether there is a fracture, and "
     "where."),
    ("ROC",
     "Receiver operating characteristic: fractures found over false alarms, at every "
     "threshold."),
    ("Sensitivity", "Of the cases with a fracture, the share that is called fractured."),
    ("SHA-256", "A fingerprint of a file; a file that differs in one bit has another one."),
    ("Specificity", "Of the cases without a fracture, the share that is called normal."),
    ("Waived", "A rule that was not met; a person answers for it, with a reason, until a day."),
    ("Worst case", "Every case without a result is counted as wrong."),
)  # fmt: skip
"""Always explained, and linked where they are used."""

_NOT_LINKED = ("Worst case",)
"""Of these: what is also said with another meaning."""

_METHODS = (
    ("Bonferroni", "Each of many intervals is made wider, so that all of them hold at once."),
    ("Clopper-Pearson",
     "Interval of a share that is never too narrow, at the price of being wide."),
    ("DeLong", "Interval of an AUC, from the ranks of the scores."),
    ("Expanded percentile", "The percentile interval of a bootstrap, widened for few patients."),
    ("Fisher's exact test",
     "How likely a difference this large between two shares is where there is none in "
     "truth."),
    ("Hartung-Knapp", "Interval of the mean over sites that stays honest when there are few."),
    ("Holm", "Raises p values for the number of comparisons, so that few are shown by chance."),
    ("max-T",
     "Widens intervals together, by how large the largest error of all of them tends to "
     "be."),
    ("MOVER",
     "Method of variance estimates recovery: the interval of a difference or ratio, put "
     "together from those of its parts."),
    ("Newcombe", "Interval of the difference of two shares, from the Wilson interval of each."),
    ("Obuchowski", "DeLong's interval of an AUC where several cases are of one patient."),
    ("Patient bootstrap",
     "The study is drawn again many times, patient by patient; the interval holds the "
     "middle 95 % of the results."),
    ("Permutation",
     "The labels are shuffled many times; p is how often that makes a difference at least "
     "as large."),
    ("Q-profile", "Interval of how much sites differ beyond chance."),
    ("Random effects", "Sites are taken as drawn from many, each with a value of its own."),
    ("Rao–Scott", "Correction of a share's sample size for cases of the same patient."),
    ("REML", "Restricted maximum likelihood: how much sites differ beyond chance."),
    ("Tango", "Interval of the difference of two shares of the same cases."),
    ("Wald", "Value plus and minus a multiple of its standard error."),
    ("Wilson", "Interval of a share that holds for few cases and near 0 and 100 % too."),
)  # fmt: skip
"""Explained and linked where an interval was made by them."""

_SPELLED = {
    "auc": "AUC", "auprc": "AUPRC", "ece": "ECE", "hog": "HOG", "i2": "I²", "iou": "IoU",
    "npv": "NPV", "ppv": "PPV", "ssim": "SSIM",
}  # fmt: skip


def glossary(findings: Findings) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Terms with what they mean, by the alphabet; and those that the text links to."""
    made = {one.estimate.method for one in findings.findings if one.estimate.method}
    used = " ".join(made).casefold()
    linked = dict((*_BASE, *(one for one in _METHODS if one[0].casefold() in used)))
    text = tuple(name for name in linked if name not in _NOT_LINKED)
    known = {name.casefold() for name in linked}
    metrics = ((_title(one.name), one.question) for one in findings.metrics)
    rest = (one for one in metrics if one[0].casefold() not in known)
    return tuple(sorted((*linked.items(), *rest), key=lambda one: one[0].casefold())), text


def _title(metric: str) -> str:
    words = [_SPELLED.get(word, word) for word in metric.split("_")]
    return " ".join((words[0][:1].upper() + words[0][1:], *words[1:]))
