import csv


def test_crosswalk_is_written_beside_the_card_and_links_to_it(xaudit, sample, tmp_path):
    page = tmp_path / "submission" / "crosswalk.html"
    code, out, _err = xaudit("card", sample, "--crosswalk", page)
    assert code == 0
    assert str(page) in out
    assert 'href="../sample/card.html#element-accuracy"' in page.read_text(encoding="utf-8")


def test_crosswalk_as_a_table(xaudit, sample, tmp_path):
    path = tmp_path / "crosswalk.csv"
    assert xaudit("card", sample, "--crosswalk", path)[0] == 0
    with path.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 36
