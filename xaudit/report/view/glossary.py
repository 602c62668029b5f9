"""The words of the card, explained."""

from __future__ import annotations

from functools import cache

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import current, foreign, later, speaking, told, tr

_BASE = (
    (
        later("Attribution"),
        later("What a method says that a pixel of the image added to the score, or took from it."),
    ),
    (
        "AUC",
        later(
            "How often a fractured case scores above one without fracture: 0.5 is "
            "chance, 1 is always."
        ),
    ),
    (
        later("Degenerate map"),
        later("A map from which nothing can be read: zero, constant or not a number."),
    ),
    (
        later("Effective sample"),
        later(
            "So many independent cases would tell as much as these, some of which are "
            "of one patient."
        ),
    ),
    (
        later("Inconclusive"),
        later(
            "The interval does not settle it, or there are too few cases: neither "
            "passed nor failed."
        ),
    ),
    (
        later("Interval"),
        later(
            "The range that holds the true value in 95 of 100 repetitions, if not said otherwise."
        ),
    ),
    (
        later("Logit"),
        later("The output before it becomes a probability: 0 is 50 %, 2.2 is 90 %, −2.2 is 10 %."),
    ),
    (
        "NPV",
        later(
            "Negative predictive value: of the cases called normal, the share without a fracture."
        ),
    ),
    (
        later("Number needed to predict"),
        later(
            "1 / (PPV + NPV − 1): how many patients have to be examined for one to be told right "
            "who would not have been by chance. 1 is perfect."
        ),
    ),
    (
        later("Operating point"),
        later(
            "A threshold: a case that scores above it is called a fracture; one that scores "
            "exactly it only where that is declared."
        ),
    ),
    (
        "PPV",
        later(
            "Positive predictive value: of the cases called fractured, the share with a fracture."
        ),
    ),
    (later("Prevalence"), later("The share of cases with a fracture.")),
    (
        later("Reference standard"),
        later(
            "What is taken as the truth: who or what decided whether there is a "
            "fracture, and where."
        ),
    ),
    (
        "ROC",
        later(
            "Receiver operating characteristic: fractures found over false alarms, at "
            "every threshold."
        ),
    ),
    (
        later("Sanity checks"),
        later(
            "Tests of whether a map depends on what the detector has learned (Adebayo et al. "
            "2018): it has to change when the detector's parameters are randomized."
        ),
    ),
    (
        later("Sensitivity"),
        later("Of the cases with a fracture, the share that is called fractured."),
    ),
    ("SHA-256", later("A fingerprint of a file; a file that differs in one bit has another one.")),
    (
        later("Specificity"),
        later("Of the cases without a fracture, the share that is called normal."),
    ),
    (
        later("Subgroup"),
        later(
            "The cases that share a value of an attribute, such as the women or one site. In files "
            "and policies “group” names the attribute, “level” its value."
        ),
    ),
    (
        later("Waived"),
        later("A rule that was not met; a person answers for it, with a reason, until a day."),
    ),
    (later("Worst case"), later("Every case without a result is counted as wrong.")),
)
"""Always explained, and linked where they are used."""

_NOT_LINKED = (later("Subgroup"), later("Worst case"))
"""Of these: what is also said with another meaning."""

_METHODS = (
    (
        later("Bonferroni"),
        later("Each of many intervals is made wider, so that all of them hold at once."),
    ),
    (
        later("Clopper-Pearson"),
        later("Interval of a share that is never too narrow, at the price of being wide."),
    ),
    (later("DeLong"), later("Interval of an AUC, from the ranks of the scores.")),
    (
        later("Expanded percentile"),
        later("The percentile interval of a bootstrap, widened for few patients."),
    ),
    (
        later("Fisher's exact test"),
        later(
            "How likely a difference this large between two shares is where there is none in truth."
        ),
    ),
    (
        later("Hartung-Knapp"),
        later("Interval of the mean over sites that stays honest when there are few."),
    ),
    (
        later("Holm"),
        later("Raises p values for the number of comparisons, so that few are shown by chance."),
    ),
    (
        later("max-T"),
        later(
            "Widens intervals together, by how large the largest error of all of them tends to be."
        ),
    ),
    (
        "MOVER",
        later(
            "Method of variance estimates recovery: the interval of a difference or "
            "ratio, put together from those of its parts."
        ),
    ),
    (
        later("Newcombe"),
        later("Interval of the difference of two shares, from the Wilson interval of each."),
    ),
    (
        later("Obuchowski"),
        later("DeLong's interval of an AUC where several cases are of one patient."),
    ),
    (
        later("Patient bootstrap"),
        later(
            "The study is resampled many times, patient by patient; the interval "
            "holds the middle 95 % of the results."
        ),
    ),
    (
        later("Permutation"),
        later(
            "The labels are shuffled many times; p is how often that makes a "
            "difference at least as large."
        ),
    ),
    (later("Q-profile"), later("Interval of how much sites differ beyond chance.")),
    (
        later("Random effects"),
        later("Sites are taken as a sample of many, each with a value of its own."),
    ),
    (
        later("Rao–Scott"),
        later("Correction of a share's sample size for cases of the same patient."),
    ),
    ("REML", later("Restricted maximum likelihood: how much sites differ beyond chance.")),
    (later("Tango"), later("Interval of the difference of two shares of the same cases.")),
    (later("Wald"), later("Value plus and minus a multiple of its standard error.")),
    (
        later("Wilson"),
        later("Interval of a share that holds for few cases and near 0 and 100 % too."),
    ),
)
"""Explained and linked where an interval was made by them."""

_SPELLED = {
    "auc": "AUC",
    "auprc": "AUPRC",
    "ece": "ECE",
    "hog": "HOG",
    "i2": "I²",
    "iou": later("IoU"),
    "npv": "NPV",
    "ppv": "PPV",
    "ssim": "SSIM",
}


def glossary(findings: Findings) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Terms with what they mean, by the alphabet; and those that the text links to."""
    made = {finding.estimate.method for finding in findings.findings if finding.estimate.method}
    used = " ".join(made).casefold()
    linked = dict((*_BASE, *(method for method in _METHODS if method[0].casefold() in used)))
    text = tuple(tr(name) for name in linked if name not in _NOT_LINKED)
    known = {name.casefold() for name in linked}
    metrics = ((_title(metric.name), told(metric.question)) for metric in findings.metrics)
    ours = ((tr(name), tr(said)) for name, said in linked.items())
    rest = ((foreign(name), said) for name, said in metrics if name.casefold() not in known)
    return tuple(sorted((*ours, *rest), key=lambda one: one[0].casefold())), text


def source_of(term: str) -> str:
    """The English of a term of the glossary, whatever the case of its letters."""
    return _sources(current().language).get(term.casefold(), term)


@cache
def _sources(language: str) -> dict[str, str]:
    with speaking(language):
        return {tr(name).casefold(): name for name, _ in (*_BASE, *_METHODS)}


def _title(metric: str) -> str:
    words = [_SPELLED.get(word, word) for word in metric.split("_")]
    return " ".join((words[0][:1].upper() + words[0][1:], *words[1:]))
