import numpy as np
import pytest
from scipy import ndimage

from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.transforms.artifacts import BORDER, MARKS, artifacts_of, border, burnt_in_marks
from xaudit.testing import planted_case

SPEC = InputSpec(96, 96)


def film(side=320):
    """A soft bone on a dark ground."""
    y, x = np.mgrid[:side, :side]
    bone = 0.6 * np.exp(-(((x - 0.5 * side) / (0.08 * side)) ** 2))
    return (0.1 + bone + 0.01 * np.sin(y / 3)).astype(np.float32)


def marked(side=320):
    gray = film(side)
    gray[40:64, 250:256] = gray[58:64, 250:270] = 1.0  # an L
    return gray


def test_a_letter_is_found_and_the_bone_is_not():
    found = burnt_in_marks(marked())
    assert found[40:64, 250:256].mean() > 0.9
    assert found.sum() < 3 * 24 * 20
    assert not burnt_in_marks(film()).any()


def test_a_blurred_letter_and_a_long_plate_are_no_marks():
    assert not burnt_in_marks(ndimage.gaussian_filter(marked(), 4)).any()
    plate = film()
    plate[60:260, 100:106] = 1.0
    assert not burnt_in_marks(plate).any()


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_image_without_structure_has_no_marks(level):
    assert not burnt_in_marks(np.full((64, 64), level, dtype=np.float32)).any()


def test_the_border_is_a_frame_of_the_image_and_not_of_the_padding():
    inside = np.zeros((100, 100), dtype=bool)
    inside[20:80] = True
    frame = border(inside)
    assert frame[20:22].all()
    assert not frame[23:77, 3:97].any()
    assert not frame[:20].any()
    assert not border(np.zeros((8, 8), dtype=bool)).any()


class Drawn:
    form = "mask"

    def rasterize(self, grid):
        (height, width), mask = grid.plane, np.zeros(grid.shape, dtype=bool)
        mask[: height // 4, : width // 4] = True
        return mask


def test_declared_artifacts_come_too_and_marks_on_lesions_are_left_out():
    from dataclasses import replace

    lesion = np.zeros((96, 96), dtype=bool)
    case = planted_case([lesion | False], (96, 96))
    gray = marked(96 * 4)
    case = replace(
        case, source=Grid(gray.shape), case=replace(case.case, artifacts={"cast": Drawn()})
    )
    found = artifacts_of(case, SPEC, gray)
    assert set(found) == {"cast", MARKS, BORDER}
    assert found["cast"][:24, :24].all()
    on_mark = replace(case, lesions=found[MARKS][None])
    assert MARKS not in artifacts_of(on_mark, SPEC, gray)
