"""The way from a kiosk to its broker, in real TCP: it can be cut, fall silent or become slow while both ends stand."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

_CHUNK = 65536
_LOOK_S = 0.05


class Cable:
    """``with Cable(port) as cable``: whoever connects to ``cable.port`` of this host speaks with ``port``."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._is_cut = self._is_mute = self._closed = False
        self._delay_s = 0.0

    def cut(self) -> None:
        """Close every connection and take no other."""
        self._is_cut = True
        self._drop()

    def mute(self) -> None:
        """Keep connections and carry nothing any more, in either direction."""
        self._is_mute = True

    def slow(self, delay_s: float) -> None:
        """Carry everything this much later."""
        self._delay_s = delay_s

    def mend(self) -> None:
        """Carry well again. What was muted begins anew: its ends have long lost count of each other."""
        self._delay_s = 0.0
        was_mute, self._is_mute, self._is_cut = self._is_mute, False, False
        if was_mute:
            self._drop()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="cable", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed = True
        self._socket.close()
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            try:
                far = None if self._is_cut else socket.create_connection(("127.0.0.1", self._to), 5.0)
            except OSError:
                far = None
            if far is None:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), name="cable", daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(_CHUNK):
                due = time.monotonic() + self._delay_s
                while (self._is_mute or time.monotonic() < due) and not self._closed:
                    time.sleep(_LOOK_S)
                other.sendall(data)
        for end in (one, other):  # an end that hangs up takes the other with it
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
