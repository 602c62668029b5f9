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


def logit_limits(value, variance, quantile):
    half = quantile * math.sqrt(variance) / (value * (1 - value))
    center = math.log(value / (1 - value))
    return tuple(1 / (1 + math.exp(-x)) for x in (center - half, center + half))


def auc_components(scores, labels, patients):
    """Per patient: sums of V10 - θ and V01 - θ, for positives and negatives; and the counts."""
    rows = list(zip(map(float, scores), map(bool, labels), patients, strict=True))
    up = [(s, p) for s, y, p in rows if y]
    down = [(s, p) for s, y, p in rows if not y]
    theta = pairs_auc(scores, labels)
    psi = lambda a, b: (a > b) + 0.5 * (a == b)  # noqa: E731
    x, y = {}, {}
    for a, p in up:
        x[p] = x.get(p, 0) + sum(psi(a, b) for b, _ in down) / len(down) - theta
    for b, p in down:
        y[p] = y.get(p, 0) + sum(psi(a, b) for a, _ in up) / len(up) - theta
    return x, y, len(up), len(down)


def obuchowski_covariance(first, second, labels, patients):
    """Of two areas on the same cases; Obuchowski 1997, term by term."""
    x1, y1, m, n = auc_components(first, labels, patients)
    x2, y2, _, _ = auc_components(second, labels, patients)
    i10, i01, i = len(x1), len(y1), len(set(patients))
    s10 = i10 / ((i10 - 1) * m) * sum(x1[q] * x2[q] for q in x1)
    s01 = i01 / ((i01 - 1) * n) * sum(y1[q] * y2[q] for q in y1)
    s11 = i / (i - 1) * sum(x1.get(q, 0) * y2.get(q, 0) for q in {*patients})
    s11_turned = i / (i - 1) * sum(x2.get(q, 0) * y1.get(q, 0) for q in {*patients})
    return s10 / m + s01 / n + (s11 + s11_turned) / (m * n)


def tango_distance(first_only, second_only, n, gap):
    """Score statistic of a paired difference, the other share by searching the likelihood."""
    best, spot = -math.inf, 0.0
    low, high = max(0.0, -gap), (1 - gap) / 2
    for _ in range(60):
        step = (high - low) / 20
        for i in range(21):
            c = low + i * step
            parts = [(first_only, c + gap), (second_only, c)]
            parts.append((n - first_only - second_only, 1 - 2 * c - gap))
            if all(p > 0 or k == 0 for k, p in parts):
                found = sum(k * math.log(p) for k, p in parts if k)
                if found > best:
                    best, spot = found, c
        low = max(low, spot - step)
        high = min(high, spot + step)
    return (first_only - second_only - n * gap) / math.sqrt(n * (2 * spot + gap - gap**2))


def weighted_pairs(lesions, weights, normals):
    """Chakraborty and Zhai 2016, the double sum: every lesion against every normal case."""
    psi = lambda a, b: 1.0 if a > b else 0.5 if a == b else 0.0  # noqa: E731
    total = sum(w * psi(a, b) for a, w in zip(lesions, weights, strict=True) for b in normals)
    return total / (sum(weights) * len(normals))
