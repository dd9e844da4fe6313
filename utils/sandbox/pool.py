"""Decoders that are not trusted, in processes that can be killed: one file never costs another.

What Pillow decodes itself stays in threads: its decoders are bounded by what the header says, and
a process more would cost a tenth of a small JPEG's time. All others go through here.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, TypeAlias

import structlog
from anyio import CapacityLimiter, create_task_group, current_time, move_on_after, sleep
from anyio.abc import TaskGroup

from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import Decoded, ImageUnreadableError, Squares
from utils.imaging.formats import Format, sniff
from utils.imaging.raw_developing import RawPicture
from utils.sandbox.canaries import canary_file
from utils.sandbox.exclusive import Exclusive
from utils.sandbox.process import Crashed, DecoderProcess, Died, TimedOut
from utils.sandbox.protocol import Ask, Result

log = structlog.stdlib.get_logger(__name__)

_IN_THREADS = frozenset({Format.JPEG, Format.PNG, Format.WEBP, Format.PPM})
_START_TRIES = 3
_START_LIMIT_S = 60.0  # a second even on a slow machine; longer, and it will never start
_CLOSE_LIMIT_S = 20.0
_DECODE_TRIES = 2  # the first may have been killed from outside, by the OOM killer above all
_CONTROL_ROUNDS = 2
_CANARY_LIMIT_S = 60.0  # its decoder may have to be loaded first, by a machine at its limits


class DecodersDownError(RuntimeError):
    """No decoder process can be started, or good files end it: the machine's fault, no file's."""


Outcome: TypeAlias = Result | ImageUnreadableError | TimedOut | Died


def decodes_apart(known: Format | None) -> bool:
    """Whether a file of that format belongs into a process of its own; None is of no format."""
    return known is not None and known not in _IN_THREADS


class DecoderPool:
    """Processes that are started when they are needed and ended when they were not for a while.

    Use it as an async context manager, in the event loop and thread that outlive it: Linux ends
    the processes with the thread that started them. `module` is what they run.

    Each function is that of the same name in `decoding` or `raw_developing`, with the same results
    and errors, and these besides: ImageUnreadableError with ERR_DECODING_TIMEOUT when it took
    longer than `timeout_s`, or with ERR_FILE_QUARANTINED when the file took processes down, in
    company and then alone, `control_gap_s` apart, where a known good file did not.
    DecodersDownError: no process could be started, or known good files took it down as well.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout_s: float,
        memory_bytes: int,
        idle_s: float = 60.0,
        control_gap_s: float = 10.0,
        module: str = "utils.sandbox.worker",
    ) -> None:
        self._slots = CapacityLimiter(workers)
        self._exclusive = Exclusive(self._slots)
        self._threads = CapacityLimiter(workers)
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._idle_s = idle_s
        self._control_gap_s = control_gap_s
        self._module = module
        self._idle: list[DecoderProcess] = []  # the one used last at the end: the others age
        self._all: set[DecoderProcess] = set()
        self._open = False

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            tg = await stack.enter_async_context(create_task_group())
            stack.push_async_callback(self._close, tg)
            tg.start_soon(self._end_idle)
            self._open = True
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(kind, exc, trace)

    @property
    def pids(self) -> frozenset[int]:
        """Of the processes that there are now."""
        return frozenset(process.pid for process in self._all)

    async def open_upright(self, data: bytes, *, min_side_px: int, max_pixels: int) -> Decoded:
        ask = Ask(work="open_upright", min_side_px=min_side_px, max_pixels=max_pixels)
        result = await self._result(ask, data)
        assert isinstance(result, Decoded)
        return result

    async def read_preview(
        self, descriptor: int, *, min_side_px: int, max_pixels: int
    ) -> RawPicture:
        """The descriptor stays the caller's."""
        ask = Ask(work="read_preview", min_side_px=min_side_px, max_pixels=max_pixels)
        result = await self._result(ask, descriptor)
        assert isinstance(result, RawPicture)
        return result

    async def develop(
        self, descriptor: int, *, min_side_px: int, small_side_px: int, max_pixels: int
    ) -> Decoded:
        """A RAW, no longer than `small_side_px`. The descriptor stays the caller's."""
        ask = Ask(
            work="develop",
            min_side_px=min_side_px,
            small_side_px=small_side_px,
            max_pixels=max_pixels,
        )
        result = await self._result(ask, descriptor)
        assert isinstance(result, Decoded)
        return result

    async def decode_for_models(
        self,
        data: bytes,
        upload: ClipUpload,
        *,
        whole_side_px: int,
        max_pixels: int,
        small_side_px: int = 0,
    ) -> Squares:
        ask = Ask(
            work="decode_for_models",
            upload=upload,
            whole_side_px=whole_side_px,
            max_pixels=max_pixels,
            small_side_px=small_side_px,
        )
        result = await self._result(ask, data)
        assert isinstance(result, Squares)
        return result

    async def _result(self, ask: Ask, file: bytes | int) -> Result:
        async with self._slots:
            outcome = await self._attempt(ask, file, tries=_DECODE_TRIES)
            if isinstance(outcome, TimedOut):
                await self._check_canary(ask, file)
                raise ImageUnreadableError(
                    ErrorCode.DECODING_TIMEOUT, f"not decoded within {self._timeout_s:g} s"
                )
        if isinstance(outcome, Died):
            outcome = await self._controlled(ask, file)
        if isinstance(outcome, ImageUnreadableError):
            raise outcome
        return outcome

    async def _controlled(self, ask: Ask, file: bytes | int) -> Result | ImageUnreadableError:
        """Whether the file ends decoders, or the moment. In a round nothing else is decoded."""
        outcome: Outcome = Died("")
        for round_number in range(_CONTROL_ROUNDS):
            if round_number:
                await sleep(self._control_gap_s)
            async with self._exclusive.held():
                await self._check_canary(ask, file)
                outcome = await self._attempt(ask, file, tries=1)
                if not isinstance(outcome, Died | TimedOut):
                    return outcome
                await self._check_canary(ask, file)
        why = outcome.why if isinstance(outcome, Died) else "it took too long"
        return ImageUnreadableError(
            ErrorCode.FILE_QUARANTINED,
            f"the decoder failed each time, alone too, and with good files it did not: {why}",
        )

    async def _check_canary(self, ask: Ask, file: bytes | int) -> None:
        """Decodes a file that is known to be good, by the same decoder. The caller holds a slot.

        Raises:
            DecodersDownError: it fails, too.
        """
        known = Format.DNG if isinstance(file, int) else sniff(file)
        assert known is not None, "what is of no format goes to no decoder"
        try:
            with canary_file(known, as_descriptor=isinstance(file, int)) as canary:
                outcome = await self._attempt(ask, canary, tries=1, limit_s=_CANARY_LIMIT_S)
        except OSError as exc:
            raise DecodersDownError(f"no canary can be made: {exc.strerror}") from exc
        if isinstance(outcome, Died | TimedOut | ImageUnreadableError):
            why = outcome.why if isinstance(outcome, Died) else str(outcome)
            log.error("canary_not_decoded", format=known, why=why)
            raise DecodersDownError(f"decoders fail with known good files, too: {why}")

    async def _attempt(
        self, ask: Ask, file: bytes | int, *, tries: int, limit_s: float | None = None
    ) -> Outcome:
        """The caller holds a slot."""
        died = Died("")
        for _ in range(tries):
            process = await self._taken()
            try:
                result = await process.answer(ask, file, limit_s=limit_s or self._timeout_s)
            finally:
                stderr_tail = await self._put_back(process)
            if isinstance(result, TimedOut):
                log.warning("decoder_killed", after_s=limit_s or self._timeout_s, work=ask.work)
            if not isinstance(result, Crashed):
                return result
            self._check_open()
            died = Died(process.why(result, stderr_tail))
            log.warning(
                "decoder_died", signal=process.signal, work=ask.work, stderr_tail=stderr_tail
            )
        return died

    async def _taken(self) -> DecoderProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await self._end(process)
        for _ in range(_START_TRIES):
            process = self._spawned()
            ready = False
            try:
                ready = await process.started(limit_s=_START_LIMIT_S)
            finally:
                if not ready:
                    stderr_tail = await self._end(process)
            if ready:
                return process
            self._check_open()
            log.error("decoder_not_started", stderr_tail=stderr_tail)
        raise DecodersDownError("no decoder process could be started")

    def _check_open(self) -> None:
        if not self._open:
            raise DecodersDownError("the service is being stopped")

    def _spawned(self) -> DecoderProcess:
        self._check_open()
        try:
            process = DecoderProcess.spawn(
                self._module, memory_bytes=self._memory_bytes, threads=self._threads
            )
        except OSError as exc:
            raise DecodersDownError("no decoder process could be started") from exc
        self._all.add(process)
        return process

    async def _put_back(self, process: DecoderProcess) -> str:
        """Ends it unless it can be asked again. Returns its last words."""
        if not process.alive or not self._open:
            return await self._end(process)
        process.idle_since_s = current_time()
        self._idle.append(process)
        return ""

    async def _end(self, process: DecoderProcess) -> str:
        stderr_tail = await process.end()
        self._all.discard(process)
        return stderr_tail

    async def _end_idle(self) -> None:
        while True:
            await sleep(self._idle_s / 2)
            old_s = current_time() - self._idle_s
            old = [process for process in self._idle if process.idle_since_s <= old_s]
            for process in old:
                if process in self._idle:  # it may have been taken while another one ended
                    self._idle.remove(process)
                    await self._end(process)

    async def _close(self, tg: TaskGroup) -> None:
        self._open = False
        tg.cancel_scope.cancel()
        for process in self._all:  # also those whose answer somebody waits for, who ends them
            process.kill()
        with move_on_after(_CLOSE_LIMIT_S, shield=True):
            while self._idle:
                await self._end(self._idle.pop())
            for _ in range(int(self._slots.total_tokens)):
                await self._slots.acquire_on_behalf_of(object())  # until nobody is inside
