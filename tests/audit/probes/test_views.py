"""Artifacts of an examination: those of each of its images, where that image lies."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from xaudit.audit.probes.shortcuts import _Artifacts
from xaudit.core.detector import InputSpec, Views
from xaudit.data.pixels.images import to_gray
from xaudit.data.prepare import prepare, read_pixels
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.data.transforms.artifacts import BORDER, artifacts_of

STUDY = Path(__file__).parents[3] / "examples" / "small-views"
VIEWS = Views(3, "view", ("ap", "lateral", "oblique"))
SPEC = InputSpec(64, 48, channels=1, views=VIEWS)


def test_artifacts_are_those_of_each_view(tmp_path):
    spec = DataSpec("manifest", STUDY, views=VIEWS)
    whole = next(case for case in load_study(spec).cases if None not in case.views)
    partial = next(case for case in load_study(spec).cases if None in case.views)
    marker = np.zeros((64, 48), dtype=np.uint8)
    marker[2:9, 30:40] = 255
    root = shutil.copytree(STUDY, tmp_path / "study")
    Image.fromarray(marker).save(root / "marker.png")
    lines = [f"{case.images[-1].case_id},marker,marker.png" for case in (whole, partial)]
    (root / "artifacts.csv").write_text("\n".join(["id,name,mask", *lines]) + "\n", "utf-8")
    study = {case.case_id: case for case in load_study(replace(spec, root=root)).cases}
    alone = {case.case_id: case for case in load_study(replace(spec, root=root, views=None)).cases}
    for name in (whole.case_id, partial.case_id):
        case = study[name]
        found = _Artifacts(SPEC).on(prepare(case, SPEC))
        assert {"marker", BORDER} <= set(found)
        assert found["marker"].sum() == 70
        for place, view in enumerate(case.views):
            own = {key: np.split(mask, 3)[place] for key, mask in found.items()}
            if view is None:
                assert not any(mask.any() for mask in own.values())
                continue
            single = alone[view.case_id]
            gray = to_gray(read_pixels(single, SPEC.one_view))
            expected = artifacts_of(prepare(single, SPEC.one_view), SPEC.one_view, gray)
            assert {key for key, mask in own.items() if mask.any()} == set(expected)
            for key, mask in expected.items():
                np.testing.assert_array_equal(own[key], mask)
