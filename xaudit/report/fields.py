# ruff: noqa: E501 - one line of the list is one fact
"""The 35 facts that a reader of a model card asks for, and which part answers each.

They follow the FDA draft on AI-enabled device software functions (January 2025, appendix E), CADe
guidance, the AI Act's annex IV, CLAIM 2024, STARD-AI and TRIPOD+AI. None prescribes this list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One fact of the card.

    Attributes:
        name: key in ``device.yaml``.
        title: how the card calls it.
        question: what the reader asks.
        source: where it is asked for.
        section: id of the card's section where it stands.
    """

    name: str
    title: str
    question: str
    source: str
    section: str

    @property
    def declarable(self) -> bool:
        """Whether the maker may state it; what only an audit can know is measured."""
        return self.name not in _MEASURED_ONLY


_MEASURED_ONLY = {
    "sites", "dropouts", "accuracy", "fractions", "froc", "localization", "subgroups",
    "robustness", "calibration", "benefit_risk",
}  # fmt: skip

_ROWS = """
identity|Device|What is its name, version, date and class of model?|FDA App. E; AIA IV(1)|detector
released_version|Tested version|Is the tested version the released one?|FDA X; CONSORT-AI 5|detector
regulatory_status|Regulatory status|Where and under which number is it authorized?|FDA App. E|detector
automation|Role of AI|How is AI used, and how much does it decide alone?|FDA VI.B, XIII|detector
intended_use|Intended use|For whom, by whom, where is it meant, and where not?|FDA App. E; CLAIM 3|detector
inputs|Compatible inputs|Which views, body parts, devices and protocols?|FDA VI.B; CLAIM 13|detector
output|Output and threshold|What does the output mean, how was its threshold fixed?|FDA IX|detector
development_data|Development data|On which data, sites and people was it built?|FDA VIII; CLAIM 7|study
independence|Independence of the test data|Are patients, sites apart from development?|FDA VIII|study
reuse|Reuse of the test data|How often and by whom was the test set used before?|CADe 094 V.B|study
sites|Number of sites|At how many sites were the test cases taken?|FDA VIII|study
flow|Flow of cases|Why did each case enter or leave?|FDA X.A; STARD-AI 24|study
dropouts|Cases without a result|What if all of them were wrong?|FDA App. C; STARD-AI 19|performance
reference_standard|Reference standard|Who decided what is a fracture, and how?|CLAIM 14–18|study
scoring_rule|Scoring rule|What counts as found at the right place?|CADe 094 IV.I|localization
accuracy|Accuracy|How often is it right, with which interval?|FDA App. F; STARD-AI 30|performance
fractions|Counts|Of how many cases is each share?|FDA statistical guidance 2007, 5|performance
froc|False marks per image|How many false marks, on normal and abnormal?|CADe 094 V.C|localization
localization|Localization|Does it look at the fracture?|CADe 094 V.C; 892.2090|localization
explanations|Explanation maps|What are they for, and were they validated?|FDA App. B; CLAIM 31|methods
subgroups|Subgroups and sites|For whom and where does it work less well?|FDA VIII; CLAIM 37|groups
missing_groups|Missing groups|Which group is unknown, why, and is that acceptable?|FDA X.A|groups
representativeness|Representativeness|Are the test cases like those of its use?|FDA XIII; STARD-AI 28|study
robustness|Robustness|Does the output bear shifts, noise, repetition?|FDA App. C; CLAIM 30|performance
calibration|Calibration|Do its probabilities mean what they say?|FDA IX; TRIPOD+AI 12e|calibration
failures|Failures|Where does it fail, and what is known of bias?|CLAIM 39; FDA App. E|gallery
acceptance|Criteria fixed before|Which limits were set before the run?|FDA X.A; CLAIM 21|verdict
metric_choice|Choice of metrics|Why are these metrics right for this device?|AIA IV(4)|performance
signatures|Signatures|Who dated and signed the tests?|AIA IV(2)(g)|provenance
comparison|Comparison|How does it compare with the version before?|CADe 094 V; AIA IV(6)|performance
benefit_risk|Benefit and risk|What happens to 1,000 patients?|FDA App. F|performance
reader_study|Reader study|Do readers do better with it?|FDA X.A; 892.2090|performance
oversight|Oversight and monitoring|Who watches it, and how is it updated?|FDA App. E; AIA 14|detector
funding|Funding and interests|Who paid, and which evidence is registered?|CLAIM 44; STARD-AI 38|provenance
standards|Standards|Which standards were applied?|AIA IV(7)|provenance
"""

ALL = tuple(Field(*row.split("|")) for row in _ROWS.strip().splitlines())
