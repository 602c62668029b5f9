"""Rays through bones against slow integration, and the film plane."""

from __future__ import annotations

import numpy as np
import pytest

from xaudit.phantom.bones import Bone, BonePiece, Break, project, project_broken, tables
from xaudit.phantom.frame import Frame, coarse_noise, smooth_noise
from xaudit.phantom.glyphs import render_marker
from xaudit.phantom.lines import Line

TUBE = Bone("tube", 0, 100, (0, 0), 10.0, flare=(1, 1), flare_length=(4, 4), cap=(1, 1), cortex=0.3)


def row(points):
    """A row of pixels across the middle of the bone."""
    lateral = np.asarray(points, dtype=np.float32)[None]
    return lateral, np.full_like(lateral, 50.0)


def marched(x, outer, inner, steps=200_000):
    """Path through wall and hollow of a tube, by stepping along the ray."""
    depth = np.linspace(-outer, outer, steps)
    radius = np.hypot(x, depth)
    length = 2 * outer / steps
    return ((radius <= outer) & (radius > inner)).sum() * length, (radius <= inner).sum() * length


@pytest.mark.parametrize("x", [0.0, 3.0, 6.5, 8.0, 9.5, 11.0])
def test_path_through_a_tube_equals_stepping_along_the_ray(x):
    lateral, axial = row([x])
    seen = project(TUBE, tables(TUBE, 0.0), lateral, axial, ())
    wall, hollow = marched(x, 10.0, 10.0 - 0.3 * 10.0 - 0.12)
    assert seen.cortex[0, 0] == pytest.approx(wall, abs=0.02)
    assert seen.medulla[0, 0] == pytest.approx(hollow, abs=0.02)


def test_cut_without_displacement_or_loss_leaves_the_bone_whole():
    lateral, axial = np.meshgrid(np.linspace(-12, 12, 40), np.linspace(30, 70, 60))
    lateral, axial = lateral.astype(np.float32), axial.astype(np.float32)
    shape = tables(TUBE, 0.0)
    intact = project(TUBE, shape, lateral, axial, ())
    cut = Break((Line(50.0, slope=8.0, loss=0.0, cuts=True),), (BonePiece(), BonePiece()))
    broken = project_broken(TUBE, shape, (lateral, axial), (), cut)
    assert np.allclose(broken.cortex, intact.cortex, atol=1e-4)
    assert broken.lesion.any()


def test_displaced_piece_lies_where_it_was_moved():
    cut = Break((Line(50.0, loss=0.0, cuts=True),), (BonePiece(), BonePiece(across=4.0)))
    lateral = np.linspace(-20, 20, 401, dtype=np.float32)[None]
    shape = tables(TUBE, 0.0)
    for depth, middle in ((40.0, 0.0), (60.0, 4.0)):
        seen = project_broken(TUBE, shape, (lateral, np.full_like(lateral, depth)), (), cut)
        whole = (seen.cortex + seen.medulla)[0]
        assert (whole * lateral[0]).sum() / whole.sum() == pytest.approx(middle, abs=0.05)


def test_line_takes_its_share_on_the_line_and_nothing_far_from_it():
    line = Line(50.0, width=0.5, loss=0.8)
    tau = np.array([50.0, 55.0], dtype=np.float32)
    assert np.allclose(line.kept(tau, np.zeros(2, dtype=np.float32)), (0.2, 1.0), atol=1e-6)


def test_mirrored_film_sees_the_other_side():
    left = Frame(20, 30, 0.5, (0.0, 10.0), 0.0, mirrored=False).coordinates()
    right = Frame(20, 30, 0.5, (0.0, 10.0), 0.0, mirrored=True).coordinates()
    assert np.allclose(left[0], right[0][:, ::-1])
    assert np.allclose(left[1], right[1])
    assert left[1].mean() == pytest.approx(10.0)
    assert left[0][0, 1] - left[0][0, 0] == pytest.approx(0.5)


def test_turned_film_keeps_distances():
    lateral, axial = Frame(20, 30, 0.5, (3.0, 10.0), 0.3, mirrored=False).coordinates()
    steps = np.hypot(np.diff(lateral, axis=1), np.diff(axial, axis=1))
    assert np.allclose(steps, 0.5, atol=1e-4)


def test_noise_has_about_unit_variance():
    rng = np.random.default_rng(0)
    assert smooth_noise(rng, (120, 90), (2.0, 1.0)).std() == pytest.approx(1.0, abs=1e-3)
    assert 0.5 < coarse_noise(rng, (200, 150), (20, 20)).std() < 1.5


@pytest.mark.parametrize("look", ["plain", "boxed", "disc"])
def test_markers_of_both_sides_differ(look):
    left, right = (render_marker(letter, look, 24, 0.1) for letter in "LR")
    assert left.shape == (24, 24)
    assert 0 <= left.min() <= left.max() <= 1
    assert np.abs(left - right).max() > 0.5
