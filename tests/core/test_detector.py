import math

from xaudit.core.detector import OperatingPoint


def test_the_edge_says_whether_the_threshold_itself_counts():
    for logit in (0.0, -1.5, 2.2, math.log(0.3 / 0.7)):
        plain, inclusive = (OperatingPoint("p", logit, "fixed", "", one) for one in (False, True))
        beyond = math.nextafter(logit, math.inf), math.nextafter(logit, -math.inf)
        assert [one > plain.edge for one in (beyond[0], logit, beyond[1])] == [True, False, False]
        assert [one > inclusive.edge for one in (beyond[0], logit, beyond[1])] == [
            True,
            True,
            False,
        ]
