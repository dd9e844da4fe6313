"""torch and open_clip, which the service imports while it already listens."""

from __future__ import annotations

import sys

from utils.process.garbage import freeze_loaded_modules


def import_torch() -> None:
    """Blocking, for seconds, the first time: on the model thread."""
    if "torch" in sys.modules:
        return  # a model may be loaded now, which must not be frozen
    from ml_inference_fastapi_app.backends.torchvision_compat import import_open_clip

    import_open_clip()
    freeze_loaded_modules()
