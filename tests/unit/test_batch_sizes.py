"""The batch sizes for which a model is compiled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ml_inference_fastapi_app.backends.clip.buckets import bucket_of, bucket_sizes


@given(st.integers(1, 5000))
def test_sizes_begin_with_1_and_end_with_the_largest(largest: int) -> None:
    sizes = bucket_sizes(largest)
    assert sizes[0] == 1
    assert sizes[-1] == largest
    assert list(sizes) == sorted(set(sizes))
    assert set(sizes[:-1]) <= {1, 8, 32, 64, 128, 256, 512, 1024, 2048, 4096}
    for rows in range(1, largest + 1, 7):
        size = bucket_of(sizes, rows)
        assert size >= rows
        assert not [smaller for smaller in sizes if rows <= smaller < size]
