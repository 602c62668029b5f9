"""A service that answers right, slowly, wrongly or not at all; all of it on 127.0.0.1."""

import re
import time
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from score_server import Behavior, serving

from xaudit.core.detector import Elsewhere, InputSpec
from xaudit.errors import DetectorError, DetectorLostError, ExitCode
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.readers import http
from xaudit.models.remote import client
from xaudit.models.spec import DetectorSpec

SEEN = InputSpec(16, 16, channels=1, mean=(0.2,), std=(0.5,))
WEIGHTS = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)


def score(planes):
    """Two logits, the second a weighted sum of the pixels."""
    sums = (planes[:, 0] * WEIGHTS).sum(axis=(1, 2))
    return np.stack([np.zeros_like(sums), sums], axis=1)


def planes(count=5):
    return np.random.default_rng(1).random((count, 1, 16, 16)).astype(np.float32)


@pytest.fixture
def behavior():
    return Behavior(score)


@pytest.fixture
def url(behavior):
    with serving(behavior) as address:
        yield address


@pytest.fixture
def quick(monkeypatch):
    """No waiting between tries; how long it would have been."""
    waited = []
    monkeypatch.setattr(client, "sleep", waited.append)
    return waited


KSERVE = {"protocol": "kserve_v2", "model": "fracture"}
WAYS = [
    ({}, True), ({"encoding": "lists"}, True), (KSERVE, True), (KSERVE, False),
    (KSERVE | {"version": "1", "input": "film", "output": "logits"}, True),
]  # fmt: skip


@pytest.mark.parametrize(("options", "binary"), WAYS)
@pytest.mark.parametrize("parallel", [1, 3])
def test_scores_come_in_order(behavior, url, options, binary, parallel):
    behavior.binary = binary
    model = http.read(url=url, batch=2, parallel=parallel, **options)
    assert isinstance(model, Elsewhere)
    images = planes(11)
    np.testing.assert_allclose(model(images), score(images), rtol=0, atol=1e-6)
    assert sorted(behavior.asked) == [1, 2, 2, 2, 2, 2]
    assert model.batch == 2 * parallel
    model.close()


def test_questions_are_under_way_together_and_connections_are_kept(behavior, url):
    behavior.delay = 0.05
    model = http.read(url=url, batch=1, parallel=4)
    model(planes(12))
    model(planes(12))
    assert behavior.most_at_once == 4
    assert behavior.connections <= 4
    model.close()


def test_doubles_are_read(behavior, url):
    behavior.kind = "FP64"
    model = http.read(url=url, **KSERVE)
    np.testing.assert_allclose(model(planes()), score(planes()), atol=1e-6)
    model.close()


def test_what_the_service_states(behavior, url):
    model = http.read(url=url, **KSERVE)
    model(planes(1))
    assert model.stated() == {
        "name": "fracture", "versions": "1", "platform": "numpy", "answered as version": "1",
        "server": "small 2.1",
    }  # fmt: skip
    behavior.version = "2"
    assert model.stated()["versions"] == "2"
    with pytest.raises(DetectorLostError, match="answered as version '1' and now as '2'"):
        model(planes(1))
    model.close()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("html", "expected JSON, got '<html>Please log in"),
        ("fewer", "expected a list of 5 rows, one for each image, got 4 rows"),
        ("nan", r"expected finite scores, got \(nan, .*\) for image 5 of 5"),
        ("endless", "longer than"),
        ("redirects", r"redirects to 'other\.example' \(status 307\)"),
        ("404", "answers 404"),
        ("500", "answers 500"),
        ("401", "see detector.arguments.headers_from"),
        ("slow", "no answer within 0.3 s; raise detector.arguments.timeout"),
    ],
)
def test_wrong_answers_are_told_and_not_asked_again(behavior, url, quick, wrong, told):
    behavior.next = deque([wrong])
    model = http.read(url=url, timeout=0.3)
    with pytest.raises(DetectorLostError, match=told) as caught:
        model(planes())
    assert caught.value.exit_code == ExitCode.AUDIT_FAILED
    assert "secret" not in str(caught.value)
    assert not behavior.next
    assert not quick
    np.testing.assert_allclose(model(planes()), score(planes()), atol=1e-6)
    model.close()


def test_too_few_numbers_in_a_tensor(behavior, url):
    behavior.next = deque(["fewer"])
    model = http.read(url=url, **KSERVE)
    with pytest.raises(DetectorError, match=r"expected scores of shape \[5, K\], got \[4, 2\]"):
        model(planes())
    model.close()


@pytest.mark.parametrize(
    ("wrongs", "waits"),
    [
        (["503", "502", "504"], [0.5, 1.0, 2.0]),
        (["hangs up"], [0.5]),
        (["busy 7", "429"], [7.0, 1.0]),
    ],
)
def test_busy_services_are_asked_again(behavior, url, quick, wrongs, waits):
    behavior.next = deque(wrongs)
    model = http.read(url=url)
    np.testing.assert_allclose(model(planes()), score(planes()), atol=1e-6)
    assert quick == waits
    model.close()


def test_a_date_to_wait_for(behavior, url, quick):
    behavior.next = deque(["busy Mon, 01 Jan 2001 00:00:00 GMT"])
    model = http.read(url=url)
    model(planes())
    assert quick == [0.0]
    model.close()


def test_patience_ends(behavior, url, quick):
    behavior.next = deque(["503"] * 3)
    model = http.read(url=url, retries=2)
    with pytest.raises(DetectorLostError, match="answers 503, 3 times; see whether"):
        model(planes())
    behavior.next = deque(["busy 3600"])
    with pytest.raises(DetectorLostError, match="asks to wait 3600 s"):
        model(planes())
    assert quick == [0.5, 1.0]
    model.close()


