"""Lets `import open_clip` succeed beside a torch that torchvision's compiled part does not fit.

Package indexes offer a CPU build of torch but only the CUDA build of torchvision. That one cannot
load its compiled part beside a CPU torch, so its operators are never declared, and the import ends
in `operator torchvision::nms does not exist`. open_clip needs torchvision's transforms alone, which
are Python: declaring the two operators that are looked up at import is enough. Calling them still
fails, as it should.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# Declarations live as long as the object that made them: this list keeps it.
_declared: list[torch.library.Library] = []


def import_open_clip() -> Any:  # a module without types
    """The only way to open_clip: whoever imports it by name may find torchvision broken."""
    make_torchvision_importable()
    return importlib.import_module("open_clip")


def make_torchvision_importable() -> None:
    """Call it before anything imports torchvision. Does nothing where torchvision is whole."""
    if _declared or _compiled_part_loads():
        return
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch types it not
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]  # torch types it not
    _declared.append(library)


def _compiled_part_loads() -> bool:
    """Loads it as torchvision itself does."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return True  # nothing to repair: the import will say what is missing
    for folder in spec.submodule_search_locations:
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            compiled = Path(folder) / f"_C{suffix}"
            if compiled.is_file():
                try:
                    torch.ops.load_library(str(compiled))  # type: ignore[no-untyped-call]  # torch types it not
                except OSError:
                    return False
                return True
    return False
