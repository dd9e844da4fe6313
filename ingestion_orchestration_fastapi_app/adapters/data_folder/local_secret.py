"""Proves that a caller is the user who runs the service: no other can read the data folder."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SECRET_NAME = "local-secret"  # noqa: S105  # a file's name
_MOST_BYTES = 128


@contextmanager
def local_secret(data_dir: str | os.PathLike[str]) -> Iterator[LocalSecret]:
    """A new one for each start, readable by its owner alone, gone when the service ends."""
    path = os.path.join(data_dir, SECRET_NAME)
    secret = secrets.token_urlsafe(32)
    with suppress(FileNotFoundError):
        os.unlink(path)  # never written into: it may be a link, or open to others
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
    try:
        yield LocalSecret(secret)
    finally:
        with suppress(OSError):
            os.unlink(path)


def read_local_secret(data_dir: str | os.PathLike[str]) -> str | None:
    """None where no service of this user runs on the folder."""
    try:
        with open(os.path.join(data_dir, SECRET_NAME), encoding="ascii") as file:
            return file.read(_MOST_BYTES) or None
    except (OSError, ValueError):
        return None


class LocalSecret:
    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def is_given(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "surrogatepass"), self._secret)
