"""torch.compile as the model's towers need it: one graph for each batch size, never a silent way
around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Tower = Callable[[Tensor], Any]
# "inductor", or what torch.compile takes in its place.
Backend = str | Callable[..., Any]


def compiled(tower: Tower, *, sizes: int, backend: Backend) -> Tower:
    """`sizes` is how many batch sizes it will see.

    One that cannot be compiled whole raises when it is called first.
    """
    import torch._dynamo.config as dynamo

    # At the default of 8 torch would fall back to eager, in silence. Twice, for both towers of a
    # model may share their code, and a process may hold two models.
    dynamo.recompile_limit = max(dynamo.recompile_limit, 4 * sizes)
    whole: Tower = torch.compile(
        tower, backend=backend, mode="reduce-overhead", dynamic=False, fullgraph=True
    )
    return whole
