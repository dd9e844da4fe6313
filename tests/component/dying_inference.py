"""The real inference service around a fake model, whose thread dies of `picture(1)`.

Run as `python -m tests.component.dying_inference`: the environment is the service's own.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from ml_inference_fastapi_app import __main__ as service
from ml_inference_fastapi_app.backends.base import Pixels
from ml_inference_fastapi_app.main import create_app
from ml_inference_fastapi_app.models.loading_progress import OnPhase
from ml_inference_fastapi_app.settings import Settings
from tests.component.inference_fakes import FakeEmbedder, picture
from utils.process.parent_death import tie_to


def die_of(pixels: Pixels) -> bool:
    if pixels.tobytes() == picture(1):
        raise SystemExit
    return False


def load(_settings: Settings, _on_phase: OnPhase) -> FakeEmbedder:
    return FakeEmbedder(poison=die_of)


if __name__ == "__main__":
    tie_to(os.getppid())
    vars(service)["create_app"] = partial(create_app, load=load)
    sys.exit(service.main())
