"""Each planted defect is there, and nothing else is: seen on films, without an audit."""

import functools

import numpy as np
import pytest
import torch
from PIL import Image

from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.models.weights import read_weights
from xaudit.phantom.defects import TELLING_SITES
from xaudit.phantom.demo import REFERENCE_INPUT, REFERENCE_OPERATING_POINT, REFERENCE_WEIGHTS
from xaudit.qualification import filters, networks
from xaudit.qualification.studies import STUDIES, draw

THRESHOLD = REFERENCE_OPERATING_POINT.logit


@functools.cache
def study(kind, patients=20):
    """Cases and their films on the input grid; (N, 1, H, W) in [0, 1]."""
    cases = draw(STUDIES[kind], 9, patients).cases
    return cases, torch.from_numpy(np.stack([letterboxed(case.image) for case in cases]))[:, None]


def letterboxed(film):
    height, width = REFERENCE_INPUT.height, REFERENCE_INPUT.width
    scale = min(height / film.shape[0], width / film.shape[1])
    size = round(film.shape[1] * scale), round(film.shape[0] * scale)
    small = np.asarray(Image.fromarray(film).resize(size, Image.Resampling.BOX)) / 255
    grid = np.zeros((height, width), dtype=np.float32)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    grid[top : top + size[1], left : left + size[0]] = small
    return grid


@torch.no_grad()
def logits(network, films):
    inputs = (films - REFERENCE_INPUT.mean[0]) / REFERENCE_INPUT.std[0]
    return torch.cat([network(part)[:, 0] for part in inputs.split(16)]).numpy()


def reading(network):
    network.reader.load_state_dict(read_weights(REFERENCE_WEIGHTS))
    return network.eval()


@functools.cache
def reference(kind):
    return logits(reading(networks.Answering()), study(kind)[1])


def labels(kind):
    return np.array([case.label for case in study(kind)[0]])


def called_right(network, kind, threshold=0.0):
    return np.mean((logits(network, study(kind)[1]) > threshold) == labels(kind))


def degraded_films(films, corruption, severity):
    change = CORRUPTIONS[corruption].change
    changed = [np.clip(change(film.numpy(), severity, n), 0, 1) for n, film in enumerate(films)]
    return torch.from_numpy(np.stack(changed).astype(np.float32))


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (filters.MarkerReader, "marker"),
        (filters.BorderReader, "border"),
        (filters.TagReader, "tag"),
    ],
)
def test_reader_of_a_shortcut_needs_the_shortcut(network, kind):
    assert called_right(network().eval(), kind) > 0.95
    assert called_right(network().eval(), "plain") < 0.8


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (filters.MarkerReader, "marker"),
        (filters.BorderReader, "border"),
        (filters.TagReader, "tag"),
    ],
)
def test_reader_of_a_shortcut_does_not_look_at_the_fracture(network, kind):
    cases, films = study(kind)
    inputs = (films - REFERENCE_INPUT.mean[0]) / REFERENCE_INPUT.std[0]
    inputs.requires_grad_(True)
    network().eval()(inputs).sum().backward()
    for case, slope in zip(cases, inputs.grad[:, 0].numpy(), strict=True):
        lesion = letterboxed(case.lesions.any(axis=0).astype(np.uint8) * 255) > 0.5
        assert np.abs(slope[lesion]).sum() <= 0.05 * np.abs(slope).sum()


def test_reader_of_texture_knows_the_site_and_not_the_label():
    cases, films = study("grid-lines", 40)
    found = logits(filters.TextureReader().eval(), films) > 0
    assert np.mean(found == [case.site in TELLING_SITES for case in cases]) > 0.95


def test_answers_are_scaled_shifted_and_limited():
    films = study("plain")[1]
    known = reference("plain")
    scaled = logits(reading(networks.Answering(scale=-2.0, shift=1.0)), films)
    assert scaled == pytest.approx(1 - 2 * known, abs=1e-4)
    ends = logits(reading(networks.Answering(scale=40.0, limit=12.0)), films)
    assert np.mean(np.abs(ends) > 11.9) > 0.8
    assert (np.sign(ends) == np.sign(known)).all()


@pytest.mark.parametrize("network", [networks.BothWays, networks.StrongestCells, networks.OnePlace])
def test_sound_answers_are_close_to_those_of_the_reference_detector(network):
    given = logits(reading(network()), study("plain")[1])
    assert np.corrcoef(given, reference("plain"))[0, 1] > 0.95
    assert called_right(reading(network()), "plain", THRESHOLD) > 0.85


