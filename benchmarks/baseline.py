"""What the first generation of such systems did with a photo, kept to be compared with.

Full decode, resize to 1024, PNG, base64 in JSON, decoded again, one batch at a time, fp32.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from ml_inference_fastapi_app.backends.base import Embedder
from utils.image_decoding import to_square

SIDE_PX = 1024
BATCH = 32


def request_of(paths: Sequence[Path]) -> bytes:
    """One batch's body, as the client built it."""
    images = []
    for path in paths:
        with Image.open(path) as image:
            picture = image.convert("RGB")
        picture.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        file = BytesIO()
        picture.save(file, "PNG")
        images.append({"id": path.name, "data": base64.b64encode(file.getvalue()).decode()})
    return json.dumps({"images": images}).encode()


def answer_of(body: bytes, embedder: Embedder) -> bytes:
    """What the service did with it. The embedder is the caller's, in fp32."""
    squares = []
    for image in json.loads(body)["images"]:
        with Image.open(BytesIO(base64.b64decode(image["data"]))) as picture:
            squares.append(to_square(picture.convert("RGB"), embedder.description.upload))
    vectors = embedder.embed_images(np.stack(squares))
    return json.dumps({"embeddings": vectors.tolist()}).encode()


def ingest(paths: Sequence[Path], embedder: Embedder) -> int:
    """Batch after batch. Returns how many vectors came out."""
    vectors = 0
    for at in range(0, len(paths), BATCH):
        answer = answer_of(request_of(paths[at : at + BATCH]), embedder)
        vectors += len(json.loads(answer)["embeddings"])
    return vectors
