import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label

from xaudit.core.metric import Undefined
from xaudit.metrics.masks.components import false_components, lesions_segmented, lesionwise

RNG = np.random.default_rng
ALL = np.ones((20, 20), bool)
NONE = np.empty((0, 20, 20), bool)


def _mask(*boxes):
    mask = np.zeros((20, 20), bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def _slow(predicted, lesions, inside, overlap):
    labels = label(predicted & inside, connectivity=2)
    parts = [labels == number for number in range(1, labels.max() + 1)]
    found, saved = [], set()
    for lesion in lesions & inside:
        if lesion.any():
            near = [i for i, part in enumerate(parts) if (part & lesion).any()]
            together = np.any([parts[i] for i in near], axis=0) if near else np.zeros_like(lesion)
            found.append((together & lesion).sum() / (together | lesion).sum() >= overlap)
            saved |= set(near) if found[-1] else set()
    return found, len(parts) - len(saved)


@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.2, 0.5]))
@settings(max_examples=60, deadline=None)
def test_lesions_and_parts_are_those_of_loops(seed, overlap):
    rng = RNG(seed)
    predicted = rng.random((20, 20)) < 0.15
    predicted |= _mask(*((t, t, t + 4, t + 5) for t in rng.integers(0, 15, 2)))
    lesions = np.stack([_mask((t, t, t + 4, t + 4)) for t in rng.integers(0, 18, 3)])
    inside = ALL & ~_mask((0, 17, 20, 20))
    found, false = _slow(predicted, lesions, inside, overlap)
    seen = lesionwise(predicted, lesions, inside, overlap)
    assert (list(seen.found), seen.false.sum()) == (found, false)
    assert false_components(predicted, lesions, inside, None, overlap) == false
    share = lesions_segmented(predicted, lesions, inside, None, overlap)
    assert isinstance(share, Undefined) if not found else share == pytest.approx(np.mean(found))


def test_two_pieces_are_one_lesion_and_the_whole_bone_finds_none():
    lesions = np.stack([_mask((2, 2, 6, 6)), _mask((12, 12, 16, 16))])
    pieces = _mask((2, 2, 6, 3), (2, 5, 6, 6))
    assert lesions_segmented(pieces, lesions, ALL) == 0.5
    assert false_components(pieces, lesions, ALL) == 0
    assert lesions_segmented(ALL, lesions, ALL) == 0
    assert false_components(ALL, lesions, ALL) == 1
    corner = _mask((2, 2, 6, 6), (6, 6, 9, 9))
    assert len(lesionwise(corner, lesions, ALL).false) == 1


def test_on_a_film_without_lesion_every_part_is_false_and_there_is_no_share():
    assert false_components(_mask((1, 1, 3, 3), (8, 8, 9, 9)), NONE, ALL) == 2
    assert false_components(_mask(), NONE, ALL) == 0
    assert isinstance(lesions_segmented(_mask(), NONE, ALL), Undefined)
    assert lesions_segmented(_mask(), _mask((1, 1, 3, 3))[None], ALL) == 0
    for overlap in (0.0, 1.1):
        with pytest.raises(ValueError, match="overlap above 0"):
            lesionwise(ALL, NONE, ALL, overlap)
