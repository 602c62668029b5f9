"""What a reviewer asks is answered on the first page, and little paper is printed."""

import shutil
import subprocess
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"
pytestmark = pytest.mark.browser
ANSWERS = {
    "May it be released?": "inconclusive Policy “demo-release”",
    "Why not?": "every-site (site Cedar): 94 % (69–99), 17/18; not to be judged: 18 positives, 30",
    "How well does it rank?": "0.978",
    "How many fractures does it find?": "99/106 fractures",
    "How many false alarms?": "118/124 normal cases",
    "Was the threshold fixed before?": "threshold fixed beforehand",
    "What is it for?": "To show what an audit looks like. Not for patients.",
    "On how many patients and sites?": "120 patients, 4 sites",
    "What decides besides the fracture?": "erasing the border of the image moves it most, by 0.08",
    "Do maps lie on the fracture, and chance?": "chance 1.3 %",
    "May the maps be trusted?": "to be believed with caution",
    "Worst subgroup and its n?": "age_band 65+: 87 % (63–96), 26/30",
    "Worst site and its n?": "site Birch: 87 % (64–96), 27/31",
    "What was not looked at?": "Neither measured nor declared: Regulatory status",
}


@pytest.fixture(scope="module")
def pages(chromium, tmp_path_factory):
    reader = shutil.which("pdftotext")
    if not reader:
        pytest.skip("needs pdftotext (package poppler-utils)")
    path = tmp_path_factory.mktemp("paper") / "card.pdf"
    page = chromium.new_page()
    page.goto((SAMPLE / "card.html").as_uri())
    page.pdf(path=path, format="A4")
    text = subprocess.run([reader, str(path), "-"], check=True,
                          capture_output=True, text=True, timeout=60).stdout  # fmt: skip
    return [" ".join(one.split()) for one in text.split("\f")[:-1]]


@pytest.mark.parametrize("question", ANSWERS)
def test_first_page_answers(question, pages):
    assert ANSWERS[question] in pages[0]


def test_eight_pages_are_printed_at_most(pages):
    assert len(pages) <= 8