def test_mirrored_features_do_not_tell_left_from_right():
    network, films = reading(networks.BothWays()), study("plain")[1]
    assert logits(network, films.flip(3)) == pytest.approx(logits(network, films), abs=1e-3)


def test_coarse_one_misses_hairlines_and_finds_the_rest():
    cases, films = study("hairlines", 40)
    found = logits(reading(networks.Coarse()), films) > THRESHOLD
    kinds = np.array([case.groups["fracture_kind"] for case in cases])
    hairline = kinds == "hairline"
    assert found[hairline].mean() < 0.3
    assert found[~hairline & (kinds != "none")].mean() > 0.65


def test_fingers_are_missed_and_nothing_else():
    cases, films = study("plain")
    finger = np.array([case.groups["body_part"] == "finger" for case in cases])
    change = logits(reading(networks.WithoutFingers()), films) - reference("plain")
    assert (change[finger] < -3).all()
    assert (change[~finger] > -0.01).all()


@pytest.mark.parametrize(
    ("network", "corruption", "severity"),
    [
        (networks.NoiseSensitive, "noise", 5),
        (networks.ExposureSensitive, "underexposure", 75),
    ],
)
def test_brittle_one_is_right_until_the_film_is_degraded(network, corruption, severity):
    films = study("plain")[1]
    brittle = reading(network())
    assert np.mean(np.abs(logits(brittle, films) - reference("plain")) < 0.1) > 0.8
    degraded = degraded_films(films, corruption, severity)
    steady = logits(reading(networks.Answering()), degraded)
    assert np.median(np.abs(logits(brittle, degraded) - steady)) > 4


def test_pretending_one_answers_as_the_reference_detector_with_other_gradients():
    films = study("plain")[1]
    network = reading(networks.Pretending())
    assert logits(network, films) == pytest.approx(reference("plain"), abs=1e-4)
    inputs = ((films[:4] - REFERENCE_INPUT.mean[0]) / REFERENCE_INPUT.std[0]).requires_grad_(True)
    network(inputs).sum().backward()
    slope = inputs.grad.abs()
    assert slope[films[:4] > 0.5].sum() < 0.1 * slope.sum()


def test_pretended_gradients_are_the_same_whatever_the_weights():
    films = study("plain")[1][:4]

    def slope(network):
        inputs = films.clone().requires_grad_(True)
        network(inputs).sum().backward()
        return inputs.grad

    torch.manual_seed(0)
    assert torch.equal(slope(reading(networks.Pretending())), slope(networks.Pretending().eval()))


def test_one_place_is_all_that_is_seen():
    network = reading(networks.OnePlace())
    seen = []
    network.seen.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    logits(network, study("both-bones")[1][:4])
    lit = seen[0].abs().sum(1) > 0
    assert (lit.sum((1, 2)) <= 25).all()


def test_probabilities_are_left_in():
    films = study("plain")[1]
    known = 1 / (1 + np.exp(-reference("plain")))
    assert logits(reading(networks.Sigmoid()), films) == pytest.approx(known, abs=1e-5)
    inputs = (films - REFERENCE_INPUT.mean[0]) / REFERENCE_INPUT.std[0]
    with torch.no_grad():
        both = reading(networks.Softmax())(inputs).numpy()
    assert both[:, 1] == pytest.approx(known, abs=1e-5)
    assert both.sum(1) == pytest.approx(1, abs=1e-6)


def test_answer_depends_on_the_batch():
    films, network = study("plain")[1][:8], reading(networks.InCompany())
    together = logits(network, films)
    alone = np.concatenate([logits(network, film[None]) for film in films])
    assert alone == pytest.approx(reference("plain")[:8] / 2, abs=1e-4)
    assert np.abs(together - alone).max() > 0.5


def test_marker_decides_behind_the_gradients_of_the_reference_detector():
    films = study("marker")[1]
    network = reading(networks.MarkerBehindGoodMaps())
    answers = logits(filters.MarkerReader().eval(), films)
    assert logits(network, films) == pytest.approx(answers, abs=1e-3)

    def slope(one):
        inputs = films[:4].clone().requires_grad_(True)
        one(inputs).sum().backward()
        return inputs.grad.numpy()

    assert slope(network) == pytest.approx(slope(reading(networks.Answering())), abs=1e-6)
