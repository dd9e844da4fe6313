"""Which version of this program is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

NAME = "photoseek"


def installed_version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:  # run from a tree that was never installed
        return "unknown"
