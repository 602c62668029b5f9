"""One stream of random numbers for each purpose, spawned from the plan's seed."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(seed: int, *keys: str) -> int:
    """A 63-bit seed that depends on the plan's seed and the keys alone.

    Results then do not depend on batch size, shard order or the number of workers.

    Args:
        seed: the plan's seed.
        keys: what the numbers are for, for example a case and a method.
    """
    text = "\x1f".join((str(seed), *keys))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator_for(seed: int, *keys: str) -> np.random.Generator:
    """A generator of its own for this purpose; see `seed_for`."""
    return np.random.default_rng(seed_for(seed, *keys))
