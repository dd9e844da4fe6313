"""Any Pillow image to 8-bit sRGB: profiles, code points, CMYK, alpha on white, 16 bit scaled."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from utils.imaging.colour.code_point_conversion import conversion, has_conversion
from utils.imaging.colour.code_points import CodePoints, profile_code_points

_WHITE = (255, 255, 255)
_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_PROFILE_MODES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}
_MAX_PROFILE_BYTES = 4 * 1024 * 1024  # the transforms made of them are kept
_ROUNDING = 2


def to_srgb(image: Image.Image, points: CodePoints | None = None) -> Image.Image:
    """RGB, 8 bit, opaque. Keeps the size; the caller turns it."""
    icc = image.info.get("icc_profile")
    image = _eight_bit(image)
    image, alpha = _without_alpha(image)
    profile = icc if isinstance(icc, bytes) else b""
    if profile and (said := profile_code_points(profile)) is not None:
        points, profile = said, b""
    if points is not None and (not profile or (points.before_profile and has_conversion(points))):
        image = _shown_by(image, points)
    elif profile:
        image = _converted(image, profile)
    if image.mode == "LAB":
        image = _lab_transform().apply(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is None:
        return image
    return Image.composite(image, Image.new("RGB", image.size, _WHITE), alpha)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Integers of 16 bit by their range, wider ones and fractions by what they hold."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    if image.mode == "F" and top <= 1.0:
        scale = 255.0
    elif image.mode in ("F", "I") and top <= 255.0:
        scale = 1.0
    elif top <= 65535.0:
        scale = 1.0 / 257.0
    else:
        scale = 255.0 / top
    return Image.fromarray((values * scale).round().clip(0, 255).astype(np.uint8))


def _without_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if image.mode == "P" or (image.mode in ("L", "RGB", "1") and "transparency" in image.info):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode not in _ALPHA_MODES:
        return image, None
    grey = image.mode in ("LA", "La")
    image = image.convert("RGBA") if image.mode in ("La", "RGBa", "PA") else image
    alpha = image.getchannel("A")
    opaque = image.convert("L" if grey and image.mode == "LA" else "RGB")
    return opaque, None if alpha.getextrema() == (255, 255) else alpha


def _shown_by(image: Image.Image, points: CodePoints) -> Image.Image:
    found = conversion(points) if image.mode in ("L", "RGB") else None
    return image if found is None else found.apply(image.convert("RGB"))


def _converted(image: Image.Image, icc: bytes) -> Image.Image:
    """Ignores a profile that is broken or made for other channels: the file need not fail."""
    if len(icc) > _MAX_PROFILE_BYTES:
        return image
    try:
        transform = _transform(icc, image.mode)
        return image if transform is None else transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None where it would change nothing, or where the profile is of other channels.

    Names do not tell: profiles called sRGB are linear, and sRGB goes by many names.
    """
    profile = ImageCms.ImageCmsProfile(BytesIO(icc))
    if _PROFILE_MODES.get(mode, "").strip() != profile.profile.xcolor_space.strip():
        return None
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return None if mode in ("L", "RGB") and _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Within what rounding does to a picture, on all combinations of seven levels."""
    levels = np.linspace(0, 255, 7).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(7, 49, 3)
    colours = Image.fromarray(cube).convert(mode)
    before = np.asarray(colours.convert("RGB"), np.int16)
    after = np.asarray(transform.apply(colours), np.int16)
    return bool(np.abs(before - after).max() <= _ROUNDING)


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
