"""Annotation files: one that is named, a folder that is, and those that are found."""

import pytest

from xaudit.data.listing.annotation_files import AnnotationFiles
from xaudit.errors import DataError

FILES = AnnotationFiles(
    (".json", ".csv"), lambda path: path.read_bytes() == b"ours", "an export of ours"
)


@pytest.fixture
def study(tmp_path):
    for name, content in (("a.json", "ours"), ("sub/b.json", "ours"), ("c.json", "other"),
                          ("d.csv", "ours"), ("tables/e.csv", "other")):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


def test_the_first_kind_that_is_there_counts_and_what_is_named_is_taken(study):
    def names(paths):
        return [path.relative_to(study).as_posix() for path in paths]

    assert names(FILES.found(study)) == ["a.json", "sub/b.json"]
    assert FILES.of(study, "") == FILES.found(study)
    assert names(FILES.of(study, "c.json")) == ["c.json"]
    assert names(FILES.of(study, "tables")) == ["tables/e.csv"], "what is wrong is told by reading"
    for name in ("a.json", "sub/b.json"):
        (study / name).unlink()
    assert names(FILES.found(study)) == ["d.csv"]


@pytest.mark.parametrize(
    ("named", "said"),
    [("", "an export of ours, found none; name it: data.options: {annotations: FILE.json}"),
     ("empty", "expected an export of ours, found none"),
     ("../other", "data.options.annotations"), ("no.json", "nothing is at 'no.json'")],
)  # fmt: skip
def test_where_there_is_none_the_error_says_what_is_expected(tmp_path, named, said):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        FILES.of(tmp_path, named)
    assert said in str(caught.value)
