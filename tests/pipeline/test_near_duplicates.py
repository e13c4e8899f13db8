import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.near_duplicates import near_pairs, perceptual_hash


def brute_force(hashes, bits):
    values = [int(h, 16) for h in hashes]
    return [
        [i, j]
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if (values[i] ^ values[j]).bit_count() <= bits
    ]


@given(
    st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 7), max_size=40),
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 63)), max_size=20),
    st.sampled_from([0, 1, 2, 5, 20, 64]),
)
def test_equals_brute_force(values, flips, bits):
    near = [values[i] ^ (1 << bit) for i, bit in flips if i < len(values)]
    hashes = [f"{v:016x}" for v in values + near]
    assert near_pairs(hashes, bits).tolist() == brute_force(hashes, bits)


def test_few_pairs_among_many_hashes():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2**63, 3000, dtype=np.uint64)
    values[2999], values[1025] = values[3] ^ np.uint64(1), values[1023] ^ np.uint64(2)
    hashes = [f"{v:016x}" for v in values]
    assert near_pairs(hashes, 1).tolist() == [[3, 2999], [1023, 1025]]


def test_hash_of_a_photograph_survives_noise_and_tells_others_apart():
    rng = np.random.default_rng(2)
    image = np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    noisy = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    other = np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    hashes = [perceptual_hash(picture) for picture in (image, noisy, other)]
    assert all(len(h) == 16 and int(h, 16) >= 0 for h in hashes)
    assert near_pairs(hashes, 6).tolist() == [[0, 1]]


def test_the_pairs_among_a_hundred_thousand_hashes():
    values = np.random.default_rng(3).integers(0, 2**63, 100_000, dtype=np.uint64)
    values[[70_000, 99_999]] = values[[5, 20_000]] ^ np.uint64(0b1001)
    assert near_pairs([f"{v:016x}" for v in values], 2).tolist() == [[5, 70_000], [20_000, 99_999]]
