"""Slow, obvious versions of the scores of maps: plain loops over pixels, no arrays."""

import itertools
import math


def evidence(values, inside):
    """(row, column) → positive part, for the pixels of the image."""
    return {
        (y, x): max(float(values[y][x]), 0.0)
        for y in range(len(values))
        for x in range(len(values[0]))
        if inside[y][x]
    }


def neighbors(y, x):
    for i, j in itertools.product((-1, 0, 1), repeat=2):
        if i or j:
            yield y + i, x + j


def plateaus(positive):
    """Connected parts of equal pixels."""
    left = dict(positive)
    while left:
        place, value = left.popitem()
        part, todo = {place}, [place]
        while todo:
            for near in neighbors(*todo.pop()):
                if left.get(near) == value:
                    del left[near]
                    part.add(near)
                    todo.append(near)
        yield value, part


def local_maxima(values, inside):
    """(strength, plateau) of all parts with nothing as strong around them."""
    positive = evidence(values, inside)
    for value, part in plateaus(positive):
        around = {near for place in part for near in neighbors(*place)} - part
        if value > 0 and all(positive.get(near, 0.0) < value for near in around):
            yield value, part


def strongest_peaks(values, inside, count, radius):
    """(row, column, strength), greedily; ties are not settled here."""
    found = []
    for value, part in sorted(local_maxima(values, inside), key=lambda one: -one[0]):
        center = [sum(place[axis] for place in part) / len(part) for axis in (0, 1)]
        y, x = min(part, key=lambda place: (round(math.dist(place, center) ** 2, 9), place))
        if all(math.dist((y, x), other[:2]) > radius for other in found):
            found.append((y, x, value))
    return found[:count]


def peak_scores(values, lesions, inside, radius):
    peaks = strongest_peaks(values, inside, max(5, len(lesions)), radius)

    def finds(lesion, some):
        return any(lesion[y][x] for y, x, _ in some)

    hits = [finds(lesion, peaks[: len(lesions)]) for lesion in lesions]
    return {
        "lesion_hit_rate": sum(hits) / len(hits),
        "hit_any": float(any(hits)),
        "hit_all": float(all(hits)),
        "hit_of_five": float(any(finds(lesion, peaks[:5]) for lesion in lesions)),
    }


def rank_accuracy(values, lesions, inside):
    """Expectation over the pixels that tie at the cut."""
    positive = evidence(values, inside)
    member = {place: any(lesion[place] for lesion in lesions) for place in positive}
    size = sum(member.values())
    cut = sorted(positive.values(), reverse=True)[size - 1]
    above = [place for place, value in positive.items() if value > cut]
    tied = [place for place, value in positive.items() if value == cut]
    found = sum(member[place] for place in above)
    found += (size - len(above)) / len(tied) * sum(member[place] for place in tied)
    return found / size


def iou_at_area(values, lesions, inside):
    share = rank_accuracy(values, lesions, inside)
    return share / (2 - share)


def other_lesion_mass(values, lesions, inside):
    positive = evidence(values, inside)
    sums = [sum(v for place, v in positive.items() if lesion[place]) for lesion in lesions]
    return 1 - max(sums) / sum(sums)


def otsu(numbers, bins=256):
    """Every split of the histogram is tried."""
    low, high = min(numbers), max(numbers)
    width = (high - low) / bins
    middles = [low + (k + 0.5) * width for k in range(bins)]
    places = [min(int((one - low) / width), bins - 1) for one in numbers]
    best = (-1.0, middles[0])
    for k in range(bins - 1):
        lower = [middles[p] for p in places if p <= k]
        upper = [middles[p] for p in places if p > k]
        if lower and upper:
            apart = sum(lower) / len(lower) - sum(upper) / len(upper)
            between = len(lower) * len(upper) * apart**2
            if between > best[0] * (1 + 1e-12):
                best = (between, middles[k])
    return best[1]


def iou_otsu(values, lesions, inside):
    positive = evidence(values, inside)
    threshold = otsu(list(positive.values()))
    strong = {place for place, value in positive.items() if value > threshold}
    lesion = {place for place in positive if any(plane[place] for plane in lesions)}
    return len(strong & lesion) / len(strong | lesion)


def spatial_entropy(values, inside):
    positive = evidence(values, inside)
    total = sum(positive.values())
    shares = [one / total for one in positive.values() if one > 0]
    return -sum(one * math.log(one) for one in shares) / math.log(len(positive))


def share_on(values, region, inside):
    """Share of the evidence in a region."""
    positive = evidence(values, inside)
    return sum(v for place, v in positive.items() if region[place]) / sum(positive.values())


def ranks(numbers):
    """Ranks from 1, ties sharing the mean."""
    return [
        (sum(other < one for other in numbers) + sum(other <= one for other in numbers) + 1) / 2
        for one in numbers
    ]


def pearson(first, second):
    means = sum(first) / len(first), sum(second) / len(second)
    together = sum((a - means[0]) * (b - means[1]) for a, b in zip(first, second, strict=True))
    squares = [
        sum((one - mean) ** 2 for one in side)
        for side, mean in zip((first, second), means, strict=True)
    ]
    return together / math.sqrt(squares[0] * squares[1])


def spearman(first, second, inside):
    places = [(y, x) for y in range(len(inside)) for x in range(len(inside[0])) if inside[y][x]]
    return pearson(*(ranks([float(side[place]) for place in places]) for side in (first, second)))


def consensus(maps, inside):
    """(row, column) → mean rank, as a share of the number of pixels."""
    positive = [evidence(values, inside) for values in maps]
    places = list(positive[0])
    each = [ranks([one[place] for place in places]) for one in positive]
    return {
        place: sum(column) / len(maps) / len(places)
        for place, column in zip(places, zip(*each, strict=True), strict=True)
    }
