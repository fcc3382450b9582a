"""The portrait's decoder child: what it refuses, what it survives, what it cannot do, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hw_sim.card import jp2, personas

from reader.card.errors import PhotoRejected
from reader.card.photo import InProcessDecoder
from reader.card.photo_child import ChildProcessDecoder
from reader.card.photo_codec import PhotoLimits

GOOD = jp2.encode(jp2.placeholder())


@pytest.fixture
def child() -> Iterator[ChildProcessDecoder]:
    made = ChildProcessDecoder()
    yield made
    made.close()


def test_a_good_portrait_comes_back_pixel_for_pixel_and_can_be_wiped(child: ChildProcessDecoder) -> None:
    picture = child.submit(bytearray(GOOD)).result()
    assert np.array_equal(picture, InProcessDecoder().submit(bytearray(GOOD)).result())
    assert picture.shape == (240, 192)
    picture.fill(0)


def test_colour_and_sixteen_bits_come_back_as_eight(child: ChildProcessDecoder) -> None:
    assert child.submit(bytearray(personas.colour_photo())).result().shape == (240, 192, 3)
    deep = child.submit(bytearray(personas.deep_photo())).result()
    assert deep.dtype == np.uint8
    assert np.array_equal(deep, jp2.placeholder()[::2, ::2])


def test_the_bytes_handed_over_are_overwritten(child: ChildProcessDecoder) -> None:
    handed = bytearray(GOOD)
    child.submit(handed).result()
    assert handed == bytes(len(GOOD))


@pytest.mark.parametrize("kind", personas.BOMBS)
def test_bombs_are_refused_and_the_next_portrait_is_decoded(child: ChildProcessDecoder, kind: str) -> None:
    with pytest.raises(PhotoRejected):
        child.submit(bytearray(personas.bomb(kind))).result()
    assert child.submit(bytearray(GOOD)).result().shape == (240, 192)


def test_a_file_that_is_too_long_never_reaches_a_child(child: ChildProcessDecoder) -> None:
    handed = bytearray(PhotoLimits().file_bytes + 1)
    handed[:4] = b"abcd"
    with pytest.raises(PhotoRejected, match="more than"):
        child.submit(handed)
    assert not any(handed)


def test_a_decode_that_takes_too_long_is_ended() -> None:
    slow = ChildProcessDecoder(PhotoLimits(seconds=0.0))
    try:
        started = time.monotonic()
        with pytest.raises(PhotoRejected, match="longer"):
            slow.submit(bytearray(GOOD)).result()
        assert time.monotonic() - started < 2
    finally:
        slow.close()


def test_a_decode_that_needs_too_much_memory_is_refused_not_fatal() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1400, 1400), dtype=np.uint8)
    flat = jp2.encode(np.full_like(noise, 90), 4_000)
    small = ChildProcessDecoder(PhotoLimits(memory=24 * 1024 * 1024))
    try:
        with pytest.raises(PhotoRejected):
            small.submit(bytearray(flat)).result()
    finally:
        small.close()
    big = ChildProcessDecoder()
    try:
        assert big.submit(bytearray(flat)).result().shape == (1400, 1400)
    finally:
        big.close()


def test_a_warm_child_that_died_is_replaced(child: ChildProcessDecoder) -> None:
    warm = child._warm
    assert warm is not None
    warm.kill()
    warm.wait()
    assert child.submit(bytearray(GOOD)).result().shape == (240, 192)


def test_an_abandoned_decode_leaves_no_process(child: ChildProcessDecoder) -> None:
    pending = child.submit(bytearray(GOOD))
    pending.abandon()
    assert len(child._running) == 1  # the warm one


def test_two_threads_may_decode_at_once(child: ChildProcessDecoder) -> None:
    shapes: list[tuple[int, ...]] = []

    def work() -> None:
        shapes.append(child.submit(bytearray(GOOD)).result().shape)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(240, 192)] * 3


def test_nothing_is_left_open() -> None:
    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = handles()
    decoder = ChildProcessDecoder()
    for data in (GOOD, personas.bomb("random"), GOOD):
        try:
            decoder.submit(bytearray(data)).result()
        except PhotoRejected:
            continue
    decoder.close()
    decoder.close()
    assert handles() == before
    assert not decoder._running


def test_closed_means_closed(child: ChildProcessDecoder) -> None:
    child.close()
    with pytest.raises(PhotoRejected, match="closed"):
        child.submit(bytearray(GOOD))


def test_the_child_can_neither_write_nor_open_nor_dump() -> None:
    # What a hostile decode could try, run after the child has confined itself.
    attempt = textwrap.dedent(
        """
        import resource, socket, sys
        from reader.card.photo_child import _confine
        _confine(512 * 1024 * 1024, 4)
        refused = 0
        for forbidden in (
            lambda: open("/etc/hostname"),
            lambda: open("/dev/shm/kaopi-test", "wb"),
            lambda: socket.socket(socket.AF_INET),
            lambda: socket.socket(socket.AF_UNIX),
        ):
            try:
                forbidden()
            except OSError:
                refused += 1
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        except (ValueError, OSError):
            refused += 1
        core = resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
        sys.stdout.write(f"{refused} {core}")
        """
    )
    run = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=False)
    # Root may raise its own limits: only an unprivileged child is held by them for good.
    assert run.stdout in (("4 True", "5 True") if os.geteuid() == 0 else ("5 True",)), run.stderr


def test_the_child_loads_no_numpy_and_inherits_no_environment(child: ChildProcessDecoder) -> None:
    warm = child._warm
    assert warm is not None
    deadline = time.monotonic() + 5
    maps = Path(f"/proc/{warm.pid}/maps")
    while "_imaging" not in maps.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "_imaging" in maps.read_text()
    assert "numpy" not in maps.read_text()
    assert Path(f"/proc/{warm.pid}/environ").read_bytes() in (b"", b"\0")
