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


def test_card_in_german_and_in_a_language_that_there_is_not(xaudit, sample, tmp_path):
    page = tmp_path / "karte.html"
    before = (sample / "findings.json").read_bytes()
    assert xaudit("card", sample, "--language", "de", "--out", page)[0] == 0
    assert '<html lang="de">' in page.read_text(encoding="utf-8")
    assert "In einfachen Worten" in page.with_suffix(".md").read_text(encoding="utf-8")
    assert (sample / "findings.json").read_bytes() == before
    code, _out, err = xaudit("card", sample, "--language", "xx")
    assert code == 2
    assert "en (English), de (Deutsch)" in err


def test_whole_card_is_verified_with_its_appendices(xaudit, sample, tmp_path):
    page = tmp_path / "whole.html"
    assert xaudit("card", sample, "--print", "full", "--out", page)[0] == 0
    assert "<details>" not in page.read_text(encoding="utf-8")
    assert xaudit("verify", page)[0] == 0
    code, _out, err = xaudit("card", sample, "--print", "some", "--out", page)
    assert code == 2
    assert "full" in err


def test_german_card_is_verified_in_german(xaudit, sample, tmp_path):
    page = tmp_path / "karte.html"
    assert xaudit("card", sample, "--language", "de", "--out", page)[0] == 0
    assert xaudit("verify", page)[0] == 0
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("Frakturen und wertete", "Frakturen und wertet"), "utf-8")
    code, out, err = xaudit("verify", page)
    assert code == 1
    assert "wertete" in out + err
