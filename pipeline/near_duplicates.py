"""Perceptual hashes of images and the search for pairs that look alike."""

import itertools

import imagehash
import numpy as np
from jaxtyping import Int, UInt8, UInt64
from PIL import Image


def perceptual_hash(image: UInt8[np.ndarray, "H W 3"]) -> str:
    """64-bit perceptual hash (imagehash's pHash: signs of the low frequencies of the image's DCT), 16 hex digits."""
    return str(imagehash.phash(Image.fromarray(image)))


def near_pairs(hashes: list[str], bits: int | None) -> Int[np.ndarray, "M 2"]:
    """Every pair of images whose hashes differ in at most `bits` of 64 bits.

    Exact. Two hashes that differ in at most b bits agree in at least one of b + 1 bands of bits, so only those that
    share a band are compared; hashes that occur more than once are compared once.

    Args:
        hashes: N hashes of 16 hex digits.
        bits: Largest Hamming distance that counts as a pair; none: nothing does.

    Returns:
        Indices (i, j) with i < j, sorted; shape (M, 2).
    """
    if bits is None or len(hashes) < 2:
        return np.empty((0, 2), dtype=np.int64)
    values = np.array([int(h, 16) for h in hashes], dtype=np.uint64)
    distinct, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    pairs = [_within(m) for m in members if len(m) > 1]
    pairs += [_between(members[a], members[b]) for a, b in _near_distinct(distinct, bits)]
    if not pairs:
        return np.empty((0, 2), dtype=np.int64)
    found = np.sort(np.concatenate(pairs), axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _near_distinct(values: UInt64[np.ndarray, " n"], bits: int) -> Int[np.ndarray, "m 2"]:
    """Pairs of indices of different values within `bits` bits of each other."""
    # bands of fewer than eight bits tell too little apart to be worth comparing once for each
    edges = np.linspace(0, 64, bits + 2).astype(int) if bits + 1 <= 8 else np.array([0, 64])
    found = [np.empty((0, 2), dtype=np.int64)]
    for low, high in itertools.pairwise(edges.tolist()):
        band = (values >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        if len(edges) == 2:
            band = np.zeros_like(values)
        order = np.argsort(band, kind="stable")
        band, sorted_values = band[order], values[order]
        first = np.arange(len(values))
        for step in range(1, len(values)):
            # equal bands lie side by side: who has no equal `step` places on has none farther on
            first = first[first + step < len(values)]
            first = first[band[first] == band[first + step]]
            if not len(first):
                break
            close = first[np.bitwise_count(sorted_values[first] ^ sorted_values[first + step]) <= bits]
            found.append(np.stack([order[close], order[close + step]], axis=1))
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _within(members: Int[np.ndarray, " n"]) -> Int[np.ndarray, "m 2"]:
    """All pairs of one group of equal hashes."""
    a, b = np.triu_indices(len(members), k=1)
    return np.stack([members[a], members[b]], axis=1)


def _between(left: Int[np.ndarray, " n"], right: Int[np.ndarray, " m"]) -> Int[np.ndarray, "k 2"]:
    """All pairs of one of `left` with one of `right`."""
    return np.stack([np.repeat(left, len(right)), np.tile(right, len(left))], axis=1)
