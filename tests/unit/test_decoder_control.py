"""A file is condemned by a decoder's end only where known good files come to no harm."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest

from tests.hostile_decoder import gif
from tests.picture_files import encoded, scene
from tests.unit.test_decoder_pool import LIMIT, fault, pool, serves, square
from utils.contract import ErrorCode
from utils.imaging.formats import Format
from utils.sandbox import canaries
from utils.sandbox.canaries import canary_file, canary_of
from utils.sandbox.pool import DecoderPool, DecodersDownError, decodes_apart

pytestmark = pytest.mark.anyio

APART = [known for known in Format if decodes_apart(known) and not known.is_raw]


@asynccontextmanager
async def oom_killer(decoders: DecoderPool) -> AsyncIterator[None]:
    """Kills each decoder as soon as it is there."""

    async def kill() -> None:
        while True:
            for pid in decoders.pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            await anyio.sleep(0.001)  # the start of a process sets no event here

    async with anyio.create_task_group() as tg:
        tg.start_soon(kill)
        yield
        tg.cancel_scope.cancel()


@contextmanager
def canaries_that(monkeypatch: pytest.MonkeyPatch, order: str) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(canaries, "canary_of", lambda known: gif(order))
        yield


@pytest.mark.parametrize("known", [Format.HEIC, Format.AVIF])
async def test_a_file_that_no_decoder_has_threads_for_is_not_blamed(known: Format) -> None:
    """Their decoders want threads, and without them fail as they do at a damaged file."""
    async with pool(module="tests.threadless_decoder") as decoders:
        with pytest.raises(DecodersDownError):
            await decoders.open_upright(canary_of(known), min_side_px=8, max_pixels=LIMIT)


@pytest.mark.parametrize("known", [Format.JXL, Format.JPEG_2000])
async def test_a_decoder_that_wants_no_threads_does_without(known: Format) -> None:
    async with pool(module="tests.threadless_decoder") as decoders:
        found = await decoders.open_upright(canary_of(known), min_side_px=8, max_pixels=LIMIT)
    assert found.format is known


@pytest.mark.parametrize("known", APART)
async def test_a_decoder_that_works_decodes_its_canary(known: Format) -> None:
    async with pool(module="utils.sandbox.worker") as decoders:
        found = await decoders.open_upright(canary_of(known), min_side_px=8, max_pixels=LIMIT)
    assert found.format is known
    assert not found.partial
    assert found.image.getextrema() != ((0, 0),) * 3


async def test_the_canary_of_a_raw_is_read_and_developed() -> None:
    async with pool(module="utils.sandbox.worker") as decoders:
        with canary_file(Format.NEF, as_descriptor=True) as descriptor:
            assert isinstance(descriptor, int)
            found = await decoders.read_preview(descriptor, min_side_px=8, max_pixels=LIMIT)
        assert (found.width_px, found.height_px) == (32, 32)
        assert (await square(decoders, canary_of(Format.NEF))).shape == (2, 2, 3)


@pytest.mark.parametrize("deaths", [2, 3])
async def test_a_file_whose_decoders_are_killed_from_outside_is_decoded_later(
    tmp_path: Path, deaths: int
) -> None:
    for number in range(deaths):
        (tmp_path / str(number)).touch()
    async with pool() as decoders:
        assert (await square(decoders, gif(f"die as often as {tmp_path}"))).shape == (2, 2, 3)


async def test_the_oom_killer_condemns_no_file() -> None:
    good = encoded(scene(60, 40), "GIF")
    async with pool() as decoders:
        async with oom_killer(decoders):
            with pytest.raises(DecodersDownError), anyio.fail_after(60):
                await square(decoders, good)
        assert await serves(decoders)


@pytest.mark.parametrize("order", ["segfault", "exit", "lie", "hang"])
async def test_a_moment_at_which_good_files_fail_too_condemns_none(
    order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.sandbox.pool._CANARY_LIMIT_S", 2)
    async with pool(timeout_s=2) as decoders:
        with (
            canaries_that(monkeypatch, order),
            pytest.raises(DecodersDownError, match="good files"),
        ):
            await square(decoders, gif(order))
        assert (await fault(decoders, gif(order))).code in (
            ErrorCode.FILE_QUARANTINED,
            ErrorCode.DECODING_TIMEOUT,
        )


@pytest.mark.parametrize("call", ["socketpair", "pipe", "Popen"])
async def test_a_decoder_for_which_descriptors_lack_is_the_machines_fault_and_leaves_none_open(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    module = {"socketpair": "socket", "pipe": "os", "Popen": "subprocess"}[call]
    async with pool() as decoders:
        before = os.listdir("/proc/self/fd")
        with monkeypatch.context() as patched:
            patched.setattr(f"utils.sandbox.process.{module}.{call}", lacks)
            with pytest.raises(DecodersDownError):
                await serves(decoders)
        assert os.listdir("/proc/self/fd") == before
        assert await serves(decoders)


async def test_a_suspect_is_decoded_while_nothing_else_is() -> None:
    """Its neighbours wait for the moment, and get their results."""
    good = encoded(scene(60, 40), "GIF")
    shapes: list[tuple[int, ...]] = []

    async def decode(decoders: DecoderPool) -> None:
        shapes.append((await square(decoders, good)).shape)

    async with pool(workers=3) as decoders, anyio.create_task_group() as tg:
        tg.start_soon(fault, decoders, gif("segfault"))
        tg.start_soon(fault, decoders, gif("exit"))
        for _ in range(20):
            tg.start_soon(decode, decoders)
    assert shapes == [(2, 2, 3)] * 20
