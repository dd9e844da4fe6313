"""What was freed goes back to the system when that is asked for."""

from __future__ import annotations

import platform

import numpy as np
import psutil
import pytest

from utils.process.allocator import limit_arenas, trim_heap

BLOCK_BYTES = 64 * 1024  # below what the allocator maps apart, and unmaps when it is freed
BLOCKS = 1500


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's allocator")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [np.ones(BLOCK_BYTES, np.uint8) for _ in range(BLOCKS)]
    kept = blocks[::50]  # so that it lies between what is in use
    before = psutil.Process().memory_info().rss
    del blocks
    trim_heap()
    after = psutil.Process().memory_info().rss
    assert before - after > BLOCKS * BLOCK_BYTES * 0.8
    assert len(kept) == BLOCKS // 50


def test_arenas_are_bounded_more_than_once_without_harm() -> None:
    limit_arenas()
    limit_arenas()
