"""The real inference service around a fake model, whose thread dies of `picture(1)`.

Run as `python -m tests.component.dying_inference`: the environment is the service's own.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial

from ml_inference_fastapi_app import __main__ as service
from ml_inference_fastapi_app.backends.base import ClipOptions, OnPhase, Pixels
from ml_inference_fastapi_app.backends.registry import BACKENDS
from ml_inference_fastapi_app.main import create_app
from tests.component.inference_fakes import FakeEmbedder, picture
from utils.process.parent_death import die_with_parent


def die_of(pixels: Pixels) -> bool:
    if pixels.tobytes() == picture(1):
        raise SystemExit
    return False


def load(_options: ClipOptions, _on_phase: OnPhase) -> FakeEmbedder:
    return FakeEmbedder(poison=die_of)


if __name__ == "__main__":
    die_with_parent(os.getppid())
    vars(service)["create_app"] = partial(
        create_app, backend=replace(BACKENDS["torch"], load_clip=load)
    )
    sys.exit(service.main())
