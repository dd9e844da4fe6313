"""Where batches are cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from utils.contract import HARD_MAX_BATCH, Capabilities

T = TypeVar("T")

PART_OVERHEAD_BYTES = 512  # a part's boundary and headers, generously
CAPTIONED_IMAGES = 16  # a batch, as long as the service has not measured what it can do
BODY_SHARE = 0.95  # of max_request_bytes: what else a body holds besides its parts


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The most that one request carries."""

    max_images: int
    max_bytes: int

    @classmethod
    def of(
        cls, capabilities: Capabilities, *, wanted_images: int, captions: bool = False
    ) -> BatchLimits:
        if captions:
            wanted_images = min(wanted_images, capabilities.safe_blip_batch or CAPTIONED_IMAGES)
        return cls(
            max_images=max(1, min(wanted_images, capabilities.safe_clip_batch, HARD_MAX_BATCH)),
            max_bytes=int(capabilities.max_request_bytes * BODY_SHARE),
        )

    def is_full(self, images: int, total_bytes: int) -> bool:
        return images >= self.max_images or total_bytes >= self.max_bytes

    def fits(self, images: int, total_bytes: int, upload_bytes: int) -> bool:
        """Whether one more upload may join. The first always may: it is sent alone at worst."""
        if images == 0:
            return True
        if images + 1 > self.max_images:
            return False
        return total_bytes + upload_bytes + PART_OVERHEAD_BYTES <= self.max_bytes

    def fitting(self, uploads_bytes: Iterable[int]) -> int:
        """How many of the uploads, from the first on, one request carries: at least one."""
        total_bytes = 0
        images = 0
        for upload_bytes in uploads_bytes:
            if not self.fits(images, total_bytes, upload_bytes):
                break
            images += 1
            total_bytes += upload_bytes + PART_OVERHEAD_BYTES
        return max(1, images)

    def lowered(self, max_images: int) -> BatchLimits:
        return replace(self, max_images=max(1, min(max_images, self.max_images)))


def halves(items: list[T]) -> tuple[list[T], list[T]]:
    """Both are non-empty when there are two items or more."""
    middle = len(items) // 2
    return items[:middle], items[middle:]
