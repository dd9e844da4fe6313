"""The tiny world behind the port of an inference service: its model, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestion_orchestration_fastapi_app.domain.evaluation.nonsense import NONSENSE, nonsense
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Embedded
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.search.templates import texts_for
from ingestion_orchestration_fastapi_app.library.relevance.neutral_texts import shipped_texts
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import FIRST_HELD_OUT_SEED, Scene, draw
from tests.component.made_library import told
from tests.fake_inference import FakeInference

IMAGE = "image "  # what a file of the fake library begins with
_IMAGES_AT_ONCE = 48
_TEXTS_AT_ONCE = 64


@dataclass
class TinyWorld(FakeInference):
    """A file's content is IMAGE and a scene's caption: a held-out picture of it is what is seen.

    Texts were all embedded before: one at a time they would take longer than a test is given.
    """

    pictures: dict[str, Vector] = field(default_factory=dict)
    texts: dict[str, Vector] = field(default_factory=dict)

    def _embedded(self, data: bytes, *, captions: bool) -> Embedded:
        return Embedded(self.pictures[data.decode().removeprefix(IMAGE)])

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        return QueryVector(self.texts[text], fingerprint)


def tiny_world(clip: TorchClip, shown: Sequence[Scene], asked: Iterable[str]) -> TinyWorld:
    """`asked` are the texts that an evaluation asks for, beside its own."""
    side_px = clip.description.upload.side_px
    pixels = [
        np.asarray(draw(scene, FIRST_HELD_OUT_SEED + 900_000 + number, width_px=side_px))
        for number, scene in enumerate(shown)
    ]
    pictures = np.concatenate(
        [
            np.asarray(clip.embed_images(np.stack(pixels[at : at + _IMAGES_AT_ONCE])))
            for at in range(0, len(pixels), _IMAGES_AT_ONCE)
        ]
    )
    own = [*shipped_texts().all_of_them, *map(nonsense, range(NONSENSE))]
    texts = list(dict.fromkeys(text for one in (*asked, *own) for text in (one, *texts_for(one))))
    vectors = np.concatenate(
        [
            np.asarray(clip.embed_texts(texts[at : at + _TEXTS_AT_ONCE]))
            for at in range(0, len(texts), _TEXTS_AT_ONCE)
        ]
    )
    return TinyWorld(
        told=told(clip.description.dim),
        pictures=dict(zip((scene.caption for scene in shown), pictures, strict=True)),
        texts=dict(zip(texts, vectors, strict=True)),
    )
