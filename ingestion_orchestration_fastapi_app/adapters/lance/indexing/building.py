"""Has indexes built by a child process, one at a time: it may fail, and the service goes on."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from subprocess import PIPE

import anyio
import structlog
from anyio import to_thread
from anyio.abc import ByteReceiveStream, Process
from anyio.lowlevel import checkpoint_if_cancelled

from ingestion_orchestration_fastapi_app.adapters.lance.indexing.plan import IndexPlan
from utils.process.parent_death import dying_with_parent

log = structlog.get_logger(__name__)

FOLDER = ".index-build"  # beside the tables: what is sorted on the way may be larger than /tmp
_LOCK = "lock"
_SCRIPT = os.fspath(Path(__file__).with_name("build_child.py"))
_TOLD_BYTES = 2000
_REAP_S = 10.0
_ORPHAN_WAIT_S = 10.0
_LOOK_S = 0.05
_SIGKILL = 9
_NO_MEMORY = ("memory allocation of", "memoryerror", "cannot allocate memory", "out of memory")


class IndexNotBuiltError(Exception):
    """Why not, in words for a log and for who asks."""


@dataclass(frozen=True, slots=True)
class BuildLimits:
    memory_bytes: int
    time_s: float


class IndexBuilder:
    """Of one store. The table's writer neither compacts nor prunes it meanwhile: Lance would refuse
    the child's commit. To append, merge and delete is safe: what was written meanwhile is not
    in the index.
    """

    def __init__(
        self,
        uri: str,
        *,
        storage_options: Mapping[str, str],
        limits: BuildLimits,
        threads: anyio.CapacityLimiter,
    ) -> None:
        self._uri = uri
        self._storage_options = dict(storage_options)
        self._limits = limits
        self._threads = threads
        self._turn = anyio.Lock()  # the limit of memory is for one
        self._folder = None if "://" in uri else os.path.join(uri, FOLDER)
        self._is_alone = self._folder is None

    async def build(self, table: str, plans: Sequence[IndexPlan]) -> None:
        """Returns when the table's newest version has them. Cancelled, it kills the child first.

        Raises IndexNotBuiltError; the child may have committed all the same.
        """
        request = {
            "uri": self._uri,
            "storage_options": self._storage_options,
            "table": table,
            "indexes": [astuple(plan) for plan in plans],
            "memory_bytes": self._limits.memory_bytes,
        }
        async with self._turn, self._child() as child:
            start_s = anyio.current_time()
            said = await self._answer(child, json.dumps(request).encode() + b"\n")
            spent_s = round(anyio.current_time() - start_s, 1)
            log.info("index_built", table=table, spent_s=spent_s, **said)

    async def no_orphan(self) -> None:
        """Waits until no child of a process before this one is left: it could still commit.

        They die with their parent. Raises OSError where one lives on.
        """
        with anyio.move_on_after(_ORPHAN_WAIT_S):
            while not self._is_alone:
                with suppress(BlockingIOError), self._lock():
                    self._is_alone = True
                    return
                await anyio.sleep(_LOOK_S)
        if not self._is_alone:
            raise OSError(errno.EBUSY, "another process still builds an index of the store")

    async def _answer(self, child: Process, request: bytes) -> dict[str, int]:
        noise = bytearray()
        answer = bytearray()
        limit_s = self._limits.time_s
        with anyio.move_on_after(limit_s) as scope:
            async with anyio.create_task_group() as tg:
                tg.start_soon(_tail, child.stderr, noise)
                tg.start_soon(_tail, child.stdout, answer)
                assert child.stdin is not None, "it is a pipe"
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await child.stdin.send(request)
                await child.wait()
        said = noise.decode("utf-8", "replace")
        if scope.cancelled_caught:
            raise IndexNotBuiltError(f"it took longer than {limit_s:g} s")
        if child.returncode != 0:
            log.warning("index_build_ended", status=child.returncode, stderr_tail=said)
            raise IndexNotBuiltError(_why(child.returncode, said))
        return dict(json.loads(answer))

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[Process]:
        """It is gone when the block is left."""
        command = [sys.executable, "-P", _SCRIPT]
        try:
            await to_thread.run_sync(self._empty_folder, limiter=self._threads)
            # Shielded: one that is cut off while it starts would be nobody's.
            with self._lock() as lock, anyio.CancelScope(shield=True):
                child = await anyio.open_process(
                    dying_with_parent(command, parent_pid=os.getpid()),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=PIPE,
                    env=self._environment(),
                    pass_fds=lock,  # it holds the lock for as long as it lives
                    start_new_session=True,  # a Ctrl-C at the terminal is for the service
                )
        except OSError as exc:  # no process, no descriptor, or an orphan holds the lock
            raise IndexNotBuiltError(f"it could not be started: {exc.strerror}") from exc
        try:
            await checkpoint_if_cancelled()
            yield child
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            with anyio.move_on_after(_REAP_S, shield=True):
                await child.aclose()
                await to_thread.run_sync(self._empty_folder, limiter=self._threads)

    @contextmanager
    def _lock(self) -> Iterator[tuple[int, ...]]:
        """Raises BlockingIOError where a child holds it."""
        if self._folder is None:
            yield ()
            return
        os.makedirs(self._folder, exist_ok=True)
        path = os.path.join(self._folder, _LOCK)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield (descriptor,)
        finally:
            os.close(descriptor)

    def _empty_folder(self) -> None:
        """What a child that was killed left."""
        if self._folder is not None:
            room = os.path.join(self._folder, "tmp")
            shutil.rmtree(room, ignore_errors=True)
            os.makedirs(room, exist_ok=True)

    def _environment(self) -> dict[str, str]:
        threads = str(max(1, (os.cpu_count() or 2) // 2))
        known = dict(os.environ)  # noqa: TID251  # passed on: credentials of an object store too
        bounds = ("LANCE_CPU_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS")
        room = {} if self._folder is None else {"TMPDIR": os.path.join(self._folder, "tmp")}
        return {
            **known,
            **dict.fromkeys(bounds, threads),
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve a gigabyte at once
            **room,
        }


async def _tail(stream: ByteReceiveStream | None, kept: bytearray) -> None:
    assert stream is not None, "it is a pipe"
    async for part in stream:
        kept += part
        del kept[:-_TOLD_BYTES]


def _why(status: int | None, said: str) -> str:
    if any(sign in said.lower() for sign in _NO_MEMORY):
        return "it needed more memory than INDEX_BUILD_MEMORY_BYTES allows"
    if status == -_SIGKILL:
        return "it was killed"
    if "preempted by concurrent transaction" in said:
        return "somebody else compacted the table meanwhile"
    return f"it ended with status {status}"
