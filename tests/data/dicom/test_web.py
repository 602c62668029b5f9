"""Studies in an archive: what a table names is found, and pixels come when they are asked for."""

import numpy as np
import pytest
from dicom_files import case_id, film, items, uid
from dicomweb_server import archive

from xaudit.data.dicom.web import archive as web
from xaudit.data.dicom.web import session
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

PIXELS = (np.arange(40 * 48) % 251).astype(np.uint8).reshape(40, 48)


@pytest.fixture(autouse=True)
def _forgotten():
    web._FOUND.clear()
    yield
    session.client_of.cache_clear()


def objects():
    found = [
        film(PIXELS + np.uint8(number), name, AccessionNumber=f"acc{name}", PatientAge="045Y",
             ShutterShape="CIRCULAR", CenterOfCircularShutter=["20", "20"],
             RadiusOfCircularShutter="15")
        for number, name in enumerate("abc")
    ]  # fmt: skip
    ring = {"GraphicType": "POLYLINE", "GraphicAnnotationUnits": "PIXEL",
            "GraphicData": [5.0, 4.0, 15.0, 4.0, 15.0, 11.0, 5.0, 11.0, 5.0, 4.0]}  # fmt: skip
    state = film(PIXELS, "pr", SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1", Modality="PR")
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(state, keyword)
    state.StudyInstanceUID = found[0].StudyInstanceUID
    state.GraphicAnnotationSequence = items(
        {"GraphicObjectSequence": items(ring),
         "ReferencedImageSequence": items({"ReferencedSOPInstanceUID": uid("a")})})  # fmt: skip
    return [*found, state]


def study(folder, url, **options):
    (folder / "labels.csv").write_text(
        f"sop_instance_uid,label\n{uid('a')},1\n{uid('b')},0\n{uid('gone')},0\n"
    )
    options = {"labels": "labels.csv", "url": url} | options
    return load_study(DataSpec("dicom", folder, options=options))


def test_a_study_of_an_archive_is_read(tmp_path):
    with archive(objects()) as (url, seen):
        found = study(tmp_path, url)
        assert not any(path.endswith("instances/" + uid("a")) for path, _ in seen), (
            "pixels were retrieved"
        )
        assert [case.case_id for case in found.cases] == sorted(case_id(name) for name in "ab")
        by_id = {case.case_id: case for case in found.cases}
        first, second = by_id[case_id("a")], by_id[case_id("b")]
        assert np.array_equal(first.image.upright(), PIXELS / np.float32(255))
        assert np.array_equal(second.image.upright(), (PIXELS + np.uint8(1)) / np.float32(255))
        (lesion,) = first.lesions
        assert lesion.rasterize(first.image.header().grid).sum() == 70
        assert first.groups["age"] == "40 to under 65"
        assert set(first.artifacts) == {"shutter"}
        assert first.image.fingerprint() != second.image.fingerprint()
        asked = len(seen)
        first.image.upright()
        assert len(seen) == asked, "what is in memory was asked for again"
    assert any(issue.kind == "label_without_image" for issue in found.issues)


def test_examinations_may_be_named_too(tmp_path):
    (tmp_path / "l.csv").write_text("accession_number,label\nacca,1\naccb,0\n")
    with archive(objects()) as (url, _):
        spec = DataSpec("dicom", tmp_path, options={"labels": "l.csv", "url": url})
        assert [case.label for case in load_study(spec).cases].count(True) == 1


def test_what_is_kept_in_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "CACHE", PIXELS.size + 150_000)
    with archive(objects()) as (url, _):
        for case in study(tmp_path, url).cases:
            case.image.upright()
            assert len(web._FOUND) == 1


def test_headers_come_from_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("XAUDIT_TOKEN", "Bearer secret")
    with archive(objects()) as (url, seen):
        study(tmp_path, url, headers_from="Authorization=XAUDIT_TOKEN")
        assert {headers["Authorization"] for _, headers in seen} == {"Bearer secret"}
        for wrong in ("Authorization=HOME", "Authorization=XAUDIT_NONE", "secret"):
            with pytest.raises(DataError, match="expected HEADER=VARIABLE") as caught:
                study(tmp_path, url, headers_from=wrong)
            assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://u:p@x", "http://x?key=1", "http://", "x", "http://x#a", "http://x y"]
)
def test_addresses_hold_no_secret(tmp_path, url):
    with pytest.raises(DataError, match="expected http://HOST/PATH") as caught:
        study(tmp_path, url)
    assert "key" not in str(caught.value)


def test_an_archive_leads_nowhere_else(tmp_path):
    def elsewhere(handler):
        handler.send("text/plain", b"", 302, Location="http://127.0.0.1:1/")
        return True

    with (
        archive(objects(), elsewhere) as (url, _),
        pytest.raises(DataError, match="answers from another address"),
    ):
        study(tmp_path, url)


def test_endless_answers_end(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "MAX_ANSWER", 100)
    with archive(objects()) as (url, _), pytest.raises(DataError, match="more than 100 bytes"):
        study(tmp_path, url)


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'[{"0020000D": 3}]', b"null"])
def test_answers_that_are_none_are_told(tmp_path, body):
    def nonsense(handler):
        handler.send("application/dicom+json", body)
        return True

    with archive(objects(), nonsense) as (url, _), pytest.raises(DataError) as caught:
        study(tmp_path, url)
    assert uid("a") not in str(caught.value)


def test_an_archive_that_is_gone_is_told(tmp_path):
    with archive(objects()) as (url, _):
        found = study(tmp_path, url)
    with pytest.raises(DataError, match=f"{case_id('a')}: the archive gave no answer"):
        next(one for one in found.cases if one.case_id == case_id("a")).image.upright()


def test_files_are_no_names_in_an_archive(tmp_path):
    (tmp_path / "l.csv").write_text("file,label\na,1\n")
    spec = DataSpec("dicom", tmp_path, options={"labels": "l.csv", "url": "http://127.0.0.1:1"})
    with pytest.raises(DataError, match="expected sop_instance_uid or accession_number"):
        load_study(spec)
    spec = DataSpec("dicom", tmp_path, options={"url": "http://127.0.0.1:1"})
    with pytest.raises(DataError, match="which says what is audited"):
        load_study(spec)
