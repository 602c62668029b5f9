"""Every method has a page, and the page says what the code does."""

import dataclasses
import re
from pathlib import Path

import pytest

from xaudit.explain.port import EXPLAINERS, load_built_in, make_explainer

PAGES = Path(__file__).parents[3] / "docs" / "reference" / "methods"
load_built_in()


@pytest.mark.parametrize("name", list(EXPLAINERS))
def test_page_states_question_parameters_and_limits(name):
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    explainer = make_explainer(name, {})
    assert f"**{explainer.question}**" in text
    listed = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \| \S", text, re.MULTILINE))
    assert listed == {
        one.name: str(getattr(explainer, one.name)) for one in dataclasses.fields(explainer)
    }
    limits = text.partition("## When not to trust it\n")[2].partition("## Source")[0]
    assert limits.count("\n- ") >= 2
    assert len(text.partition("## Source\n")[2].strip()) > 20


def test_index_lists_every_page():
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    for name in EXPLAINERS:
        assert f"[`{name}`]({name}.md) | {make_explainer(name, {}).question} |" in index
    assert {path.stem for path in PAGES.glob("*.md")} == {*EXPLAINERS, "README"}
