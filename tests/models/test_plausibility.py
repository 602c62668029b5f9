import numpy as np
import pytest

from xaudit.core.detector import InputSpec
from xaudit.models.load import load_detector
from xaudit.models.plausibility import check_input


@pytest.mark.parametrize(
    ("mean", "std", "warned"),
    [(0.35, 0.25, ""), (0.3, 0.5, ""), (0.0, 0.002, "deviations from"), (0.35, 63.75, "that vary")],
)
def test_wrong_scaling_is_noticed_where_batch_norm_tells(make_spec, mean, std, warned):
    from xaudit.phantom.demo import REFERENCE_INPUT, REFERENCE_WEIGHTS
    from xaudit.phantom.study import phantom_study

    spec = InputSpec(REFERENCE_INPUT.height, REFERENCE_INPUT.width, channels=1, mean=(mean,))
    # Such a std is refused where it is declared; values of another scale come in other ways too.
    object.__setattr__(spec, "std", (std,))
    detector = load_detector(make_spec(weights=REFERENCE_WEIGHTS, input=spec))
    films = [case.image for case in phantom_study(5, 4, 0.5).cases][:4]
    images = np.stack([film[:160, :140] for film in films]).astype(np.float32)[:, None] / 255
    said = [one.text for one in check_input(detector, images)]
    assert len(said) == bool(warned)
    assert all(warned in one for one in said)
