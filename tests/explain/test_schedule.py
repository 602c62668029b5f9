from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Direct, Pass
from xaudit.explain.port import Context, Explainer, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import disc, planted_case


@dataclass(frozen=True, slots=True)
class Asking(Explainer):
    """Asks for the image, and then does as it is told."""

    then: str = "answer"
    name: ClassVar[str] = "asking"
    question: ClassVar[str] = "What?"

    def cost(self):
        return 1, 0

    def explain(self, case, context):
        (answer,) = yield [Pass(Images(case.image[None]), key="image")]
        if self.then == "raise":
            raise ValueError("the method broke")
        if self.then == "bad images":
            (answer,) = yield [Pass(Images(np.zeros((1, 3, 24, 24), np.float32)))]
        if self.then == "library":
            answer = yield Direct(lambda evaluator: 1 / 0)
        shape = (7, 7) if self.then == "wrong size" else case.inside.shape
        return self.map_of(case, np.full(shape, answer.logits[0]))


@pytest.fixture
def cases():
    return [
        planted_case([disc((24, 24), (9, 14), 4)], (24, 24), seed=seed, case_id=f"c{seed}")
        for seed in range(5)
    ]


@pytest.mark.parametrize("then", ["raise", "bad images", "library", "wrong size"])
def test_a_job_that_fails_fails_alone(conv, cases, then):
    jobs = [Job(case, Asking(then if place == 2 else "answer"))
            for place, case in enumerate(cases)]  # fmt: skip
    outcomes = list(explain_all(Evaluator(conv, 4), jobs, Context(1)))
    assert [one.job for one in outcomes] == jobs
    assert [one.error is not None for one in outcomes] == [False, False, True, False, False]
    logits = conv.logits(np.stack([case.image for case in cases]))
    for place in (0, 1, 3, 4):
        assert outcomes[place].attribution.values[0, 0] == pytest.approx(logits[place], rel=1e-4)


def test_what_two_methods_ask_is_evaluated_once(conv, case):
    jobs = [Job(case, make_explainer(name, {})) for name in ("gradcam", "saliency", "xgradcam")]
    evaluator = Evaluator(conv, 4)
    outcomes = list(explain_all(evaluator, jobs, Context(1)))
    assert (evaluator.cost.forward, evaluator.cost.backward) == (1, 1)
    assert [one.attribution.forward for one in outcomes] == [1, 1, 1]
    assert [one.attribution.shared for one in outcomes] == [0, 1, 1]


def test_lime_shap_and_occlusion_share_their_coalitions(conv, case):
    params = {"segments": 14, "tolerance": 1e-9}
    # Half of SHAP's blocks are LIME's: those with a half shown.
    budgets = {"lime": 96, "shap": 192}
    jobs = [
        Job(case, make_explainer(name, {**params, "samples": samples}))
        for name, samples in budgets.items()
    ]
    jobs.append(Job(case, make_explainer("occlusion", {"segments": 14})))
    evaluator = Evaluator(conv, 16)
    lime, shap, occlusion = (one.attribution for one in explain_all(evaluator, jobs, Context(1)))
    assert shap.shared == lime.forward
    assert occlusion.shared == occlusion.forward
    paid = sum(one.forward - one.shared for one in (lime, shap, occlusion))
    assert evaluator.cost.forward == paid


def test_batches_are_filled_across_cases(conv, cases, monkeypatch):
    from xaudit.explain.engine import evaluator as module

    sizes = []
    run = module.run_batch

    def spy(network, layer, images, wanted):
        sizes.append(len(images))
        return run(network, layer, images, wanted)

    monkeypatch.setattr(module, "run_batch", spy)
    jobs = [Job(case, make_explainer("gradcam", {})) for case in cases]
    list(explain_all(Evaluator(conv, 8), jobs, Context(1)))
    assert sizes == [4, 1]
