import numpy as np
import pytest
from PIL import Image, ImageEnhance

from xaudit.core.case import Case
from xaudit.data.image_file import ImageFile
from xaudit.data.pixels.near_duplicates import near_duplicates
from xaudit.phantom.study import phantom_study


@pytest.fixture(scope="module")
def films():
    """Radiographs of the same body part: alike, and yet not the same."""
    return [Image.fromarray(case.image) for case in phantom_study(5, 30, 0.4).cases]


@pytest.fixture
def found(tmp_path):
    def found(pictures):
        cases = []
        for number, (picture, name) in enumerate(pictures):
            picture.save(tmp_path / name)
            cases.append(
                Case(f"c{number}", f"p{number}", number % 2 == 0, ImageFile(tmp_path / name))
            )
        return [(one.case_id, one.kind, one.detail) for one in near_duplicates(cases)]

    return found


def plain(films):
    return [(film, f"{number}.png") for number, film in enumerate(films)]


def test_different_films_are_not_called_the_same(films, found):
    assert len(films) >= 30
    assert found(plain(films)) == []


def test_the_same_pixels_in_another_file_are_found(films, found):
    pictures = [*plain(films[:8]), (films[3], "copy.bmp")]
    ((case_id, kind, detail),) = found(pictures)
    assert (case_id, kind) == ("c8", "same_pixels")
    assert "has the same pixels as c3" in detail
    assert "another patient" in detail
    assert "labeled False, this one True" in detail


@pytest.mark.parametrize(
    "change",
    [
        lambda film: film.resize((film.width * 2 // 3, film.height * 2 // 3)),
        lambda film: ImageEnhance.Brightness(film).enhance(0.8),
        lambda film: film.point(lambda gray: min(255, int(gray * 0.9 + 12))),
    ],
    ids=["resized", "darker", "brightened"],
)
def test_copies_that_were_changed_are_found(films, found, change):
    pictures = [*plain(films[:8]), (change(films[2]), "changed.png")]
    ((case_id, kind, detail),) = found(pictures)
    assert (case_id, kind) == ("c8", "near_duplicate")
    assert detail.startswith("looks like (")
    assert " c2," in detail


def test_recompressed_copies_are_found(films, found):
    pictures = [*plain(films[:8]), (films[5], "copy.jpg")]
    assert [one[:2] for one in found(pictures)] == [("c8", "near_duplicate")]


def test_unreadable_and_constant_images_are_no_copies(films, tmp_path):
    (tmp_path / "broken.png").write_text("no image")
    cases = [Case("a", "a", True, ImageFile(tmp_path / "broken.png"))]
    for name, gray in (("black", 0), ("white", 255)):
        Image.new("L", (40, 40), gray).save(tmp_path / f"{name}.png")
        cases.append(Case(name, name, True, ImageFile(tmp_path / f"{name}.png")))
    assert near_duplicates(cases) == ()
    assert near_duplicates([]) == ()


def test_films_of_sixteen_bits_are_told_apart_and_their_copies_found(films, found):
    """Cut at 255, as image libraries do, all of them would be white."""
    deep = [Image.fromarray(256 + 257 * np.asarray(film, dtype=np.uint16) // 2) for film in films]
    assert found(plain(deep[:8])) == []
    ((case_id, kind, _),) = found([*plain(deep[:8]), (films[3], "shallow.png")])
    assert (case_id, kind) == ("c8", "near_duplicate")
