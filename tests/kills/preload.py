"""What the fork server does before it forks: all that every life would have to do at its start.

Importing this imports a life with all that it imports late, half a second of it, and silences
Lance's warning that forking is an experiment: what it warns of, a lock that another thread holds
at the fork, cannot be where no other thread does anything yet.
"""

import io
import warnings
from importlib import import_module

from PIL import Image

import tests.kills.inference
import tests.kills.life  # noqa: F401  # is what is forked
from utils.imaging.decoding import open_upright
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import thumbnail_webp

warnings.filterwarnings("ignore", message="lancedb fork support", category=RuntimeWarning)
for late in ("anyio._backends._asyncio", "charset_normalizer", "httpcore", "unittest"):
    import_module(late)
_png = io.BytesIO()
Image.new("RGB", (32, 32)).save(_png, "png")
_decoded = open_upright(_png.getvalue(), min_side_px=8, max_pixels=32 * 32)
perceptual_hash(_decoded.image)
thumbnail_webp(_decoded.image, 32)
