"""Decode portraits in a short-lived child process with hard limits: one child per photo, the next one kept warm.

The child inherits two pipes and nothing else, can write no file, open no socket worth the name and start no process;
what it learns from a hostile file dies with it. Protocol: u32 length + JP2 in; ``OK`` + u32 height, width,
channels + pixels, or ``NO`` + reason, out.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import struct
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Final

from reader.card.errors import PhotoRejected
from reader.card.photo_codec import PhotoLimits, Picture, decode

if TYPE_CHECKING:  # the child must not pay for numpy
    import numpy as np
    from numpy.typing import NDArray

    from reader.card.photo import PendingPhoto

_GOOD: Final = b"OK"
_BAD: Final = b"NO"
_HEAD: Final = struct.Struct(">2sIII")


class ChildProcessDecoder:
    """PhotoDecoder whose children are started before they are needed. Threads may share it."""

    def __init__(self, limits: PhotoLimits | None = None) -> None:
        self._limits = limits or PhotoLimits()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._warm: subprocess.Popen[bytes] | None = self._start()

    def submit(self, jp2: bytearray) -> PendingPhoto:
        """See PhotoDecoder.submit. Raises PhotoRejected at once for a file that is too long."""
        if len(jp2) > self._limits.file_bytes:
            size = len(jp2)
            jp2[:] = bytes(size)
            raise PhotoRejected(f"a photo of {size} bytes, more than {self._limits.file_bytes}")
        child = self._take()
        stdin = child.stdin
        assert stdin is not None
        try:
            stdin.write(struct.pack(">I", len(jp2)))
            stdin.write(jp2)
            stdin.close()
        except OSError:
            self._end(child)
            raise PhotoRejected("the decoder ended before it began") from None
        finally:
            jp2[:] = bytes(len(jp2))
        return _Child(self, child, self._limits)

    def close(self) -> None:
        """End the warm child and every decode under way."""
        with self._lock:
            self._closed = True
            children = [*self._running]
        for child in children:
            self._end(child)

    def _start(self) -> subprocess.Popen[bytes]:
        limits = self._limits
        arguments = [str(limits.memory), str(math.ceil(limits.seconds)), str(limits.side), str(limits.pixels)]
        arguments += [str(limits.file_bytes), str(limits.components)]
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "reader.card.photo_child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            close_fds=True,
            bufsize=-1,
        )
        self._running.add(child)
        return child

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise PhotoRejected("the decoder is closed")
            child = self._warm
            if child is None or child.poll() is not None:
                if child is not None:
                    self._forget(child)
                child = self._start()
            self._warm = None
            return child

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        """Kill and reap ``child``, and warm the next one."""
        child.kill()
        with self._lock:
            self._forget(child)
            if not self._closed and self._warm is None:
                self._warm = self._start()

    def _forget(self, child: subprocess.Popen[bytes]) -> None:
        self._running.discard(child)
        if child is self._warm:
            self._warm = None
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()


class _Child:
    """One decode in one child."""

    def __init__(self, owner: ChildProcessDecoder, child: subprocess.Popen[bytes], limits: PhotoLimits) -> None:
        self._owner = owner
        self._child = child
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds

    def result(self) -> NDArray[np.uint8]:
        """See PendingPhoto.result."""
        try:
            return self._receive()
        finally:
            self._owner._end(self._child)

    def abandon(self) -> None:
        """See PendingPhoto.abandon."""
        self._owner._end(self._child)

    def _receive(self) -> NDArray[np.uint8]:
        verdict, height, width, channels = _HEAD.unpack(self._read(_HEAD.size))
        if verdict != _GOOD:
            raise PhotoRejected("the photo was refused by the decoder")
        fits = 0 < height <= self._limits.side and 0 < width <= self._limits.side and channels in (1, 3)
        if not fits or height * width > self._limits.pixels:
            raise PhotoRejected("the decoder answered out of bounds")
        from reader.card.photo import to_array

        return to_array(Picture(height, width, channels, self._read(height * width * channels)))

    def _read(self, count: int) -> bytearray:
        stdout = self._child.stdout
        assert stdout is not None
        data = bytearray(count)
        view, at = memoryview(data), 0
        while at < count:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                raise PhotoRejected(f"the photo took longer than {self._limits.seconds:g} s to decode")
            part = os.readv(stdout.fileno(), [view[at:]])
            if not part:
                raise PhotoRejected("the decoder died on the photo")
            at += part
        return data


def _confine(memory: int, seconds: int) -> None:
    import resource

    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(limit, (value, value))


def child(arguments: list[str], source: IO[bytes], target: IO[bytes]) -> int:
    """The child: limits first, then one photo. arguments: memory, seconds, side, pixels, file bytes, components."""
    memory, seconds, side, pixels, file_bytes, components = (int(value) for value in arguments)
    limits = PhotoLimits(file_bytes, side, pixels, components, float(seconds), memory)
    _confine(memory, seconds)
    try:
        (length,) = struct.unpack(">I", source.read(4))
        picture = decode(source.read(min(length, file_bytes)), limits)
    except (PhotoRejected, struct.error):
        target.write(_HEAD.pack(_BAD, 0, 0, 0))
    else:
        target.write(_HEAD.pack(_GOOD, picture.height, picture.width, picture.channels))
        target.write(picture.pixels)
    target.flush()
    return 0


if __name__ == "__main__":
    sys.exit(child(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer))
