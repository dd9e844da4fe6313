"""What Pillow needs once a process, done at the first image and never at import."""

from __future__ import annotations

import re
import threading
import warnings

from PIL import Image

_lock = threading.Lock()
_registered = False
_MODULES = r"(PIL|pillow_heif)(\.|$)"
_FILTER = ("ignore", None, Warning, re.compile(_MODULES), 0)


def ready_pillow() -> None:
    """Registers the plugins and quiets Pillow's warnings about bad files. Cheap when repeated.

    `catch_warnings` swaps a global and is not safe in threads, so one filter stays for good; it
    is looked for each time because a test runner takes filters back.
    """
    global _registered  # noqa: PLW0603  # a process has one Pillow
    if not _registered:
        with _lock:
            if not _registered:
                _register()
                _registered = True
    if _FILTER not in warnings.filters:
        warnings.filterwarnings("ignore", module=_MODULES)


def _register() -> None:
    import pillow_heif
    from PIL import (  # noqa: F401  # importing registers; Image.init() would load forty more
        AvifImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    warnings.filterwarnings("ignore", module=_MODULES)
    pillow_heif.register_heif_opener(thumbnails=False)
    # Every caller states its own limit, checked from the header; Pillow's is one for the process.
    Image.MAX_IMAGE_PIXELS = None
    Image.preinit()
