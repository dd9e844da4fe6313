"""Good and bad batches from many clients at once, against the real inference service."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import anyio
import pytest

from benchmarks.in_process import engine_apart
from benchmarks.inference_http import connected
from benchmarks.mixed import batches_of, run_mixed, write_uploads
from tests.e2e.conftest import Services

REQUESTS = 120
CLIENTS = 16

pytestmark = pytest.mark.anyio


async def test_no_client_gets_a_5xx_or_another_ones_result(
    services: Services, tmp_path: Path
) -> None:
    inference = services.inference
    async with (
        engine_apart({**inference.environment, "DISABLE_CAPTIONS": "1"}) as engine,
        connected(inference.url, pid=inference.pid) as service,
    ):
        side_px = (await service.capabilities()).upload.clip.side_px
        paths = write_uploads(tmp_path / "mixed", side_px=side_px)
        references = await engine.references(paths)
        batches = batches_of(paths, count=REQUESTS, seed=5)
        assert await run_mixed(service, batches, references, clients=CLIENTS) == Counter()
        with anyio.fail_after(30):
            await service.until_queued(0)  # who hung up gave its place back, too
