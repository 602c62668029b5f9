"""A finished audit that explains nothing, and cohorts of films beside it."""

import csv
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.conftest import audit_text, fill_workspace


@pytest.fixture(scope="session")
def scored_audit(phantom_folder, once):
    """A folder with an audit of 40 films, its weights and its study; not to be changed."""
    from xaudit.audit.config.read_config import Overrides
    from xaudit.pipeline.conduct import run_audit

    def fill(folder):
        fill_workspace(phantom_folder, folder)
        quick = {"explain": {"cases": 0, "methods": {}, "checks": {"cases": 0}},
                 "robustness": {"cases": 0}, "policy": None}  # fmt: skip
        (folder / "audit.yaml").write_text(audit_text(**quick), encoding="utf-8")
        run_audit(folder / "audit.yaml", folder / "out", Overrides(), None, lambda step: None)

    return once("scored-audit", fill)


@pytest.fixture
def hands(scored_audit, tmp_path):
    """Write films of the audit in the layout of RSNA, changed, and a cohort file; its path.

    Args of what is given: what is done to a film, which cases are taken (None for all), and keys
    of the data.
    """

    def written(change=None, keep=None, **data):
        root = tmp_path / "rsna"
        films = root / "boneage-training-dataset"
        films.mkdir(parents=True)
        rows = [("id", "boneage", "male")]
        with (scored_audit / "study/manifest.csv").open(encoding="utf-8") as file:
            for number, case in enumerate(csv.DictReader(file)):
                if case["id"] not in (keep or case["id"]):
                    continue
                source, target = scored_audit / "study" / case["image"], films / f"{number}.png"
                if change is None:
                    shutil.copyfile(source, target)
                else:
                    with Image.open(source) as film:
                        gray = change(np.asarray(film, dtype=np.float64))
                    Image.fromarray(np.clip(gray, 0, 255).astype(np.uint8)).save(target)
                rows.append((str(number), str(40 + 4 * number), str(case["sex"] == "M")))
        table = "\n".join(map(",".join, rows))
        (root / "boneage-training-dataset.csv").write_text(table, encoding="utf-8")
        shutil.copyfile(scored_audit / "weights.safetensors", tmp_path / "weights.safetensors")
        content = {"format": "rsna_bone_age", "root": "rsna", "options": {"labels": "none"}} | data
        path = tmp_path / "cohort.yaml"
        path.write_text(yaml.safe_dump({"data": content}), encoding="utf-8")
        return path

    return written
