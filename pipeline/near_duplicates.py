"""Perceptual hashes of images, and the search for pairs of similar images."""

import itertools

import imagehash
import numpy as np
from jaxtyping import Int, UInt8, UInt64
from PIL import Image


def perceptual_hash(image: UInt8[np.ndarray, "H W 3"]) -> str:
    """Return imagehash's 64-bit pHash (signs of the low frequencies of the image's DCT) as 16 hex digits."""
    return str(imagehash.phash(Image.fromarray(image)))


def near_pairs(hashes: list[str], bits: int | None) -> Int[np.ndarray, "M 2"]:
    """Return every pair of images whose hashes differ in at most `bits` of 64 bits.

    The search is exact. Two hashes that differ in at most b bits agree in at least one of b + 1 bands of bits, so only
    hashes that share a band are compared. Equal hashes are compared only once.

    Args:
        hashes: N hashes of 16 hex digits.
        bits: Largest Hamming distance of a pair; `None` means that there are no pairs.

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
    indices = np.sort(np.concatenate(pairs), axis=1)
    return indices[np.lexsort((indices[:, 1], indices[:, 0]))]


def _near_distinct(values: UInt64[np.ndarray, " n"], bits: int) -> Int[np.ndarray, "m 2"]:
    """Return pairs of indices of different values that differ in at most `bits` bits."""
    # with bands of fewer than eight bits, too many hashes share a band for the search by bands to pay
    edges = np.linspace(0, 64, bits + 2).astype(int) if bits + 1 <= 8 else np.array([0, 64])
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for low, high in itertools.pairwise(edges.tolist()):
        band = (values >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        if len(edges) == 2:
            band = np.zeros_like(values)
        order = np.argsort(band, kind="stable")
        band, sorted_values = band[order], values[order]
        first = np.arange(len(values))
        for step in range(1, len(values)):
            # equal bands are adjacent: a band without an equal at distance `step` has no equal at a larger distance
            first = first[first + step < len(values)]
            first = first[band[first] == band[first + step]]
            if not len(first):
                break
            close = first[np.bitwise_count(sorted_values[first] ^ sorted_values[first + step]) <= bits]
            pairs.append(np.stack([order[close], order[close + step]], axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)


def _within(members: Int[np.ndarray, " n"]) -> Int[np.ndarray, "m 2"]:
    """Return all pairs within a group of equal hashes."""
    a, b = np.triu_indices(len(members), k=1)
    return np.stack([members[a], members[b]], axis=1)


def _between(left: Int[np.ndarray, " n"], right: Int[np.ndarray, " m"]) -> Int[np.ndarray, "k 2"]:
    """Return all pairs of a member of `left` and a member of `right`."""
    return np.stack([np.repeat(left, len(right)), np.tile(right, len(left))], axis=1)
