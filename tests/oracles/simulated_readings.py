"""Annotators of known sensitivity and specificity, as rows that an audit stores."""

import numpy as np

from xaudit.audit.analyses.port import Material
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.scores.probe_tables import READINGS
from xaudit.audit.scores.readings import ANNOTATOR, LABEL, LEFT_OUT
from xaudit.audit.store.case_row import CaseRow
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow, Store
from xaudit.core.detector import OperatingPoint

POINT = OperatingPoint("half", 0.0, "fixed", "")


def simulated(rng, skills, patients=100, images=2, prevalence=0.4):
    """Truth, what each annotator says (None for not read), logits and patients."""
    sick = np.repeat(rng.random(patients) < prevalence, images)
    said = [
        (rng.random(len(sick)) < np.where(sick, sensitivity, 1 - specificity)).tolist()
        for sensitivity, specificity in skills
    ]
    logits = rng.normal(np.where(sick, 1.2, -1.2), 1.0)
    return sick, said, logits, np.repeat([f"p{n:03d}" for n in range(patients)], images)


def material_of(said, logits, patients, folder, *, labels=None, more=(), ties=0):
    """Material of an audit of these readings; one list of calls for each annotator."""
    n = len(logits)
    labels = [False] * n if labels is None else labels
    cases = tuple(
        CaseRow(f"c{at:04d}", str(patients[at]), bool(labels[at]), {}, float(logits[at]), 0, "none",
                False)
        for at in range(n)
    )  # fmt: skip
    rows = [ProbeRow("(study)", "", LEFT_OUT, "", "", float(ties), None)]
    rows += [
        ProbeRow(f"c{at:04d}", "", LABEL, ANNOTATOR, f"reader {who}", float(calls[at]), None)
        for who, calls in enumerate(said, start=1)
        for at in range(n)
        if calls[at] is not None
    ]
    results = Results(Store(folder), cases, (), (), {})
    statistics = StatisticsConfig(draws=200)
    return Material(results, (POINT,), statistics, 7, "patient", probed={READINGS: (*rows, *more)})


def found(analysis, material):
    """Id of a finding → its estimate."""
    return {one.id: one.estimate for one in analysis(material)}
