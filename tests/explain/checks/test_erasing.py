from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from xaudit.explain.checks.erasing import FILLINGS, elsewhere, erased, inserted
from xaudit.explain.perturbation.imputation import imputed
from xaudit.testing import planted_case


@pytest.fixture
def case():
    lesion = np.zeros((64, 64), dtype=bool)
    lesion[20:28, 30:36] = True
    planted = planted_case([lesion], (64, 64))
    inside = planted.inside.copy()
    inside[:, :6] = False
    return replace(planted, inside=inside)


@pytest.mark.parametrize("filling", FILLINGS)
def test_what_is_erased_is_gone_and_the_rest_is_untouched(case, filling):
    image = erased(case, case.lesion_mask, filling)
    gone = np.zeros((64, 64), dtype=bool)
    gone[18:30, 28:38] = True
    assert (image[0][~gone] == case.image[0][~gone]).all()
    # The lesion is brighter by 0.3 than what is around.
    assert image[0][case.lesion_mask].mean() < case.image[0][case.lesion_mask].mean() - 0.15
    assert (image[0][~case.inside] == case.image[0][~case.inside]).all()


@pytest.mark.parametrize("place", [np.s_[20:28, 30:36], np.s_[55:64, 2:20], np.s_[:, 10:13]])
def test_what_fills_a_hole_is_what_the_whole_image_would_give(case, place):
    mask = np.zeros((64, 64), dtype=bool)
    mask[place] = True
    gone = ndimage.binary_dilation(mask, iterations=2) & case.inside
    whole = imputed(
        torch.from_numpy(case.image), torch.from_numpy(gone)[None], torch.from_numpy(case.inside)
    )[0].numpy()
    np.testing.assert_allclose(erased(case, mask, "impute")[0][gone], whole[0][gone], atol=0.01)


def test_places_elsewhere_have_the_shape_and_keep_away(case):
    places = elsewhere(case, case.lesion_mask, 5, np.random.default_rng(0))
    assert len(places) == 5
    for place in places:
        assert place.sum() == case.lesion_mask.sum()
        assert not (place & case.lesion_mask).any()
        assert (place <= case.inside).all()


def test_places_look_like_what_they_stand_for(case):
    image = case.image.copy()
    image[0, 40:60, 40:60] += 0.3
    bright = replace(case, image=image)
    places = elsewhere(bright, case.lesion_mask, 3, np.random.default_rng(0))
    assert all(place[40:60, 40:60].sum() > 0.8 * place.sum() for place in places)


def test_a_shape_that_fits_nowhere_has_no_place(case):
    large = np.zeros((64, 64), dtype=bool)
    large[4:60, 10:60] = True
    assert elsewhere(case, large, 3, np.random.default_rng(0)) == []


def test_what_is_inserted_is_the_donors(case):
    donor = planted_case([], (64, 64), seed=9)
    mask = np.zeros((64, 64), dtype=bool)
    mask[50:60, 2:12] = True
    image = inserted(case, donor, mask)
    assert (image[0, 50:60, 6:12] == donor.image[0, 50:60, 6:12]).all()
    assert (image[0, 50:60, :6] == case.image[0, 50:60, :6]).all()
