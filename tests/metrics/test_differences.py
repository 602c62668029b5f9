"""The page about Quantus: every block of it is run, and where Quantus is right we agree."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from xaudit.metrics.maps.localization import score_map

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "differences.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLAIN = {"normalise": False, "abs": False, "disable_warnings": True, "display_progressbar": False}


@pytest.fixture(scope="module")
def quantus():
    with warnings.catch_warnings():
        # What the library and its dependencies warn of is not ours to answer.
        warnings.simplefilter("ignore")
        import quantus
    return quantus


@pytest.mark.filterwarnings("ignore")
def test_every_block_of_the_page_holds(quantus):
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) > 10
    space = {}
    for block in blocks:
        line = text[: block.start()].count("\n") + 1
        # The line of the page stands in the traceback.
        exec(compile("\n" * line + block[1], str(PAGE), "exec"), space)


def _pair(quantus, name, seed):
    """A metric of Quantus and ours, of the same five maps."""
    rng = np.random.default_rng(seed)
    maps = np.maximum(rng.normal(size=(5, 1, 28, 28)), 0).astype(np.float32)
    maps[1] = np.round(maps[1])
    masks = np.zeros((5, 1, 28, 28), bool)
    masks[:, 0, 5:12, 6:20] = True
    masks[2, 0, 20:23, 3:9] = True
    metric, own = {
        "mass": (quantus.RelevanceMassAccuracy(**PLAIN), "mass"),
        "positive mass": (
            quantus.AttributionLocalisation(positive_attributions=True, **PLAIN), "mass",
        ),
        "ranks": (quantus.RelevanceRankAccuracy(**PLAIN), "rank_accuracy"),
        "auc": (quantus.AUC(**PLAIN), "pixel_auc"),
        "pointing": (quantus.PointingGame(**PLAIN), "hit"),
    }[name]  # fmt: skip
    images = rng.random(maps.shape).astype(np.float32)
    found = metric(
        model=None, x_batch=images, y_batch=np.zeros(5, int), a_batch=maps, s_batch=masks
    )
    inside = np.ones((28, 28), bool)
    ours = [score_map(a[0], m, inside)[own] for a, m in zip(maps, masks, strict=True)]
    return np.array(found, float), np.array(ours)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["mass", "positive mass", "auc"])
@pytest.mark.parametrize("seed", [0, 1])
def test_where_quantus_is_right_we_agree(quantus, name, seed):
    found, ours = _pair(quantus, name, seed)
    np.testing.assert_allclose(found, ours, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["ranks", "pointing"])
def test_where_ties_decide_we_take_the_expectation(quantus, name):
    found, ours = _pair(quantus, name, 0)
    untied = np.arange(5) != 1
    np.testing.assert_allclose(found[untied], ours[untied], rtol=1e-5)
    assert found[1] != ours[1]
