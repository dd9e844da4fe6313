"""A model that is ready, and its turns. Everything here runs on the model thread."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import structlog

from ml_inference_fastapi_app.backends.base import DeviceOutOfMemoryError, Embedder, Picture
from ml_inference_fastapi_app.errors import ModelFailed
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.probe import (
    MAX_BATCH_S,
    Headroom,
    Probed,
    ProbeLimits,
    Trial,
    confirmed,
    fitting,
    next_turn_images,
    probe,
)
from ml_inference_fastapi_app.scheduling.admission import Permit, Speed
from ml_inference_fastapi_app.scheduling.model_thread import Steps
from utils.contract import ErrorCode
from utils.problems import Rejected

log = structlog.stdlib.get_logger(__name__)

Vector = npt.NDArray[np.float32]  # shape (dim,), unit norm

CANARY_MIN_COSINE = 0.999
RECOVERY_TURNS = 256  # full ones that fit: after as many, more is tried than what ran out of memory


class LoadedClip:
    """Both sizes fall when the device runs out of memory, and rise slowly when it fits again; they
    follow the device's speed within their room.

    They may be read from anywhere; the methods belong to the model thread.
    """

    def __init__(
        self, embedder: Embedder, probed: Probed, *, speed: Speed, metrics: EngineMetrics
    ) -> None:
        self.embedder = embedder
        self.description = embedder.description
        self.safe_batch = probed.safe_batch
        self.micro_batch_size = probed.micro_batch_size
        self._batch_room = Headroom(probed.ceiling, probed.ceiling)
        self._turn_room = Headroom(probed.largest_turn, probed.largest_turn)
        self._fitted_turns = 0
        self.speed = speed
        self._metrics = metrics
        self._canary_vector = self._canary()
        speed.images_per_s = probed.images_per_s

    def batch(self, pictures: Sequence[Picture], permit: Permit) -> Steps[list[Vector | Rejected]]:
        """One result a picture. The turn's size is read anew each time: it may have fallen."""
        results: list[Vector | Rejected] = []
        while len(results) < len(pictures):
            if results:
                yield
            at = len(results)
            results += self.turn(pictures[at : at + self.micro_batch_size])
            permit.images_left = len(pictures) - len(results)
        return results

    def turn(self, pictures: Sequence[Picture]) -> list[Vector | Rejected]:
        """One result a picture. What does not fit is cut smaller, here and from now on.

        Raises:
            ModelFailed: even the canary fails, so no image is to blame.
        """
        results: list[Vector | Rejected] = []
        out_of_memory = False
        while len(results) < len(pictures):
            part = pictures[len(results) :][: self.micro_batch_size]
            try:
                results += self._vectors(part)
            except (DeviceOutOfMemoryError, MemoryError):
                out_of_memory = True
                if len(part) == 1:
                    results.append(Rejected(ErrorCode.GPU_OOM, "One image is too much memory."))
                else:
                    self.micro_batch_size = fitting(len(part) // 2, self.embedder.sizes)
                    self._turn_room = self._turn_room.lowered(self.micro_batch_size)
        if out_of_memory:
            self._lower_safe_batch(len(pictures))
        return results

    def _vectors(self, pictures: Sequence[Picture]) -> list[Vector | Rejected]:
        """One call of the model; when that fails, halves, down to the image that is to blame."""
        started_s = time.perf_counter()
        try:
            vectors = self.embedder.embed_images(np.stack(pictures))
        except (DeviceOutOfMemoryError, MemoryError):
            raise
        except Exception as exc:
            if not self.answers_canary():
                raise ModelFailed("The model fails on every image.") from exc
            if len(pictures) == 1:
                log.exception("image_failed_in_model")
                return [Rejected(ErrorCode.CLIP_INFER, "The model failed on this image.")]
            middle = len(pictures) // 2
            return self._vectors(pictures[:middle]) + self._vectors(pictures[middle:])
        model_s = time.perf_counter() - started_s
        self.speed.observe(len(pictures), model_s)
        self._trust_memory_again(len(pictures))
        self._follow_speed(len(pictures), model_s)
        assert len(vectors) == len(pictures), "the embedder answers each picture"
        return [
            vector
            if np.isfinite(vector).all()
            else Rejected(ErrorCode.CLIP_INFER, "The vector is not finite.")
            for vector in vectors
        ]

    def _follow_speed(self, images: int, model_s: float) -> None:
        """A start on a busy machine must not make batches small for good."""
        self.micro_batch_size = next_turn_images(
            self.micro_batch_size,
            images=images,
            model_s=model_s,
            ceiling=self._turn_room.now,
            sizes=self.embedder.sizes,
        )
        within = min(int(MAX_BATCH_S * (self.speed.images_per_s or 0.0)), self._batch_room.now)
        if self.safe_batch < within:
            self.safe_batch = within

    def _trust_memory_again(self, images: int) -> None:
        """What took the memory may be gone: one step up after many full turns that fitted."""
        if images < self.micro_batch_size:
            return
        self._fitted_turns += 1
        if self._fitted_turns >= RECOVERY_TURNS:
            self._fitted_turns = 0
            self._batch_room = self._batch_room.raised()
            self._turn_room = self._turn_room.raised()

    def answers_canary(self) -> bool:
        """A known picture still gives the vector that it gave after loading."""
        try:
            return float(self._canary() @ self._canary_vector) >= CANARY_MIN_COSINE
        except Exception:
            log.exception("canary_failed")
            return False

    def _canary(self) -> Vector:
        picture = noise_pixels(1, self.description.upload.side_px)
        return self.embedder.embed_images(picture).reshape(-1)

    def _lower_safe_batch(self, images: int) -> None:
        """Once for a turn, however often it had to be cut."""
        self._metrics.out_of_memory.inc()
        self.safe_batch = max(self.micro_batch_size, self.safe_batch // 2)
        self._batch_room = self._batch_room.lowered(self.safe_batch)
        self._fitted_turns = 0
        log.warning(
            "device_out_of_memory",
            images=images,
            micro_batch_size=self.micro_batch_size,
            safe_batch=self.safe_batch,
        )


def probed(embedder: Embedder, *, max_batch: int, known: Probed | None = None) -> Steps[Probed]:
    """Runs real batches, one a turn: seconds to minutes; a moment where `known` still holds."""
    description = embedder.description
    side_px = description.upload.side_px
    pictures = noise_pixels(1, side_px)
    warm: set[int] = set()

    def run(images: int) -> Steps[Trial]:
        batch = np.repeat(pictures, images, axis=0)
        if embedder.sizes and images not in warm:
            warm.add(images)
            embedder.embed_images(batch)  # compiles
            yield
            embedder.embed_images(batch)  # records its CUDA graph
            yield
        started_s = time.perf_counter()
        embedder.embed_images(batch)
        model_s = time.perf_counter() - started_s
        if model_s < 0.05:  # short enough for a neighbour on the machine to blur it: once more
            started_s = time.perf_counter()
            embedder.embed_images(batch)
            model_s = min(model_s, time.perf_counter() - started_s)
        return Trial(images, model_s, embedder.memory_bytes())

    limits = ProbeLimits(
        max_batch=max_batch,
        memory_limit_bytes=embedder.memory_limit_bytes(),
        image_bytes=2 * pictures.nbytes,  # the upload, and its pixels in the stacked turn
        whole_batches=description.device != "cpu",
        sizes=embedder.sizes,
    )
    holds = known is not None and (yield from confirmed(run, known, limits))
    found = known if known is not None and holds else (yield from probe(run, limits))
    log.info(
        "probed",
        safe_batch=found.safe_batch,
        micro_batch_size=found.micro_batch_size,
        images_per_s=found.images_per_s,
        limited_by=found.limited_by,
        trials=len(found.trials),
        remembered=holds,
    )
    return found


def noise_pixels(images: int, side_px: int) -> npt.NDArray[np.uint8]:
    """The same pictures each time; noise, since flat ones hide differences."""
    return np.random.default_rng(7).integers(0, 256, (images, side_px, side_px, 3), dtype=np.uint8)