def test_nobody_is_there(quick):
    with serving(Behavior(score)) as gone:
        pass
    model = http.read(url=gone, retries=1)
    with pytest.raises(DetectorLostError, match=r"no connection .*, 2 times"):
        model(planes())
    model.close()


def test_headers_come_from_variables_and_stay_secret(behavior, url, monkeypatch):
    monkeypatch.setenv("XAUDIT_TOKEN", "Bearer hush-hush")
    model = http.read(url=url, headers_from="Authorization=XAUDIT_TOKEN, X-Site = XAUDIT_TOKEN")
    behavior.next = deque(["400"])
    with pytest.raises(DetectorLostError, match="sorry …") as caught:
        model(planes(1))
    assert "hush" not in str(caught.value)
    assert behavior.headers[-1]["Authorization"] == "Bearer hush-hush"
    assert behavior.headers[-1]["X-Site"] == "Bearer hush-hush"
    assert "hush" not in model.source
    model.close()
    with pytest.raises(DetectorError, match="XAUDIT_ABSENT is not set"):
        http.read(url=url, headers_from="Authorization=XAUDIT_ABSENT")
    monkeypatch.setenv("XAUDIT_TOKEN", "two\nlines")
    with pytest.raises(DetectorError, match="signs that no header may have") as caught:
        http.read(url=url, headers_from="Authorization=XAUDIT_TOKEN")
    assert "lines" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"protocol": "kserve_v2"}, "model: protocol kserve_v2 needs a name"),
        ({"model": "x"}, "model: is of protocol kserve_v2"),
        (KSERVE | {"encoding": "lists"}, "encoding: is of protocol json"),
        (KSERVE | {"input": "xray"}, "input: no 'xray'; the model has inputs film"),
        (KSERVE | {"output": "p"}, "output: no 'p'; the model has outputs logits"),
    ],
)
def test_options_fit_together(url, options, told):
    with pytest.raises(DetectorError, match=re.escape(told)):
        http.read(url=url, **options)


def test_there_is_no_file(url, tmp_path):
    with pytest.raises(DetectorError, match="format http has no file"):
        http.read(tmp_path / "weights", url=url)


@pytest.fixture
def spec(url):
    return DetectorSpec(
        "linear", "1", "format:http", None, SEEN, OutputSpec("two_logits", 1),
        arguments={"url": f"{url}/score", "batch": 4, "retries": 0},
        allow_code=[f"service:{url}"], format="http",
    )  # fmt: skip


def test_a_service_is_a_detector(behavior, url, spec):
    detector = load_detector(spec)
    assert detector.source == f"{url}/score (json)"
    assert detector.stated == {"version": "1"}
    assert detector.weights_sha256 is None
    assert detector.capabilities == frozenset()
    loaded = len(behavior.asked)
    evaluator = Evaluator(detector)
    assert evaluator.sizes == {"forward": 4}
    assert len(behavior.asked) - loaded < 6
    np.testing.assert_allclose(
        evaluator.logits(planes()), score((planes() - 0.2) / 0.5)[:, 1], rtol=1e-4, atol=1e-4
    )
    detector.elsewhere.close()


def test_what_nobody_allowed_is_not_asked(behavior, spec, monkeypatch):
    with pytest.raises(DetectorError, match=r"would be sent to http://127\.0.* --allow-code"):
        load_detector(replace(spec, allow_code=["service:http://127.0.0.1:1"]))
    monkeypatch.setenv("AWS_TOKEN", "hush")
    secret = {**spec.arguments, "headers_from": "Authorization=AWS_TOKEN"}
    with pytest.raises(DetectorError, match="allow it with --env AWS_TOKEN"):
        load_detector(replace(spec, arguments=secret))
    assert not behavior.headers
    load_detector(replace(spec, arguments=secret, env=["AWS_TOKEN"])).elsewhere.close()


def test_options_are_of_their_type(spec):
    def told(**changes):
        arguments = {name: value for name, value in {**spec.arguments, **changes}.items() if value}
        with pytest.raises(DetectorError) as caught:
            load_detector(replace(spec, arguments=arguments))
        return str(caught.value)

    assert "arguments.timeout: input should be a valid number, got 'soon'" in told(timeout="soon")
    assert "arguments.batch: input should be greater than or equal to 1" in told(batch=-1)
    assert "arguments.protocol: input should be 'json' or 'kserve_v2'" in told(protocol="grpc")
    assert "arguments.bach: format http has no such option; there is: url" in told(bach=3)
    assert "arguments.url: is missing" in told(url=None)
    assert "names of variables, never what they hold" in told(headers_from="Bearer hush")
    assert "hush" not in told(headers_from="Bearer hush")


def test_a_dead_service_does_not_fit_before_a_run(spec, quick):
    with serving(Behavior(score)) as gone:
        pass
    there = replace(spec, arguments={"url": gone, "retries": 1}, allow_code=[f"service:{gone}"])
    with pytest.raises(DetectorError, match="no connection") as caught:
        load_detector(there)
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_question_that_fails_does_not_wait_for_the_others(behavior, url):
    behavior.next = deque(["html", *["slow"] * 3])
    model = http.read(url=url, batch=1, parallel=4, timeout=30)
    began = time.monotonic()
    with pytest.raises(DetectorLostError, match="expected JSON"):
        model(planes(4))
    assert time.monotonic() - began < 1.4
    time.sleep(1.6)
    model.close()
