import json
import re

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from xaudit.core.finding import Findings
from xaudit.core.policy import Verdict
from xaudit.report.card import build_card
from xaudit.report.overlays import overlay_png, overlay_rgba
from xaudit.report.render import render_html


def test_the_twin_of_a_page_is_read_back_as_the_same_objects(audit):
    findings, verdict, pictures = audit
    page = render_html(build_card(findings, verdict, pictures))
    found = re.search(r'<script type="application/json" id="twin">(.*?)</script>', page, re.DOTALL)
    both = json.loads(found[1])
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
