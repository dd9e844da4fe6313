"""The user's home folder, where there is one: containers run as users that nobody entered."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

NO_HOME = "HOME is not set, and user id {uid} has no other home"


def home_folder() -> Path | None:
    """None where neither HOME nor the user's entry names a folder; `/` is nobody's home."""
    named = os.path.expanduser("~")
    if not _is_home(named):
        try:
            named = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return None
    return Path(named) if _is_home(named) else None


def absolute_folder(folder: Path) -> Path:
    """Below the home where it begins with `~`, else below the working directory.

    Raises:
        ValueError: the home, or the working directory, is not there.
    """
    if folder.parts[:1] == ("~",):
        home = home_folder()
        if home is None:
            raise ValueError(NO_HOME.format(uid=os.getuid()))
        folder = home.joinpath(*folder.parts[1:])
    try:
        return Path(os.path.abspath(os.path.expanduser(folder)))
    except FileNotFoundError as exc:
        raise ValueError("it is relative, and the working directory was removed") from exc


def _is_home(path: str) -> bool:
    return os.path.isabs(path) and path.strip("/") != ""
