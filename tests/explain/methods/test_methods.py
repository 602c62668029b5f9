"""What every method promises, whatever it computes."""

import random

import numpy as np
import pytest
import torch

from xaudit.errors import ConfigError, RegistryError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding
from xaudit.explain.port import EXPLAINERS, Context, load_built_in, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import disc, planted_case

load_built_in()
OF_ATTENTION = {"attention_rollout", "gradient_weighted_attention"}
OF_BOXES = {"drise"}
NAMES = tuple(name for name in EXPLAINERS if name not in OF_ATTENTION | OF_BOXES)


def close(one, two):
    scale = max(np.abs(one).max(), 1e-12)
    np.testing.assert_allclose(one / scale, two / scale, atol=2e-4)


@pytest.mark.parametrize("name", NAMES)
def test_batch_size_changes_nothing(name, conv, case, explain):
    maps = [explain(name, conv, case, micro_batch=size).values for size in (1, 7, 64)]
    close(maps[0], maps[1])
    close(maps[0], maps[2])


@pytest.mark.parametrize("name", NAMES)
def test_detector_and_random_states_are_left_alone(name, conv, case, explain):
    state = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state())  # noqa: NPY002
    before = {key: value.clone() for key, value in conv.module.state_dict().items()}
    conv.module.train()
    explain(name, conv, case)
    assert conv.module.training
    conv.module.eval()
    assert not any(one.requires_grad for one in conv.module.parameters())
    assert all(one.grad is None for one in conv.module.parameters())
    assert not any(one._forward_hooks or one._backward_hooks for one in conv.module.modules())
    for key, value in conv.module.state_dict().items():
        assert torch.equal(value, before[key])
    assert random.getstate() == state[0]
    assert np.random.get_state()[1].tolist() == state[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), state[2])


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_gives_the_same_map_and_the_cost_is_kept(name, conv, case, explain):
    one, two = explain(name, conv, case), explain(name, conv, case)
    np.testing.assert_array_equal(one.values, two.values)
    assert one.forward > 0
    assert one.shared == 0
    assert one.values.shape == case.inside.shape
    assert one.values.dtype == np.float32
    assert one.method == name


@pytest.mark.parametrize("name", ["lime", "shap", "smoothgrad", "rise", "gradient_shap"])
def test_another_seed_gives_another_map(name, conv, case, explain):
    more = {"segments": 14} if name in {"lime", "shap"} else {}
    one, two = explain(name, conv, case, 1, **more), explain(name, conv, case, 2, **more)
    assert np.abs(one.values - two.values).max() > 0


def test_cases_and_methods_together_are_as_each_alone(conv, explain):
    """Any order, any company: batches are shared, results are not."""
    cases = [
        planted_case([disc((24, 24), (9, 14), 4)], (24, 24), seed=seed, case_id=f"c{seed}")
        for seed in range(6)
    ]
    explainers = [make_explainer(name, {"segments": 14, "samples": 96} if name in {"lime", "shap"}
                                 else {}) for name in ("gradcam", "saliency", "lime", "shap",
                                                       "integrated_gradients")]  # fmt: skip
    jobs = [Job(case, one) for case in cases for one in explainers]
    together = {}
    for order in (jobs, jobs[::-1]):
        for outcome in explain_all(Evaluator(conv, 7), order, Context(3)):
            key = (outcome.job.case.case.case_id, outcome.job.explainer.name)
            together.setdefault(key, []).append(outcome.attribution.values)
    for job in jobs[:: len(explainers) + 1]:
        (alone,) = explain_all(Evaluator(conv, 3), [job], Context(3))
        for values in together[job.case.case.case_id, job.explainer.name]:
            close(alone.attribution.values, values)


@pytest.mark.parametrize(
    "name", ["integrated_gradients", "shap", "lime", "occlusion", "gradient_shap", "deeplift"]
)
def test_what_the_detector_does_not_read_has_no_attribution(name, conv, case, explain):
    """Dummy: the left half is cut off before the network."""

    class RightHalf(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return self.inner(x[..., 12:])

    conv.module, conv.target_layer = RightHalf(conv.module), None
    few = {"segments": 8} if name in {"shap", "lime", "occlusion"} else {}
    values = np.abs(explain(name, conv, case, **few).values)
    blind = np.arange(24) < 12
    if name in {"shap", "lime", "occlusion"}:
        # A superpixel that reaches over the border carries what its right part does.
        patches = Coalitions(case, Hiding(8, 0.1, "blur"), Context(1)).patches
        blind = ~np.isin(patches, patches[:, 12:])
        assert blind.any()
    else:
        blind = np.broadcast_to(blind, values.shape)
    # LIME's ridge and its weights leave a trace that vanishes with the number of samples.
    assert values[blind].max() <= (0.1 if name == "lime" else 0.01) * values.max()


def test_unknown_method_and_parameter_list_what_there_is():
    with pytest.raises(RegistryError, match=r"gradcam, .*lime, .*shap"):
        make_explainer("gradcamm", {})
    with pytest.raises(ConfigError, match=r"lime.sample: no such parameter; there is: samples"):
        make_explainer("lime", {"sample": 3})
    with pytest.raises(ConfigError, match="one of blur, inpaint, mean, black, white"):
        make_explainer("shap", {"baseline": "grey"})


@pytest.mark.parametrize("name", list(EXPLAINERS))
def test_every_method_says_what_it_is(name):
    explainer = make_explainer(name, {})
    assert explainer.name == name
    assert explainer.question.endswith("?")
    assert "References:" in type(explainer).__doc__ or name == "partition_shap"
    assert min(explainer.cost()) >= 0
    assert explainer.library.split()[1][0].isdigit()
