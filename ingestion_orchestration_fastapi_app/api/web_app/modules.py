"""Which modules a page of the web app needs before it shows anything.

A browser learns what a module imports when it has it, and asks then: five times one after another,
on the way to the photos. The shell names them all, so they are asked for at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_IMPORTS = re.compile(r"""^import\b[^;]*?["'](\.{1,2}/[^"']+\.js)["'];""", re.MULTILINE)


def needed_modules(scripts: Path, first: Iterable[str]) -> list[str]:
    """These and all that they import at once, by their paths in a folder, sorted. What they may
    import later is left out.
    """
    folder = scripts.resolve()
    found: set[Path] = set()
    waiting = [folder / one for one in first]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        named = _IMPORTS.findall(module.read_text())
        waiting += ((module.parent / one).resolve() for one in named)
    return sorted(str(one.relative_to(folder)) for one in found)
