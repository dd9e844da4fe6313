"""Hides in texts what nobody is to read: keys, passwords, and what addresses hold of them."""

from __future__ import annotations

import re

HIDDEN = "***"

_WORDS = frozenset(
    {"key", "keys", "password", "passwd", "passphrase", "secret", "secrets"}
    | {"token", "tokens", "credential", "credentials", "authorization", "cookie"}
)
_APART = re.compile(r"[^a-z]+")
# Up to the last `@` before the next address: a password may hold `/`, `@` and `,`.
_USER = re.compile(r"://(?:(?!,\s*\w+://)\S)*@")
_QUERY = re.compile(r"(\w://[^\s?,]+)\?[^\s,\"']+")
_SCHEME = re.compile(r"\b(bearer|basic) +[^\s\"',;]+", re.IGNORECASE)


def names_secret(name: str) -> bool:
    """Whether a field of that name holds a secret: `API_KEY`, `x-api-key`, `password`."""
    return not _WORDS.isdisjoint(_APART.split(name.lower()))


def without_secrets(text: str) -> str:
    """Without who calls, and how that is proved, where the text holds addresses or headers."""
    if "://" in text:
        text = _QUERY.sub(rf"\1?{HIDDEN}", _USER.sub(f"://{HIDDEN}@", text))
    return _SCHEME.sub(rf"\1 {HIDDEN}", text) if " " in text else text
