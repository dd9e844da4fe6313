"""Near hashes are found as by comparing each with each, and turned ones are near to the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.duplicates.hash_search import (
    MOST_BITS,
    near_pairs,
    turned_hashes,
)
from tests.made_scenes import Scene
from utils.imaging.perceptual_hash import perceptual_hash

WORDS = st.integers(0, 2**64 - 1)


@given(
    near=st.lists(st.lists(st.integers(0, 63), max_size=14), min_size=1, max_size=20),
    centre=WORDS,
    others=st.lists(WORDS, max_size=5),
    most_bits=st.integers(0, MOST_BITS),
)
def test_every_near_pair_is_found_once(
    near: list[list[int]], centre: int, others: list[int], most_bits: int
) -> None:
    flipped = [centre ^ sum(1 << bit for bit in set(bits)) for bits in near]
    hashes = np.array([*flipped, *others], np.uint64)
    found = [
        pair
        for one, other in near_pairs(hashes, hashes, most_bits=most_bits)
        for pair in zip(one.tolist(), other.tolist(), strict=True)
    ]
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None])
    wanted = {(int(i), int(j)) for i, j in zip(*np.nonzero(apart <= most_bits), strict=True)}
    assert len(found) == len(set(found))
    assert set(found) == {(i, j) for i, j in wanted if i != j}


@pytest.mark.parametrize("most_bits", [-1, MOST_BITS + 1])
def test_what_cannot_be_searched_exactly_is_refused(most_bits: int) -> None:
    none = np.zeros(0, np.uint64)
    with pytest.raises(ValueError, match="0 to 11"):
        list(near_pairs(none, none, most_bits=most_bits))


def test_no_hashes_have_no_pairs() -> None:
    none = np.zeros(0, np.uint64)
    assert list(near_pairs(none, none, most_bits=8)) == []


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_hash_is_near_to_that_of_the_turned_picture(quarters: int) -> None:
    apart = []
    for seed in range(8):
        image = Scene(seed).photograph(seed)
        [made] = turned_hashes(np.array([perceptual_hash(image)], np.uint64), quarters).tolist()
        true = perceptual_hash(image.rotate(90 * quarters, expand=True))
        apart.append((made ^ true).bit_count())
    assert max(apart) <= MOST_BITS
