from dataclasses import replace
from pathlib import Path

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings, read_json, to_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.pipeline.predictions import run_predictions
from xaudit.verify.recompute import AuditOnDisk

EXAMPLES = Path(__file__).parents[2] / "examples"


def saved(folder):
    record = read_json(folder / "plan.json", PlanRecord)
    return AuditOnDisk(folder, record, read_findings(folder), Results.load(Store(folder), record))


def test_findings_of_a_network_are_made_anew_to_the_byte(finished):
    audit = saved(finished)
    assert to_json(audit.recompute()) == (finished / "findings.json").read_text("utf-8")


def test_findings_of_predictions_are_made_anew_to_the_byte(tmp_path):
    run_predictions(EXAMPLES / "small-predictions.yaml", tmp_path / "out", Overrides(), None)
    written = (tmp_path / "out" / "findings.json").read_text("utf-8")
    assert to_json(saved(tmp_path / "out").recompute()) == written


def test_what_is_stated_does_not_decide_what_is_counted(finished):
    audit = saved(finished)
    claimed = replace(
        audit.stated,
        findings=(),
        curves=(),
        accountability=replace(audit.stated.accountability, scored=1, sampled=2),
        study=replace(audit.stated.study, cases=3, positives=4),
    )
    assert replace(audit, stated=claimed).recompute() == audit.recompute()
