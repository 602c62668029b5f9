"""Slow, obvious versions of the checks of explanations."""

import math

import numpy as np


def polygon_area(shares, scores):
    """Area under straight lines, by a fine sum."""
    fine = (np.arange(200_000) + 0.5) / 200_000
    return float(np.mean(np.interp(fine, shares, scores)))


def partial_correlation(marked, falls, areas):
    """Correlation of what two regressions leave over."""
    design = np.stack([np.ones(len(areas)), areas], axis=1)

    def rest(values):
        return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]

    return float(np.corrcoef(rest(marked), rest(falls))[0, 1])


def infidelity(marked, falls):
    """Smallest relative squared error over a grid of factors that are not negative."""
    largest = 3 * math.sqrt(sum(f * f for f in falls) / sum(m * m for m in marked))
    factors = np.linspace(0, largest, 20_001)
    errors = [sum((k * m - f) ** 2 for m, f in zip(marked, falls, strict=True)) for k in factors]
    return min(errors) / sum(f * f for f in falls)


def icc(table):
    """ICC(2,1) from the mean squares of Shrout and Fleiss 1979, entry by entry."""
    n, k = len(table), len(table[0])
    grand = sum(map(sum, table)) / (n * k)
    rows = [sum(row) / k for row in table]
    columns = [sum(row[j] for row in table) / n for j in range(k)]
    bms = k * sum((row - grand) ** 2 for row in rows) / (n - 1)
    jms = n * sum((column - grand) ** 2 for column in columns) / (k - 1)
    ems = sum(
        (table[i][j] - rows[i] - columns[j] + grand) ** 2 for i in range(n) for j in range(k)
    ) / ((n - 1) * (k - 1))
    return (bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n)


def entropy_of_histogram(values, bins=100):
    counts, _ = np.histogram(values, bins)
    shares = [count / len(values) for count in counts if count]
    return -sum(share * math.log(share) for share in shares)
