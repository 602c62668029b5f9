"""Boxes on the input grid come back to where they are on the film."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.audit.probes.cases.boxes import on_image
from xaudit.core.boxes import Boxes
from xaudit.core.case import PreparedCase
from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.transforms.geometry import GridTransform
from xaudit.testing import planted_case


def prepared(source, spec):
    case = planted_case([], (spec.height, spec.width))
    return PreparedCase(case.case, case.image, case.lesions, case.inside, source, spec.grid)


@pytest.mark.parametrize("resize", ["letterbox", "stretch", "crop"])
@given(st.integers(20, 900), st.integers(20, 900), st.integers(0, 2**32 - 1))
def test_the_way_to_the_grid_is_undone(resize, rows, columns, seed):
    spec, source = InputSpec(64, 48, resize=resize), Grid((rows, columns))
    corner = np.random.default_rng(seed).uniform(0, 0.5, (5, 2)) * (columns, rows)
    film = np.concatenate([corner, corner * 1.5 + 1], axis=1)
    transform = GridTransform.between(source, spec)
    seen = transform.points_to_grid(film.reshape(-1, 2)).reshape(-1, 4)
    zeros = np.zeros(5)
    back = on_image(Boxes(seen, zeros, zeros.astype(int)), prepared(source, spec), spec)
    np.testing.assert_allclose(back.corners, film, atol=1e-9 * max(rows, columns))


def test_a_letterboxed_film_by_hand():
    """200 x 100 pixels on a grid of 50 x 50: halved twice, with bars of 12 left and 13 right."""
    spec, source = InputSpec(50, 50), Grid((200, 100))
    box = Boxes([[12, 0, 37, 50]], [1.0], [0])
    assert on_image(box, prepared(source, spec), spec).corners.tolist() == [[0, 0, 100, 200]]
