"""Slow, obvious versions, written from the papers without looking at the fast ones."""

import math


def pairs_auc(scores, labels):
    up = [s for s, y in zip(scores, labels, strict=True) if y]
    down = [s for s, y in zip(scores, labels, strict=True) if not y]
    return sum((a > b) + 0.5 * (a == b) for a in up for b in down) / (len(up) * len(down))


def obuchowski_variance(scores, labels, patients):
    """Obuchowski 1997, term by term."""
    rows = list(zip(map(float, scores), map(bool, labels), patients, strict=True))
    up = [(s, p) for s, y, p in rows if y]
    down = [(s, p) for s, y, p in rows if not y]
    theta = pairs_auc(scores, labels)
    psi = lambda a, b: (a > b) + 0.5 * (a == b)  # noqa: E731
    v10 = [(sum(psi(a, b) for b, _ in down) / len(down), p) for a, p in up]
    v01 = [(sum(psi(a, b) for a, _ in up) / len(up), p) for b, p in down]
    names = sorted(set(patients))
    x = {q: sum(v - theta for v, p in v10 if p == q) for q in names}
    y = {q: sum(v - theta for v, p in v01 if p == q) for q in names}
    i10, i01 = len({p for _, p in up}), len({p for _, p in down})
    m, n, i = len(up), len(down), len(names)
    s10 = i10 / ((i10 - 1) * m) * sum(v**2 for v in x.values())
    s01 = i01 / ((i01 - 1) * n) * sum(v**2 for v in y.values())
    s11 = i / (i - 1) * sum(x[q] * y[q] for q in names)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def logit_limits(value, variance):
    half = 1.959963984540054 * math.sqrt(variance) / (value * (1 - value))
    center = math.log(value / (1 - value))
    return tuple(1 / (1 + math.exp(-x)) for x in (center - half, center + half))
