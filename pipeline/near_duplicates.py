"""Perceptual hashes of images and the search for pairs that look alike."""

import imagehash
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

_BLOCK = 1024  # rows of the distance matrix held at once: 1024 x 100,000 distances are 100 MB


def perceptual_hash(image: UInt8[np.ndarray, "H W 3"]) -> str:
    """64-bit perceptual hash (imagehash's pHash: signs of the low frequencies of the image's DCT), 16 hex digits."""
    return str(imagehash.phash(Image.fromarray(image)))


def near_pairs(hashes: list[str], bits: int) -> Int[np.ndarray, "M 2"]:
    """Every pair of images whose hashes differ in at most `bits` of 64 bits.

    Exact: hashes that occur more than once are compared once, each distinct pair by XOR and popcount in blocks.

    Args:
        hashes: N hashes of 16 hex digits.
        bits: Largest Hamming distance that counts as a pair.

    Returns:
        Indices (i, j) with i < j, sorted; shape (M, 2).
    """
    if len(hashes) < 2:
        return np.empty((0, 2), dtype=np.int64)
    values = np.array([int(h, 16) for h in hashes], dtype=np.uint64)
    distinct, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    pairs = [_within(m) for m in members if len(m) > 1]
    for start in range(0, len(distinct), _BLOCK):
        block = distinct[start : start + _BLOCK]
        close = np.bitwise_count(block[:, None] ^ distinct[None, start:]) <= bits
        for a, b in zip(*np.nonzero(np.triu(close, k=1)), strict=True):
            pairs.append(_between(members[start + a], members[start + b]))
    if not pairs:
        return np.empty((0, 2), dtype=np.int64)
    found = np.sort(np.concatenate(pairs), axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _within(members: Int[np.ndarray, " n"]) -> Int[np.ndarray, "m 2"]:
    """All pairs of one group of equal hashes."""
    a, b = np.triu_indices(len(members), k=1)
    return np.stack([members[a], members[b]], axis=1)


def _between(left: Int[np.ndarray, " n"], right: Int[np.ndarray, " m"]) -> Int[np.ndarray, "k 2"]:
    """All pairs of one of `left` with one of `right`."""
    return np.stack([np.repeat(left, len(right)), np.tile(right, len(left))], axis=1)
