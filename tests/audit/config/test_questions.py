"""Marks in an audit file, where they stand and what they ask."""

from xaudit.audit.config.questions import open_questions
from xaudit.yaml_file import read_yaml


def test_marks_are_found_with_their_lines_and_questions(tmp_path):
    path = tmp_path / "audit.yaml"
    path.write_text(
        'data:\n  positive: "?"\n  split: ["?"]\ndetector:\n  input: {mean: "?"}\n'
        '  operating_points:\n    - {name: a}\n    - name: b\n      origin: "?"\nown: "?"\n',
        encoding="utf-8",
    )
    asked = open_questions(read_yaml(path))
    assert list(asked) == [
        ("data", "positive"),
        ("detector", "input", "mean"),
        ("detector", "operating_points", 1, "origin"),
        ("own",),
    ]
    assert asked["data", "positive"].startswith(f"{path}:2: data.positive: is not answered yet: w")
    assert asked["detector", "operating_points", 1, "origin"].startswith(f"{path}:9: ")
    assert asked["own",].endswith("answer it, or take the line out")
