"""How metrics say what they mean."""

import pytest

from xaudit.core.metric import MetricFacts
from xaudit.errors import RegistryError


@pytest.mark.parametrize(("better", "unit"), [("more", "number"), ("lower", "logit")])
def test_facts_that_could_not_be_read_again_are_refused(better, unit):
    with pytest.raises(RegistryError, match="expected one of"):
        MetricFacts("shift", "By how much?", better, None, None, unit, "robustness")
