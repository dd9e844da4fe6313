"""A decoder may hang, crash, eat memory or lie: the file gets a code, and nothing else happens."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import anyio
import numpy as np
import pytest

from tests.hostile_decoder import gif
from tests.picture_files import dng, encoded, put, scene
from tests.unit.test_launcher import watched
from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import ImageUnreadableError, Square, decode_for_models, open_upright
from utils.imaging.formats import Format
from utils.imaging.pillow_setup import ready_pillow
from utils.imaging.raw_developing import read_preview
from utils.sandbox.pool import DecoderPool, DecodersDownError, decodes_apart

pytestmark = pytest.mark.anyio

CLIP = ClipUpload(side_px=2, crop="center")
LIMIT = 10_000_000
MEMORY_BYTES = 1024**3


def pool(
    *,
    workers: int = 2,
    timeout_s: float = 60,
    idle_s: float = 60,
    module: str = "tests.hostile_decoder",
) -> DecoderPool:
    return DecoderPool(
        workers=workers,
        timeout_s=timeout_s,
        memory_bytes=MEMORY_BYTES,
        idle_s=idle_s,
        control_gap_s=0.01,
        module=module,
    )


async def square(decoders: DecoderPool, data: bytes, upload: ClipUpload = CLIP) -> Square:
    return (await decoders.decode_for_models(data, upload, whole_side_px=0, max_pixels=LIMIT)).clip


async def fault(decoders: DecoderPool, data: bytes) -> ImageUnreadableError:
    with pytest.raises(ImageUnreadableError) as caught:
        await square(decoders, data)
    return caught.value


async def serves(decoders: DecoderPool) -> bool:
    data = encoded(scene(60, 40), "GIF")
    return (await decoders.open_upright(data, min_side_px=32, max_pixels=LIMIT)).size == (60, 40)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_only_what_pillow_decodes_itself_stays_in_the_service() -> None:
    inside = {known.value for known in Format if not decodes_apart(known)}
    assert inside == {"jpeg", "png", "webp", "ppm"}
    assert not decodes_apart(None)


@pytest.mark.parametrize("name", ["HEIF", "AVIF", "JXL", "TIFF", "GIF", "BMP"])
async def test_pictures_come_back_as_a_thread_would_give_them(name: str) -> None:
    ready_pillow()
    data = encoded(scene(300, 200), name)
    own = open_upright(data, min_side_px=90, max_pixels=LIMIT)
    async with pool(module="utils.sandbox.worker") as decoders:
        found = await decoders.open_upright(data, min_side_px=90, max_pixels=LIMIT)
    assert found.image.tobytes() == own.image.tobytes()
    assert (found.size, found.area, found.format, found.partial) == (
        own.size,
        own.area,
        own.format,
        own.partial,
    )


@pytest.mark.parametrize("with_preview", [True, False])
async def test_raw_files_come_back_as_a_thread_would_give_them(
    with_preview: bool, tmp_path: Path
) -> None:
    data = dng(scene(300, 200), preview=with_preview, orientation=6)
    upload = ClipUpload(side_px=64, crop="center")
    own = read_preview(data, min_side_px=90, max_pixels=LIMIT)
    put(tmp_path / "a.dng", data)
    async with pool(module="utils.sandbox.worker") as decoders:
        with open(tmp_path / "a.dng", "rb") as file:  # noqa: ASYNC230  # a small file of its own
            found = await decoders.read_preview(file.fileno(), min_side_px=90, max_pixels=LIMIT)
        found_all = await decoders.decode_for_models(
            data, upload, whole_side_px=40, max_pixels=LIMIT, small_side_px=90
        )
    assert (found.width_px, found.height_px) == (own.width_px, own.height_px) == (200, 300)
    assert (found.preview is not None) == (own.preview is not None) == with_preview
    if found.preview is not None and own.preview is not None:
        assert found.preview.image.tobytes() == own.preview.image.tobytes()
    own_all = decode_for_models(data, upload, whole_side_px=40, max_pixels=LIMIT, small_side_px=90)
    assert np.array_equal(found_all.clip, own_all.clip)
    assert found_all.whole is not None
    assert own_all.whole is not None
    assert np.array_equal(found_all.whole, own_all.whole)
    assert found_all.small == own_all.small
    assert found_all.small is not None
    assert found_all.small.size == (60, 90)


async def test_a_bad_file_has_the_code_that_it_has_in_a_thread() -> None:
    heic = encoded(scene(300, 200), "HEIF")
    async with pool(module="utils.sandbox.worker") as decoders:
        assert (await fault(decoders, heic[: len(heic) // 2])).code is ErrorCode.DECODING_IMAGE
        assert (await fault(decoders, dng(scene(64, 64))[:300])).code is ErrorCode.DECODING_RAW
        with pytest.raises(ImageUnreadableError) as caught:
            await decoders.open_upright(heic, min_side_px=32, max_pixels=59_999)
        assert caught.value.code is ErrorCode.IMAGE_TOO_LARGE
        assert len(decoders.pids) == 1, "a bad file costs no process"


async def test_a_decoder_that_hangs_is_killed_in_time_and_replaced() -> None:
    async with pool(timeout_s=2) as decoders:
        assert await serves(decoders)
        (pid,) = decoders.pids
        with anyio.fail_after(60):
            found = await fault(decoders, gif("hang"))
        assert found.code is ErrorCode.DECODING_TIMEOUT
        assert found.detail == "not decoded within 2 s"
        assert is_gone(pid)
        assert await serves(decoders)


@pytest.mark.parametrize(
    ("order", "code"),
    [("eat memory", ErrorCode.IMAGE_TOO_LARGE), ("bad_alloc", ErrorCode.FILE_QUARANTINED)],
)
async def test_a_decoder_that_eats_memory_is_stopped_at_the_limit(
    order: str, code: ErrorCode
) -> None:
    async with pool() as decoders:
        assert await serves(decoders)
        (pid,) = decoders.pids
        found = await fault(decoders, gif(order))
        assert found.code is code
        assert "memory" in found.detail
        assert is_gone(pid), "what is left of its memory is not used again"
        assert await serves(decoders)


@pytest.mark.parametrize("sides", ["101 1", "1 101", "3000 3000"])
async def test_a_decoder_that_draws_more_than_was_asked_for_is_not_believed(sides: str) -> None:
    async with pool() as decoders:
        drawn = await decoders.decode_for_models(
            gif("draw 100 1"), CLIP, whole_side_px=0, max_pixels=LIMIT, small_side_px=100
        )
        assert drawn.small is not None
        with pytest.raises(ImageUnreadableError) as caught:
            await decoders.decode_for_models(
                gif(f"draw {sides}"), CLIP, whole_side_px=0, max_pixels=LIMIT, small_side_px=100
            )
        assert caught.value.code is ErrorCode.FILE_QUARANTINED
        assert await serves(decoders)


@pytest.mark.parametrize(
    ("order", "why"),
    [("segfault", "it crashed (signal 11)"), ("lie", "it spoke nonsense"), ("exit", "it ended")],
)
async def test_a_decoder_that_crashes_or_lies_condemns_its_file_only(order: str, why: str) -> None:
    async with pool() as decoders:
        found = await fault(decoders, gif(order))
        assert found.code is ErrorCode.FILE_QUARANTINED
        assert found.detail.endswith(f"and with good files it did not: {why}")
        assert await serves(decoders)


async def test_a_decoder_killed_from_outside_condemns_nothing(tmp_path: Path) -> None:
    (tmp_path / "once").touch()
    async with pool() as decoders:
        order = gif(f"die once {tmp_path}/once")
        assert (await square(decoders, order)).shape == (2, 2, 3)
        (idle,) = decoders.pids
        with watched(idle) as end:
            os.kill(idle, 9)
            assert end.poll(20_000)
        assert await serves(decoders)


async def test_neighbours_of_bad_files_get_their_results() -> None:
    orders = ["hang", "segfault", "eat memory", "lie", "bad_alloc"]
    good = encoded(scene(60, 40), "GIF")
    files = [data for order in orders for data in (gif(order), good, good)]
    shapes: dict[int, tuple[int, ...]] = {}

    async def decode(index: int) -> None:
        with anyio.fail_after(60), contextlib.suppress(ImageUnreadableError):
            shapes[index] = (await square(decoders, files[index])).shape

    async with pool(timeout_s=8) as decoders:
        async with anyio.create_task_group() as tg:
            for index in range(len(files)):
                tg.start_soon(decode, index)
        assert len(decoders.pids) <= 2
    assert shapes == {index: (2, 2, 3) for index, data in enumerate(files) if data == good}


async def test_a_cancelled_call_ends_at_once_and_leaves_nobody_out_of_step() -> None:
    async with pool(workers=1) as decoders:
        assert await serves(decoders)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tg:
                tg.start_soon(fault, decoders, gif("hang"))
                await anyio.wait_all_tasks_blocked()
                tg.cancel_scope.cancel()
        assert await serves(decoders)


async def test_noise_is_bounded_and_no_secret_or_open_file_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PHOTOSEEK_TEST_SECRET", "1")
    async with pool() as decoders:
        for order in ("make noise", "read secrets", "make noise"):
            await square(decoders, gif(order))
        assert len(decoders.pids) == 1


async def test_idle_decoders_are_ended_and_come_back() -> None:
    async with pool(idle_s=0.1) as decoders:
        assert await serves(decoders)
        for pid in decoders.pids:
            with anyio.fail_after(60):
                while not is_gone(pid):  # the end of a process sets no event here
                    await anyio.sleep(0.01)
        assert await serves(decoders)


async def test_no_process_is_left_after_the_pool_is_closed() -> None:
    ended: list[BaseException] = []

    async def hang() -> None:
        try:
            await square(decoders, gif("hang"))
        except DecodersDownError as exc:
            ended.append(exc)

    async with anyio.create_task_group() as tg:
        async with pool() as decoders:
            assert await serves(decoders)
            tg.start_soon(hang)
            tg.start_soon(hang)
            await anyio.wait_all_tasks_blocked()
            pids = decoders.pids
        assert pids
        assert all(map(is_gone, pids))
    assert len(ended) == 2, "who still waited is told"
    assert not decoders.pids


async def test_where_no_decoder_starts_it_is_no_files_fault() -> None:
    async with pool(module="tests.no_such_module") as decoders:
        with pytest.raises(DecodersDownError):
            await serves(decoders)


def test_decoders_die_with_a_service_that_is_killed(tmp_path: Path) -> None:
    """Also one that hangs and would never see that its standard input is closed."""
    program = (
        "import anyio\n"
        "from tests.unit.test_decoder_pool import gif, pool, serves, square\n"
        "async def main():\n"
        "    async with pool(workers=1) as decoders, anyio.create_task_group() as tg:\n"
        "        await serves(decoders)\n"
        "        print(*decoders.pids, flush=True)\n"
        "        await square(decoders, gif('hang'))\n"
        "anyio.run(main)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        with watched(int(parent.stdout.readline())) as end:
            assert end.poll(0) == [], "it runs"
            parent.kill()
            assert end.poll(30_000), "it did not die"
