"""A page for each case: all of them, linked, harmless, and what they say is what was stored."""

import base64
import io
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from xaudit.audit.gallery.pages import write_pages
from xaudit.audit.store.files import read_json
from xaudit.audit.store.hashes import write_hashes
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.store import Shard, Store
from xaudit.compare.paired_audits import read_cases
from xaudit.errors import ConfigError
from xaudit.report.cards.pages import CaseIndex, Cell, IndexRow, render_index
from xaudit.report.view.overlays import overlay_rgba

HOSTILE = '</script><img src=x onerror=alert(1)>"../../x'


@pytest.fixture(scope="module")
def pages(finished, tmp_path_factory):
    return write_pages(finished, tmp_path_factory.mktemp("pages") / "out").parent


def test_every_case_has_a_page_that_the_index_names(pages, finished):
    rows = read_cases(finished)
    index = (pages / "index.html").read_text("utf-8")
    links = re.findall(r'<th scope="row"><a href="([0-9a-f]{16}\.html)">([^<]*)</a>', index)
    assert [name for _, name in links] == list(rows)
    assert {path.name for path in pages.iterdir()} == {"index.html", *(file for file, _ in links)}
    for (file, case_id), row in zip(links, rows.values(), strict=True):
        page = (pages / file).read_text("utf-8")
        assert f"<h1>{case_id}</h1>" in page
        label = "fracture" if row.label else "no fracture"
        assert f'<th scope="row">Reference</th><td>{label}</td>' in page
        assert page.count("<figure>") == (5 if row.sampled else page.count("<figure>"))
        assert ("<h2>Maps</h2>" in page) != ("No picture" in page)


def test_pages_are_linked_in_order(pages, finished):
    index = (pages / "index.html").read_text("utf-8")
    files = re.findall(r'<a href="([0-9a-f]{16}\.html)">', index)
    seen, file = [], files[0]
    while file:
        seen.append(file)
        found = re.search(r'href="([^"]+)" rel="next"', (pages / file).read_text("utf-8"))
        file = found and found[1]
    assert seen == files
    assert len(files) == len(read_cases(finished))


def test_maps_are_those_that_were_stored(pages, finished):
    store = Store(finished)
    row, number, place = next(
        (row, number, place)
        for number in range(len(read_json(finished / "plan.json", PlanRecord).shards))
        for place, row in enumerate(store.read(number).cases)
        if row.sampled
    )
    index = (pages / "index.html").read_text("utf-8")
    file = re.search(rf'href="([^"]+)">{re.escape(row.case_id)}<', index)[1]
    page = (pages / file).read_text("utf-8")
    panel = next(one for one in page.split("<figure>") if "<figcaption>gradcam" in one)
    overlay = re.search(r'class="overlay" href="data:image/png;base64,([^"]+)"', panel)[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(overlay))).convert("RGBA"))
    values = store.arrays(number)[f"{place:05d}-gradcam"]
    assert np.array_equal(pixels, overlay_rgba(values))


def test_nothing_is_requested(pages):
    for path in pages.iterdir():
        page = path.read_text("utf-8")
        for source in re.findall(r'(?:src|href)="([^"]*)"', page):
            assert re.match(r"data:|index\.html$|[0-9a-f]{16}\.html$", source), source
        assert "default-src 'none'" in page


def test_names_from_data_stay_text_and_inside_the_folder(finished, tmp_path):
    folder = tmp_path / "audit"
    shutil.copytree(finished, folder)
    store, rows = Store(folder), list(read_cases(folder).values())
    hostile = [replace(row, sampled=False, case_id=f"{HOSTILE}{i}", groups={HOSTILE: HOSTILE})
               for i, row in enumerate(rows)]  # fmt: skip
    for number in range(len(read_json(folder / "plan.json", PlanRecord).shards)):
        store.write(number, Shard(cases=hostile if number == 0 else []))
    write_hashes(folder)
    index = write_pages(folder, tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in index.parent.rglob("*")}
    assert len(names) == len(rows) + 1
    for path in index.parent.iterdir():
        assert "<img" not in path.read_text("utf-8")


def test_a_folder_with_files_is_left_alone(finished, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not empty"):
        write_pages(finished, tmp_path)


def test_index_of_twenty_thousand_cases_stays_small():
    cells = (Cell("fracture"), Cell("0.93", 0.93), Cell("right"), Cell("hand"), Cell("yes"))
    rows = tuple(IndexRow(f"case-{i}", f"{i:016x}.html", cells) for i in range(20_000))
    index = CaseIndex("detector", "", ("Case", "a", "b", "c", "d", "e"), rows)
    assert len(render_index(index).encode()) < 10 * 2**20


@pytest.mark.browser
def test_index_sorts_by_value(tmp_path):
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs chromium (package chromium)")
    values = (0.5, 0.09, None, 0.1)
    rows = tuple(IndexRow(f"case {i}", "x.html", (Cell(f"{x}" if x else "", x),))
                 for i, x in enumerate(values))  # fmt: skip
    page = render_index(CaseIndex("detector", "", ("Case", "Probability"), rows))
    # The page's own policy forbids the script that presses the button.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    page += '<script>document.querySelectorAll("thead button")[1].click()</script>'
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
               f"--user-data-dir={tmp_path}/profile", f"file://{tmp_path}/index.html"]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert re.findall(r">(case \d)<", shown) == ["case 1", "case 3", "case 0", "case 2"]
