import shutil

import numpy as np
import yaml
from PIL import Image

from xaudit.audit.config.read_config import read_config
from xaudit.audit.plan.plan import make_plan


def planned(workspace, **data):
    file = workspace / "audit.yaml"
    content = yaml.safe_load(file.read_text("utf-8"))
    content["data"] |= data
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return make_plan(read_config(file)[0], None)


def kinds(plan):
    return sorted(one.kind for one in plan.study.issues if "dup" in one.kind or "same" in one.kind)


def further(plan):
    named = ("same_pixels", "near_duplicate")
    return {one.case_id for one in plan.study.issues if one.kind in named}


def test_copies_are_named_once_and_only_where_asked_for(workspace):
    images = sorted((workspace / "study").rglob("*.png"))
    plan = planned(workspace)
    first, second, third = (case.image.path for case in plan.study.cases[:3])
    assert first in images
    shutil.copyfile(first, second)
    pixels = np.asarray(Image.open(first))
    Image.fromarray(pixels).save(third, compress_level=0)
    assert kinds(planned(workspace)) == ["duplicate"]
    plan = planned(workspace, near_duplicates=True)
    assert {"duplicate", "same_pixels"} <= set(kinds(plan))
    assert plan.study.cases[1].case_id not in further(plan)
    said = next(one for one in plan.study.issues if one.kind == "same_pixels")
    assert said.case_id == plan.study.cases[2].case_id
    assert plan.study.cases[0].case_id in said.detail
