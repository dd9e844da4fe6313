"""What the OpenAPI document says of the inference service as a whole."""

from __future__ import annotations

ABOUT = """Makes vectors and captions of images, and vectors of texts, on one device.

Errors are `application/problem+json` (RFC 9457): `code` is stable, `detail` is for people. Where
the device is busy the answer is 429 at once, with `Retry-After`. Query parameters and fields that
an operation does not know are refused."""

TAGS = {
    "inference": "Images and texts in, vectors and captions out.",
    "health": "Whether it works, and what can be asked of it.",
}
