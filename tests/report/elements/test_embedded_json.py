import json
import re

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Verdict
from xaudit.core.record.shared_messages import unshared
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_html
from xaudit.report.view.overlays import for_card, overlay_png, overlay_rgba


def test_the_twin_of_a_page_is_read_back_as_the_same_objects(audit):
    findings, verdict, pictures = audit
    page = render_html(build_card(findings, verdict, pictures))
    found = re.search(r'<script type="application/json" id="twin">(.*?)</script>', page, re.DOTALL)
    both = json.loads(found[1])
    both = unshared(both, both["messages"])
    assert TypeAdapter(Findings).validate_python(both["findings"]) == findings
    assert TypeAdapter(Verdict).validate_python(both["verdict"]) == verdict


def test_a_page_without_a_verdict_says_so_in_its_twin(minimal):
    assert json.loads(build_card(minimal, None, {}).twin)["verdict"] is None


@pytest.mark.parametrize("signed", [False, True])
def test_a_picture_with_a_palette_shows_the_same_pixels(signed, tmp_path):
    values = np.random.default_rng(3).normal(size=(60, 44))
    path = tmp_path / "layer.png"
    path.write_bytes(overlay_png(values, signed))
    assert np.array_equal(
        np.asarray(Image.open(path).convert("RGBA")), overlay_rgba(values, signed)
    )


def test_a_layer_of_one_color_family_needs_no_four_bytes_a_pixel():
    rows, columns = np.mgrid[0:224, 0:224] / 224
    smooth = overlay_png(np.exp(-((rows - 0.4) ** 2 + (columns - 0.5) ** 2) / 0.02))
    assert b"PLTE" in smooth[:100]


def test_a_large_map_is_shown_small_and_in_its_place():
    values = np.zeros((1024, 512))
    values[256:512, 128:256] = 1.0
    values[0, 0] = np.nan
    shown = for_card(values)
    assert shown.shape == (384, 192)
    assert np.allclose(shown.mean(), np.nansum(values) / values.size)
    rows, columns = np.nonzero(shown > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (96, 191, 48, 95)
    small = np.ones((384, 3))
    assert for_card(small) is small or np.array_equal(for_card(small), small)


def test_seventeen_cases_of_a_large_input_stay_under_eight_megabytes():
    # Noise is what compresses worst; a radiograph is far from it.
    noise = np.random.default_rng(0).standard_t(3, size=(1024, 1024))
    smooth = np.exp(-((np.mgrid[0:1024, 0:1024] / 1024 - 0.5) ** 2).sum(axis=0) * 9)
    layers = 2 * len(overlay_png(for_card(noise))) + 2 * len(overlay_png(for_card(smooth)))
    radiograph = 90_000
    assert 17 * (radiograph + layers) * 4 / 3 < 8_000_000
