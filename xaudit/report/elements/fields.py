"""The 35 facts that a reader of a model card asks for, and which part answers each.

They follow the FDA draft on AI-enabled device software functions (January 2025, appendix E), CADe
guidance, the AI Act's annex IV, CLAIM 2024, STARD-AI and TRIPOD+AI. None prescribes this list;
where each fact is asked for stands in ``crosswalk.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ElementQuestion:
    """One fact of the card.

    Attributes:
        name: key in ``device.yaml``.
        title: how the card calls it.
        question: what the reader asks.
        section: id of the card's section where it stands.
    """

    name: str
    title: str
    question: str
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
identity|Device|What is its name, version, date and class of model?|detector
released_version|Tested version|Is the tested version the released one?|detector
regulatory_status|Regulatory status|Where and under which number is it authorized?|detector
automation|Role of AI|How is AI used, and how much does it decide alone?|detector
intended_use|Intended use|For whom, by whom, where is it meant, and where not?|detector
inputs|Compatible inputs|Which views, body parts, devices and protocols?|detector
output|Output and threshold|What does the output mean, how was its threshold fixed?|detector
development_data|Development data|On which data, sites and people was it built?|study
independence|Independence of the test data|Are patients, sites apart from development?|study
reuse|Reuse of the test data|How often and by whom was the test set used before?|study
sites|Number of sites|At how many sites were the test cases taken?|study
flow|Flow of cases|Why did each case enter or leave?|study
dropouts|Cases without a result|What if all of them were wrong?|performance
reference_standard|Reference standard|Who decided what is a fracture, and how?|study
scoring_rule|Scoring rule|What counts as found at the right place?|localization
accuracy|Accuracy|How often is it right, with which interval?|performance
fractions|Counts|Of how many cases is each share?|performance
froc|False marks per image|How many false marks, on normal and abnormal?|localization
localization|Localization|Does it look at the fracture?|localization
explanations|Explanation maps|What are they for, and were they validated?|credibility
subgroups|Subgroups and sites|For whom and where does it work less well?|groups
missing_groups|Missing groups|Which group is unknown, why, and is that acceptable?|groups
representativeness|Representativeness|Are the test cases like those of its use?|study
robustness|Robustness|Does the output bear shifts, noise, repetition?|robustness
calibration|Calibration|Do its probabilities mean what they say?|calibration
failures|Failures|Where does it fail, and what is known of bias?|gallery
acceptance|Criteria fixed before|Which limits were set before the run?|verdict
metric_choice|Choice of metrics|Why are these metrics right for this device?|performance
signatures|Signatures|Who dated and signed the tests?|provenance
comparison|Comparison|How does it compare with the version before?|performance
benefit_risk|Benefit and risk|What happens to 1,000 patients?|summary
reader_study|Reader study|Do readers do better with it?|performance
oversight|Oversight and monitoring|Who watches it, and how is it updated?|detector
funding|Funding and interests|Who paid, and which evidence is registered?|provenance
standards|Standards|Which standards were applied?|provenance
"""

ALL = tuple(ElementQuestion(*row.split("|")) for row in _ROWS.strip().splitlines())
