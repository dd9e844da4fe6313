"""Bytes as a text that a client hands back, with a check that finds what was cut or mistyped.

It is neither secret nor signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

_CHECK_BYTES = 8


def written(content: bytes) -> str:
    """May stand in an address as it is."""
    return base64.urlsafe_b64encode(content + _check(content)).decode()


def read(text: str) -> bytes | None:
    """None for what `written` never gave."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    content, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    return content if check == _check(content) else None


def _check(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECK_BYTES).digest()
