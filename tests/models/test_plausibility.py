import numpy as np
import pytest

from xaudit.core.detector import InputSpec
from xaudit.models.load import load_detector
from xaudit.models.plausibility import check_input


@pytest.mark.parametrize(("mean", "std", "warned"), [(0.35, 0.25, False), (0.0, 0.002, True)])
def test_wrong_scaling_is_noticed_where_batch_norm_tells(make_spec, mean, std, warned):
    from xaudit.data.phantom.demo import REFERENCE_INPUT, REFERENCE_WEIGHTS
    from xaudit.data.phantom.study import phantom_study

    spec = InputSpec(
        REFERENCE_INPUT.height, REFERENCE_INPUT.width, channels=1, mean=(mean,), std=(std,)
    )
    detector = load_detector(make_spec(weights=REFERENCE_WEIGHTS, input=spec))
    films = [case.image for case in phantom_study(5, 4, 0.5).cases][:4]
    images = np.stack([film[:160, :140] for film in films]).astype(np.float32)[:, None] / 255
    assert bool(check_input(detector, images)) == warned
