"""What is left to do once nothing holds a model any more: its memory goes back to the system."""

from __future__ import annotations

import gc
import sys

from utils.process.allocator import trim_heap


def give_back_memory(*, graphs: bool) -> None:
    """Blocking, for a fraction of a second, on the model thread.

    `graphs`: all that was compiled in this process goes, too, since it holds its model.
    """
    torch = sys.modules.get("torch")  # importing it would take what is to be given back
    if torch is not None and graphs:
        torch.compiler.reset()
    gc.collect()  # a model's modules refer to each other in circles
    if torch is not None:
        torch.cuda.empty_cache()  # nothing where CUDA was never used
    trim_heap()
