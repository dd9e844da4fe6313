"""A captioner that is ready, and its turns. Everything here runs on the model thread."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import structlog

from ml_inference_fastapi_app.backends.base import Captioner, DeviceOutOfMemoryError, Picture
from ml_inference_fastapi_app.models.loaded_clip import Vector, noise_pixels
from ml_inference_fastapi_app.models.probe import MAX_BATCH_S, ProbeLimits, Trial, probe
from ml_inference_fastapi_app.scheduling.model_thread import Steps
from utils.contract import ErrorCode
from utils.problems import Rejected

log = structlog.stdlib.get_logger(__name__)


class LoadedCaptioner:
    """Both sizes fall when the device runs out of memory; they may be read from anywhere.

    `micro_batch_size` see the captioner at once; `safe_batch` are done in about ten seconds.
    """

    def __init__(self, captioner: Captioner, *, safe_batch: int, micro_batch_size: int) -> None:
        self.description = captioner.description
        self.safe_batch = safe_batch
        self.micro_batch_size = micro_batch_size
        self.used_s = time.monotonic()  # when it was last asked for, or said something
        self._captioner = captioner

    def batch(self, pictures: Sequence[Picture]) -> Steps[list[str | Rejected]]:
        """One result a picture. Yields between words, so that a query waits for one at most."""
        results: list[str | Rejected] = []
        while len(results) < len(pictures):
            if results:
                yield
            part = pictures[len(results) :][: self.micro_batch_size]
            self.used_s = time.monotonic()
            try:
                results += yield from self._said(part)
            except (DeviceOutOfMemoryError, MemoryError):
                if len(part) == 1:
                    detail = "One caption is too much memory."
                    results.append(Rejected(ErrorCode.BLIP_INFER, detail))
                else:
                    self.micro_batch_size = len(part) // 2
                    self.safe_batch = max(self.micro_batch_size, self.safe_batch // 2)
                log.warning(
                    "captioner_out_of_memory",
                    images=len(part),
                    micro_batch_size=self.micro_batch_size,
                    safe_batch=self.safe_batch,
                )
        self.used_s = time.monotonic()
        return results

    def _said(self, pictures: Sequence[Picture]) -> Steps[list[str | Rejected]]:
        """One call of the model; when that fails, halves, down to the image that is to blame."""
        try:
            captions = yield from self._captioner.captions(np.stack(pictures))
        except (DeviceOutOfMemoryError, MemoryError):
            raise
        except Exception:
            if len(pictures) == 1:
                log.exception("image_failed_in_captioner")
                return [Rejected(ErrorCode.BLIP_INFER, "The captioner failed on this image.")]
            middle = len(pictures) // 2
            first = yield from self._said(pictures[:middle])
            return first + (yield from self._said(pictures[middle:]))
        assert len(captions) == len(pictures), "the captioner answers each picture"
        return [
            caption or Rejected(ErrorCode.BLIP_INFER, "The captioner found no word.")
            for caption in captions
        ]


def captions_of(
    captioner: LoadedCaptioner | None,
    vectors: Sequence[Vector | Rejected | None],
    caption_images: Sequence[Picture | Rejected | None],
    *,
    why_none: str | None = None,
) -> Steps[list[str | Rejected | None]]:
    """Of every image that could be read. Whatever goes wrong is a result, also without a captioner;
    None is for images that could not be. `why_none`: there is no captioner."""
    detail = f"This service writes no captions now: {why_none or 'see its log.'}"
    none = Rejected(ErrorCode.CAPTIONS_UNAVAILABLE, detail)
    said: list[str | Rejected | None] = []
    at: list[int] = []
    pictures: list[Picture] = []
    for vector, image in zip(vectors, caption_images, strict=True):
        fault = (
            Rejected(ErrorCode.BLIP_INFER, image.detail) if isinstance(image, Rejected) else none
        )
        said.append(None if isinstance(vector, Rejected) else fault)
        if said[-1] is not None and image is not None and not isinstance(image, Rejected):
            at.append(len(said) - 1)
            pictures.append(image)
    if captioner is not None:
        captions = yield from captioner.batch(pictures)
        for index, caption in zip(at, captions, strict=True):
            said[index] = caption
    return said


def probed_captioner(captioner: Captioner, *, max_batch: int) -> Steps[LoadedCaptioner]:
    """Runs real captions: seconds to a minute, in turns as long as those of captions.

    A turn is bounded by the longest stretch between two yields (the image tower), a batch by the
    whole.
    """
    description = captioner.description
    pictures = noise_pixels(1, description.side_px)
    whole_s: dict[int, float] = {}

    def run(images: int) -> Steps[Trial]:
        turns_s: list[float] = []
        steps = captioner.captions(np.repeat(pictures, images, axis=0))
        while True:
            started_s = time.perf_counter()
            ended = next(steps, steps) is steps  # the generator itself: nothing was yielded
            turns_s.append(time.perf_counter() - started_s)
            if ended:
                break
            yield
        whole_s[images] = sum(turns_s)
        return Trial(images, max(turns_s), captioner.memory_bytes())

    found = yield from probe(
        run,
        ProbeLimits(
            max_batch=max_batch,
            memory_limit_bytes=captioner.memory_limit_bytes(),
            image_bytes=2 * pictures.nbytes,
            whole_batches=description.device != "cpu",
        ),
    )
    images_per_s = max((n / max(s, 1e-6) for n, s in whole_s.items()), default=1.0)
    safe_batch = max(1, min(found.ceiling, int(MAX_BATCH_S * images_per_s)))
    log.info(
        "captioner_ready",
        model=description.model,
        fingerprint=description.fingerprint,
        quantization=description.quantization,
        device=description.device,
        dtype=description.dtype,
        safe_batch=safe_batch,
        micro_batch_size=found.micro_batch_size,
        images_per_s=images_per_s,
    )
    micro_batch_size = min(found.micro_batch_size, safe_batch)
    return LoadedCaptioner(captioner, safe_batch=safe_batch, micro_batch_size=micro_batch_size)
