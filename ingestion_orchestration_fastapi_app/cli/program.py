"""How this command is called from the shell it runs in."""

from __future__ import annotations

import os
import shlex
import shutil
import sys

from utils.process.version import NAME


def called(*words: str) -> str:
    """A command to copy: `photoseek`, or the path by which it was called, and the words."""
    return " ".join(shlex.quote(word) for word in (_program(), *words))


def _program() -> str:
    here = sys.argv[0]
    if os.path.basename(here) != NAME:
        return NAME  # imported, or run with -c: there is no better name
    found = shutil.which(NAME)
    if found is not None and os.path.realpath(found) == os.path.realpath(here):
        return NAME
    return here
