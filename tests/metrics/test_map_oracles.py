"""Every metric of maps against a slow, obvious version of itself; a new one without it fails."""

import credibility_oracles
import map_oracles as oracles
import numpy as np
import pytest
from scipy import ndimage
from skimage.metrics import structural_similarity

from xaudit.core.metric import METRICS
from xaudit.metrics.maps import (
    agreement,
    extent,
    faithfulness,
    localization,
    peaks,
    randomization,
    readability,
    shortcuts,
    stability,
    thresholded,
)
from xaudit.metrics.maps.peaks import PEAK_RADIUS

MODULES = (
    agreement,
    extent,
    faithfulness,
    localization,
    peaks,
    randomization,
    readability,
    shortcuts,
    stability,
    thresholded,
)
FAMILIES = ("agreement", "extent", "faithfulness", "localization", "randomization", "readability",
            "shortcuts", "stability")  # fmt: skip
SHAPE = (24, 32)
CURVE = np.array([0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1])


class Known:
    """One image with two lesions, an artifact, padding, and maps with and without ties."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        ties = bool(seed % 2)
        noise = rng.normal(size=(3, *SHAPE))
        self.map, self.other, self.third = (
            np.round(noise * 2) if ties else ndimage.gaussian_filter(noise, (0, 1, 1))
        ).astype(np.float32)
        self.lesions = np.zeros((2, *SHAPE), bool)
        self.lesions[0, 3:8, 4:10] = self.lesions[1, 14:19, 22:29] = True
        self.inside = np.ones(SHAPE, bool)
        self.inside[:, :2] = self.inside[:, 30:] = False
        # Part of each lesion lies off it.
        self.body = self.inside.copy()
        self.body[:, :6] = self.body[:, 26:] = False
        # Distinct strengths: which of equal peaks comes first is no matter of definition.
        self.peaked = (self.map + 1e-3 * rng.random(SHAPE)).astype(np.float32)
        self.artifact = np.zeros(SHAPE, bool)
        self.artifact[18:24, 3:9] = True
        self.most = np.concatenate([[0.9], rng.random(7), [0.1]])
        self.least = np.concatenate([[0.9], rng.random(7), [0.1]])
        self.marked, self.falls, self.areas = rng.normal(size=(3, 40))
        self.logits = rng.normal(size=6)

    @property
    def of_lesions(self):
        return self.lesions, self.inside


def ours(name, *args):
    return METRICS[name](*args)


def _mass(c, values=None):
    values = c.map if values is None else values
    return oracles.share_on(values, c.lesions.any(axis=0), c.inside)


def _area(c, region):
    return (region & c.inside).sum() / c.inside.sum()


def _pairs(c):
    positive = oracles.evidence(c.map, c.inside)
    on = [v for place, v in positive.items() if c.lesions[:, *place].any()]
    off = [v for place, v in positive.items() if not c.lesions[:, *place].any()]
    return sum((a > b) + (a == b) / 2 for a in on for b in off) / len(on) / len(off)


def _average_precision(c, values=None):
    positive = oracles.evidence(c.map if values is None else values, c.inside)
    on = [v for place, v in positive.items() if c.lesions[:, *place].any()]
    found, total = 0, 0.0
    for value in sorted(set(on), reverse=True):
        before, found = found, sum(one >= value for one in on)
        precision = found / sum(one >= value for one in positive.values())
        total += (found - before) / len(on) * precision
    return total


def _hit(c, values=None):
    positive = oracles.evidence(c.map if values is None else values, c.inside)
    tops = [place for place, value in positive.items() if value == max(positive.values())]
    return sum(c.lesions[:, *place].any() for place in tops) / len(tops)


def _peak(name):
    return lambda c: (
        ours(name, c.peaked, *c.of_lesions),
        oracles.peak_scores(c.peaked, c.lesions, c.inside, PEAK_RADIUS)[name],
    )


def _agreement(c):
    cells = [[], []]
    for top, left in np.ndindex(SHAPE[0] // 8, SHAPE[1] // 8):
        block = np.s_[8 * top : 8 * top + 8, 8 * left : 8 * left + 8]
        if c.inside[block].mean() >= 0.5:
            for row, values in zip(cells, (c.map, c.other), strict=True):
                row.append(np.maximum(values[block], 0)[c.inside[block]].mean())
    return oracles.pearson(*(oracles.ranks(row) for row in cells))


def _ssim(c):
    scaled = []
    for values in (c.map, c.other):
        plain = np.where(c.inside, values, 0).astype(float)
        scaled.append(plain / np.sqrt((plain[c.inside] ** 2).mean()))
    low = min(one.min() for one in scaled)
    span = max(one.max() for one in scaled) - low
    _, picture = structural_similarity(
        *(one - low for one in scaled), data_range=span, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, full=True,
    )  # fmt: skip
    return picture[c.inside].mean()


def _rise(c):
    own, other = (
        credibility_oracles.entropy_of_histogram(values[c.inside].astype(float))
        for values in (c.map, c.third)
    )
    return (other - own) / own


def _mean(values):
    return sum(values) / len(values)


def _steps(scores, chosen):
    return scores[0] - _mean([s for share, s in zip(CURVE, scores, strict=True) if chosen(share)])


def _effects(c):
    return [c.logits[0] - one for one in c.logits[1:]]


def _alike(c, other):
    return oracles.spearman(c.map, other, c.inside)


ORACLES = {
    "mass": lambda c: (ours("mass", c.map, *c.of_lesions), _mass(c)),
    "enrichment": lambda c: (
        ours("enrichment", c.map, *c.of_lesions),
        _mass(c) / _area(c, c.lesions.any(axis=0)),
    ),
    "chance_corrected_mass": lambda c: (
        ours("chance_corrected_mass", c.map, *c.of_lesions),
        1 - (1 - _mass(c)) / (1 - _area(c, c.lesions.any(axis=0))),
    ),
    "foreground_mass": lambda c: (
        ours("foreground_mass", c.map, c.lesions, c.body),
        oracles.share_on(c.map, c.lesions.any(axis=0), c.body),
    ),
    "rank_accuracy": lambda c: (
        ours("rank_accuracy", c.map, *c.of_lesions),
        oracles.rank_accuracy(c.map, *c.of_lesions),
    ),
    "iou_at_area": lambda c: (
        ours("iou_at_area", c.map, *c.of_lesions),
        oracles.iou_at_area(c.map, *c.of_lesions),
    ),
    "auprc": lambda c: (ours("auprc", c.map, *c.of_lesions), _average_precision(c)),
    "pixel_auc": lambda c: (ours("pixel_auc", c.map, *c.of_lesions), _pairs(c)),
    "hit": lambda c: (ours("hit", c.map, *c.of_lesions), _hit(c)),
    "iou_otsu": lambda c: (
        ours("iou_otsu", c.peaked, *c.of_lesions),
        oracles.iou_otsu(c.peaked, *c.of_lesions),
    ),
    "other_lesion_mass": lambda c: (
        ours("other_lesion_mass", c.map, *c.of_lesions),
        oracles.other_lesion_mass(c.map, *c.of_lesions),
    ),
    **{name: _peak(name) for name in ("lesion_hit_rate", "hit_any", "hit_all", "hit_of_five")},
    "spatial_entropy": lambda c: (
        ours("spatial_entropy", c.map, c.inside), oracles.spatial_entropy(c.map, c.inside)
    ),
    "total_attribution": lambda c: (
        ours("total_attribution", c.map, c.inside),
        sum(oracles.evidence(c.map, c.inside).values()),
    ),
    "peak_attribution": lambda c: (
        ours("peak_attribution", c.map, c.inside),
        max(oracles.evidence(c.map, c.inside).values()),
    ),
    "border_enrichment": lambda c: (
        ours("border_enrichment", c.map, c.artifact, c.inside),
        oracles.share_on(c.map, c.artifact, c.inside) / _area(c, c.artifact),
    ),
    "artifact_enrichment": lambda c: (
        ours("artifact_enrichment", c.map, c.artifact, c.inside),
        oracles.share_on(c.map, c.artifact, c.inside) / _area(c, c.artifact),
    ),
    "agreement": lambda c: (ours("agreement", c.map, c.other, c.inside), _agreement(c)),
    "readable_map": lambda c: (ours("readable_map", c.map, c.inside), 1.0),
    "complete_map": lambda _: (ours("complete_map", 0.06, 0.05), 0.0),
    **{
        name: lambda c, name=name: (
            ours(name, c.map, c.other, c.inside), abs(_alike(c, c.other))
        )
        for name in ("randomization_similarity", "label_randomization_similarity",
                     "smooth_randomization_similarity", "edge_similarity")
    },
    "reproducibility": lambda c: (
        ours("reproducibility", c.map, c.other, c.inside), _alike(c, c.other)
    ),
    "stability": lambda c: (
        ours("stability", c.map, c.other, c.inside, (0.5, 0.52)), _alike(c, c.other)
    ),
    "repeatability": lambda c: (
        ours("repeatability", np.stack([c.map, c.other, c.third])[:, :, :28], c.inside[:, :28]),
        credibility_oracles.icc(
            np.stack([c.map, c.other, c.third])[:, :, :28][:, c.inside[:, :28]].T.tolist()
        ),
    ),
    "randomization_ssim": lambda c: (
        ours("randomization_ssim", c.map, c.other, c.inside), _ssim(c)
    ),
    "complexity_rise": lambda c: (ours("complexity_rise", c.map, c.third, c.inside), _rise(c)),
    "randomized_mass_gap": lambda c: (
        ours("randomized_mass_gap", c.map, c.other, *c.of_lesions), _mass(c) - _mass(c, c.other)
    ),
    "randomized_auprc_gap": lambda c: (
        ours("randomized_auprc_gap", c.map, c.other, *c.of_lesions),
        _average_precision(c) - _average_precision(c, c.other),
    ),
    "randomized_hit_gap": lambda c: (
        ours("randomized_hit_gap", c.map, c.other, *c.of_lesions), _hit(c) - _hit(c, c.other)
    ),
    "deletion": lambda c: (
        ours("deletion", CURVE, c.most), credibility_oracles.polygon_area(CURVE, c.most)
    ),
    "insertion": lambda c: (
        ours("insertion", CURVE, c.least),
        # The curve of what is kept, read the other way.
        credibility_oracles.polygon_area(1 - CURVE[::-1], c.least[::-1]),
    ),
    "symmetric_relevance_gain": lambda c: (
        ours("symmetric_relevance_gain", CURVE, c.most, c.least),
        credibility_oracles.polygon_area(CURVE, c.least - c.most),
    ),
    "comprehensiveness": lambda c: (
        ours("comprehensiveness", CURVE, c.most), _steps(c.most, lambda gone: 0 < gone <= 0.5)
    ),
    "sufficiency": lambda c: (
        ours("sufficiency", CURVE, c.least),
        _steps(c.least, lambda gone: 0 < round(1 - gone, 9) <= 0.5),
    ),
    "faithfulness_correlation": lambda c: (
        ours("faithfulness_correlation", c.marked, c.falls, c.areas),
        credibility_oracles.partial_correlation(c.marked, c.falls, c.areas),
    ),
    "infidelity": lambda c: (
        ours("infidelity", c.marked, c.falls), credibility_oracles.infidelity(c.marked, c.falls)
    ),
    "baseline_spread": lambda c: (
        ours("baseline_spread", list(c.falls)),
        max(abs(a - b) for a in c.falls for b in c.falls),
    ),
    "lesion_effect": lambda c: (
        ours("lesion_effect", c.logits[0], c.logits[1:]), _mean(_effects(c))
    ),
    "other_effect": lambda c: (
        ours("other_effect", c.logits[0], c.logits[1:]), _mean([abs(one) for one in _effects(c)])
    ),
    "insertion_effect": lambda c: (
        ours("insertion_effect", c.logits[0], c.logits[1:]), -_mean(_effects(c))
    ),
    "lesion_specific_effect": lambda c: (
        ours("lesion_specific_effect", c.logits[0], c.logits[1:3], c.logits[3:]),
        _mean(list(c.logits[3:])) - _mean(list(c.logits[1:3])),
    ),
    "lesion_flip": lambda c: (
        ours("lesion_flip", 2.0, c.logits, 0.0), sum(c.logits < 0) / len(c.logits)
    ),
    "other_flip": lambda c: (
        ours("other_flip", -1.0, c.logits, 0.0), sum(c.logits >= 0) / len(c.logits)
    ),
    "lesion_advantage": lambda c: (ours("lesion_advantage", c.logits[:2], c.logits[2:]),
                                   _mean(list(c.logits[:2])) - _mean(list(c.logits[2:]))),
    "artifact_excess": lambda c: (ours("artifact_excess", *c.logits[:2]),
                                  c.logits[0] - c.logits[1]),
    "lesion_first": lambda c: (
        ours("lesion_first", c.logits[0], c.logits[1:]),
        float(sorted(c.logits)[-1] == c.logits[0]),
    ),
}  # fmt: skip
"""Metric → (its value, that of the obvious version)."""

ELSEWHERE = {
    "randomization_hog": "test_similarity.py",
    "image_reliability": "test_faithfulness.py",
}
"""Metrics whose obvious version stands in a test of its own."""


def test_every_metric_of_maps_has_an_obvious_version():
    names = {module.__name__ for module in MODULES}
    registered = {
        name
        for name in METRICS
        if METRICS[name].facts.family in FAMILIES and METRICS[name].function.__module__ in names
    }
    assert registered == set(ORACLES) | set(ELSEWHERE)


@pytest.mark.parametrize("name", ORACLES)
def test_metric_is_that_of_its_obvious_version(name):
    loose = {"infidelity": 1e-4, "deletion": 1e-5, "insertion": 1e-5, "complexity_rise": 0.01,
             "symmetric_relevance_gain": 1e-5, "randomization_ssim": 1e-6}  # fmt: skip
    for seed in range(4):
        value, expected = ORACLES[name](Known(seed))
        assert value == pytest.approx(expected, abs=loose.get(name, 1e-6)), seed
