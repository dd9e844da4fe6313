"""The inference service's engine without HTTP, in a process of its own: what HTTP is compared with.

The child runs the service's own app, with its settings, model thread and turns, but no server.
It is told what to do in lines of JSON, and answers in such lines.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TextIO

import anyio
import anyio.to_thread
import numpy as np
import numpy.typing as npt
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from benchmarks.report import BenchmarkFailed
from ingestion_orchestration_fastapi_app.cli.up.launcher import child_environment, python_module
from ml_inference_fastapi_app.backends.base import Picture
from ml_inference_fastapi_app.main import create_app
from ml_inference_fastapi_app.models.loaded_clip import LoadedClip, noise_pixels
from ml_inference_fastapi_app.scheduling.admission import Permit
from ml_inference_fastapi_app.scheduling.model_thread import Priority, one_turn
from ml_inference_fastapi_app.serving.decoding import squares_of
from ml_inference_fastapi_app.serving.engine import Engine
from ml_inference_fastapi_app.settings import Settings
from utils.contract import ErrorCode
from utils.problems import Rejected
from utils.process.parent_death import dying_with_parent
from utils.web.logs import setup_logging

POLL_S = 0.1
MAX_LINE_BYTES = 64 * 1024 * 1024

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spent:
    """What it took, and the CPU seconds of all threads of the process meanwhile."""

    images: int
    wall_s: float
    cpu_s: float
    latencies_s: Sequence[float] = ()


class EngineApart:
    """The child, from outside. One call at a time."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def embedded(self, *, batch: int, batches: int, lanes: int = 1) -> Spent:
        """Arrays in, vectors out. With two lanes the next batch waits at the model already."""
        return Spent(**await self.told(do="embed", batch=batch, batches=batches, lanes=lanes))

    async def decoded(self, paths: Sequence[Path], *, images: int) -> Spent:
        """Files to the model's pixels, one after another."""
        files = [str(path) for path in paths]
        return Spent(**await self.told(do="decode", paths=files, images=images))

    async def references(self, paths: Sequence[Path]) -> dict[str, Vector | str]:
        """For each file's name its vector, embedded alone, or the code that says why not."""
        said = await self.told(do="references", paths=[str(path) for path in paths])
        return {
            name: one
            if one.startswith("ERR_")
            else np.frombuffer(base64.b64decode(one), np.float32)
            for name, one in said.items()
        }

    async def told(self, **order: object) -> dict[str, Any]:
        """Raises BenchmarkFailed where the child has ended: its words are on stderr."""
        try:
            await self._stdin.send(json.dumps(order).encode() + b"\n")
            line = await self._answers.receive_until(b"\n", MAX_LINE_BYTES)
        except (anyio.BrokenResourceError, anyio.IncompleteRead) as exc:
            raise BenchmarkFailed("the engine's process has ended") from exc
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def engine_apart(environment: Mapping[str, str]) -> AsyncIterator[EngineApart]:
    """Loaded and warm. The environment is changed as for a service."""
    command = dying_with_parent(python_module("benchmarks.in_process"), parent_pid=os.getpid())
    async with await anyio.open_process(
        command, stdin=subprocess.PIPE, stderr=None, env=child_environment(environment)
    ) as process:
        try:
            engine = EngineApart(process)
            await engine.told(do="embed", batch=1, batches=1, lanes=1)
            yield engine
        finally:
            process.terminate()


def _picture(data: bytes, model: LoadedClip) -> Picture | Rejected:
    if not data:
        return Rejected(ErrorCode.FILE_EMPTY, "The upload is empty.")
    upload = model.description.upload
    squares = squares_of(data, upload, whole_side_px=0, max_pixels=Settings().max_image_pixels)
    return squares if isinstance(squares, Rejected) else squares.clip


async def _embed(
    engine: Engine, model: LoadedClip, *, batch: int, batches: int, lanes: int
) -> dict[str, object]:
    pictures = list(noise_pixels(batch, model.description.upload.side_px))
    latencies_s: list[float] = []
    turns = iter(range(batches))

    async def lane() -> None:
        for _ in turns:
            began_s = time.perf_counter()
            steps = model.batch(pictures, Permit(batch, model.speed))
            vectors = await engine.thread.run(steps, priority=Priority.IMPORT)
            assert not any(isinstance(vector, Rejected) for vector in vectors)
            latencies_s.append(time.perf_counter() - began_s)

    cpu_s, began_s = time.process_time(), time.perf_counter()
    async with anyio.create_task_group() as tg:
        for _ in range(lanes):
            tg.start_soon(lane)
    return {
        "images": batch * batches,
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - cpu_s,
        "latencies_s": latencies_s,
    }


def _decode(model: LoadedClip, paths: Sequence[str], *, images: int) -> dict[str, object]:
    uploads = [Path(path).read_bytes() for path in paths]
    _picture(uploads[0], model)  # what is imported and allocated once is not measured
    cpu_s, began_s = time.process_time(), time.perf_counter()
    for data in islice(cycle(uploads), images):
        assert not isinstance(_picture(data, model), Rejected)
    return {
        "images": images,
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - cpu_s,
    }


def _references(model: LoadedClip, paths: Sequence[str]) -> dict[str, str]:
    """On the model's thread."""
    found: dict[str, str] = {}
    for path in map(Path, paths):
        picture = _picture(path.read_bytes(), model)
        if isinstance(picture, Rejected):
            found[path.name] = str(picture.code)
        else:
            vector = model.embedder.embed_images(picture[np.newaxis])[0]
            found[path.name] = base64.b64encode(vector.tobytes()).decode()
    return found


async def _obey(engine: Engine, order: dict[str, Any]) -> dict[str, Any]:
    with engine.models.using(None) as model:
        match order.pop("do"):
            case "embed":
                return await _embed(engine, model, **order)
            case "decode":
                return _decode(model, **order)
            case "references":
                steps = one_turn(partial(_references, model, **order))
                return await engine.thread.run(steps, priority=Priority.IMPORT)
            case other:
                raise ValueError(other)


async def _serve(answers: TextIO) -> None:
    app = create_app(Settings())
    engine: Engine = app.state.engine
    async with app.router.lifespan_context(app):
        while not engine.models.default.is_loaded:  # noqa: ASYNC110  # it sets no event
            await anyio.sleep(POLL_S)
        while line := await anyio.to_thread.run_sync(
            sys.stdin.readline, limiter=anyio.CapacityLimiter(1)
        ):
            answers.write(json.dumps(await _obey(engine, json.loads(line))) + "\n")
            answers.flush()


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not answer
    setup_logging("WARNING")
    anyio.run(_serve, answers)


if __name__ == "__main__":
    main()
