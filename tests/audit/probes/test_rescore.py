"""Scored again in other batches and threads: measured, kept, and the engine left as it was."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from xaudit.audit.probes.rescore import ScoredAgain, Way, other_ways
from xaudit.audit.run.engine import readable
from xaudit.audit.scores.rescored import LOGIT
from xaudit.audit.store.store import CaseRow
from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.class_logit import ClassLogit
from xaudit.models.heads.output import OutputSpec
from xaudit.models.torch_detector import TargetScore, TorchDetector
from xaudit.testing import tiny_study

SEEN = InputSpec(32, 32)


class Counted(torch.nn.Module):
    """The mean of an image, and by how much the batch and the threads are to be seen in it."""

    def forward(self, images):
        off = 1e-3 * len(images) + 1e-2 * torch.get_num_threads()
        return images.mean(dim=(1, 2, 3)).unsqueeze(1) + off


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def audit(tmp_path):
    study = tiny_study(tmp_path / "study", patients=6, seed=1)
    module = TargetScore(Counted(), SEEN, ClassLogit(OutputSpec("logit")))
    detector = TorchDetector("counted", SEEN, module, None, "", 0)
    evaluator = Evaluator(detector, 8)
    engine = SimpleNamespace(evaluator=evaluator, detector=detector, explainers=(), context=None)
    plan = SimpleNamespace(config=SimpleNamespace(seed=3), study=study)
    images = np.stack([one.image for one in readable(study.cases, SEEN)])
    rows = tuple(
        CaseRow(one.case_id, one.patient, one.label, {}, float(logit), 0, "none", sampled=False)
        for one, logit in zip(study.cases, evaluator.logits(images), strict=True)
    )
    return plan, engine, SimpleNamespace(cases=rows, maps=()), tmp_path


def test_batches_get_smaller_and_threads_change(audit):
    evaluator = audit[1].evaluator
    assert other_ways(evaluator) == (Way(1, 1), Way(2, 1), Way(4, 1), Way(8, 2))
    torch.set_num_threads(2)
    assert other_ways(evaluator)[-1] == Way(8, 1)
    evaluator.sizes = {"forward": 1}
    assert other_ways(evaluator) == (Way(2, 2), Way(1, 1))


def test_every_case_is_scored_in_every_way_and_what_moved_is_found(audit, carried_out):
    plan, engine, results, folder = audit
    told = []
    rows = carried_out(ScoredAgain, (plan, engine), results, folder, told.append)
    assert len(rows) == len(results.cases) * 4
    first = results.cases[0]
    moved = {row.level: row.value - first.logit for row in rows if row.case_id == first.case_id}
    expected = {"1 at once, 1 threads": -7e-3, "2 at once, 1 threads": -6e-3,
                "4 at once, 1 threads": -4e-3, "8 at once, 2 threads": 1e-2}  # fmt: skip
    assert moved == pytest.approx(expected, abs=1e-6)
    assert {row.metric for row in rows} == {LOGIT}
    assert told[-1].share == 1
    assert torch.get_num_threads() == 1
    assert engine.evaluator.sizes == {"forward": 8, "backward": 8}


def test_it_is_kept_for_a_run_that_goes_on(audit, carried_out, monkeypatch):
    plan, engine, results, folder = audit
    rows = carried_out(ScoredAgain, (plan, engine), results, folder)
    monkeypatch.setattr(engine.evaluator, "logits", None)
    assert carried_out(ScoredAgain, (plan, engine), results, folder) == rows


def test_cases_without_a_score_are_left_out(audit, carried_out):
    plan, engine, results, folder = audit
    gone = tuple(
        CaseRow(row.case_id, row.patient, row.label, {}, None, 0, "none", sampled=False)
        for row in results.cases
    )
    none = SimpleNamespace(cases=gone, maps=())
    assert carried_out(ScoredAgain, (plan, engine), none, folder) == []
    assert not (folder / "rescored.parquet").exists()
