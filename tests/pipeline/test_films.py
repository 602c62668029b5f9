"""``gallery: false``: no file of the audit, and no picture in the card, shows a radiograph."""

import base64
import io
import re
from itertools import product

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from tests.conftest import audit_text
from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.gallery.pages import write_pages
from xaudit.audit.gallery.panel import write_panel
from xaudit.audit.plan.plan import make_plan
from xaudit.data.prepare import prepare
from xaudit.errors import ConfigError
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit
from xaudit.verify.verify import verify_folder

SIDE = 16
"""Pixels of the thumbnails that are compared: a film that is scaled down or blurred still fits."""
A_FILM = 0.9
"""Correlation above which two thumbnails show the same; two drawn films reach about 0.8."""


def thumbnail(array):
    """(SIDE², ) of mean 0 and length 1; None for what is flat, or too small to show a film."""
    if array.ndim < 2 or min(array.shape[-2:]) < SIDE:
        return None
    plane = np.nan_to_num(np.asarray(array, dtype=np.float64))
    small = Image.fromarray(plane.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float64).ravel()
    values -= values.mean()
    length = np.linalg.norm(values)
    return values / length if length > 1e-9 else None


def planes(array):
    """Every plane of an array; also of numbers in a row that are as many as a film has pixels."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" or not array.size:
        return
    if array.ndim == 1:
        for height in range(SIDE, len(array) // SIDE + 1):
            if len(array) % height == 0:
                yield array.reshape(height, -1)
        return
    if array.ndim > 3 or (array.ndim == 3 and array.shape[-1] in {2, 3, 4}):
        array = np.moveaxis(array, -1, 0)
    yield from array.reshape(-1, *array.shape[-2:])


def pictures_in(content):
    image = Image.open(io.BytesIO(content))
    yield from planes(np.asarray(image.convert("RGBA")))


def everything(folder):
    """(where, plane) of all that could be a picture, in every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                yield from (
                    (f"{path}:{name}", one) for name in arrays for one in planes(arrays[name])
                )
        elif path.suffix == ".parquet":
            for column in pq.read_table(path).columns:
                numbers = [one for one in column.to_pylist() if isinstance(one, (int, float, bool))]
                yield from ((str(path), one) for one in planes(np.array(numbers, dtype=float)))
                inner = [one for one in column.to_pylist() if isinstance(one, (bytes, list))]
                assert not inner, f"{path}: a column of {type(inner[0])} is not looked into"
        elif path.suffix in {".png", ".jpg", ".webp", ".gif"}:
            yield from ((str(path), one) for one in pictures_in(content))
        else:
            embedded = re.findall(rb"data:image/(?!svg)[\w.+-]+;base64,([A-Za-z0-9+/=]+)", content)
            for one in embedded:
                yield from (
                    (f"{path}, embedded", plane) for plane in pictures_in(base64.b64decode(one))
                )


def likeness(folder, films):
    """The largest correlation with a film, however it is turned or mirrored, and where."""
    turned = np.stack([
        np.rot90(film.reshape(SIDE, SIDE), turns)[:, ::step].ravel()
        for film in films for turns, step in product(range(4), (1, -1))
    ])  # fmt: skip
    found = [
        (float(np.abs(turned @ small).max()), where)
        for where, plane in everything(folder)
        if (small := thumbnail(plane)) is not None
    ]
    return max(found, default=(0.0, "")), len(found)


def audited(workspace, gallery):
    methods = {"gradcam": {}, "integrated_gradients": {"steps": 4, "max_steps": 4}}
    explain = {"cases": 3, "micro_batch": 8, "gallery": gallery, "methods": methods,
               "checks": {"cases": 0}, "shortcuts": 0}  # fmt: skip
    robust = {"cases": 0, "maps": 0}
    content = yaml.safe_load(audit_text()) | {"explain": explain, "robustness": robust}
    path = workspace / f"audit-{gallery}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    out = workspace / f"out-{gallery}"
    run_audit(path, out, Overrides(), 12, lambda step: None)
    write_cards(out)
    write_pages(out, out / "pages")
    config = read_config(path)[0]
    cases = make_plan(config, 12).study.cases
    films = [case.image.upright() for case in cases]
    films += [prepare(case, config.detector.input).image[0] for case in cases]
    return out, list(map(thumbnail, films))


@pytest.mark.heavy
def test_no_radiograph_is_kept_where_none_may_be_shown(workspace):
    shown, films = audited(workspace, gallery=True)
    (value, _), _ = likeness(shown, films)
    assert value > 0.98, "the search itself finds a film"
    for name in ("shards", "evidence", "pages"):
        assert likeness(shown / name, films)[0][0] > 0.98
    out, films = audited(workspace, gallery=False)
    (value, where), looked_at = likeness(out, films)
    assert looked_at >= 6
    assert value < A_FILM, where
    assert not list((out / "evidence").glob("*"))
    assert all(not check.differences for check in verify_folder(out))
    page = next(path for path in (out / "pages").iterdir() if path.name != "index.html")
    assert "no radiograph is kept" in "".join(
        one.read_text("utf-8") for one in (out / "pages").iterdir()
    )
    assert page.exists()
    explained = {
        row["case_id"]
        for path in out.rglob("maps.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    with pytest.raises(ConfigError, match="keeps no radiograph"):
        write_panel(out, min(explained), out / "x.png")
