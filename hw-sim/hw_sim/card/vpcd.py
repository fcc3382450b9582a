"""The virtual card on the socket of pcscd's virtual reader (vsmartcard-vpcd), so that real PC/SC talks to it.

Frames: u16 big-endian length and payload, both ways; one byte is control (0 off, 1 on, 2 reset, 4 ATR), anything longer
an APDU; only ATR and APDUs are answered (vsmartcard, virtualsmartcard/doc/api.txt).

As its own process: ``python -m hw_sim.card.vpcd --control PATH``. It takes JSON lines on an AF_UNIX stream socket (or
on stdin) and answers each with one: {"do": "insert", "persona": "normal", "today": "2026-11-22", "pull_at": 7,
"photo": "<base64 JP2>"}, {"do": "remove"}, {"do": "number_b"}, {"do": "status"}, {"do": "quit"}.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import datetime
import json
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from hw_sim.card.link import INSTANT, LinkModel, TimedLink
from hw_sim.card.personas import Persona, persona
from hw_sim.card.virtual_card import CardMute, PullMoment, VirtualCard

PORT: Final = 35963
# pcscd looks at the slot every 400 ms: a card that comes back sooner is not seen as removed, or not seen at all.
SETTLE_S: Final = 0.5
_POWER_OFF, _POWER_ON, _RESET, _ATR = 0, 1, 2, 4
_NO_ANSWER: Final = b"\x00"  # vpcd waits for ever on silence; one byte is no response APDU, so pcscd reports an error


class VpcdSlot:
    """One virtual reader's slot. ``insert`` and ``remove`` from any thread; a thread of its own serves the card."""

    def __init__(
        self, port: int = PORT, host: str = "127.0.0.1", link: LinkModel = INSTANT, settle_s: float = SETTLE_S
    ) -> None:
        self._address = (host, port)
        self._link = link
        self._settle_s = settle_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._card: VirtualCard | None = None
        self._free_at = 0.0
        self.apdus = 0

    def insert(
        self, card: VirtualCard | Persona, pull_at: int | None = None, when: PullMoment = PullMoment.BEFORE
    ) -> None:
        """Put a card in, once pcscd has seen the last one go. pull_at: index of the command it is pulled in, and when.

        Raises ValueError when a card is in, OSError when no virtual reader listens.
        """
        extra = card.extra_delay_s if isinstance(card, Persona) else 0.0
        inner = card.card if isinstance(card, Persona) else card
        with self._lock:
            if self._card is not None and self._thread is not None and self._thread.is_alive():
                raise ValueError("there is a card in the slot")
            self._end()
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            link = socket.create_connection(self._address, timeout=5)
            link.settimeout(None)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            inner.reset()
            self._socket, self._card, self.apdus = link, inner, 0
            timed = TimedLink(self._link, time.sleep, extra)
            self._thread = threading.Thread(
                target=self._serve, args=(link, inner, timed, pull_at, when), name="vpcd-card", daemon=True
            )
            self._thread.start()

    def remove(self) -> None:
        """Take the card out."""
        with self._lock:
            self._end()

    def card(self) -> VirtualCard | None:
        """The card in the slot."""
        thread = self._thread
        return self._card if thread is not None and thread.is_alive() else None

    def number_b(self) -> bytes | None:
        """照合番号B printed on the card in the slot."""
        card = self.card()
        return None if card is None else card.number_b

    def _end(self) -> None:
        link, thread, card = self._socket, self._thread, self._card
        self._socket = self._thread = self._card = None
        if link is not None:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        if thread is not None:
            thread.join(timeout=5)
        if card is not None:
            card.power_off()
            self._free_at = max(self._free_at, time.monotonic() + self._settle_s)

    def _serve(
        self, link: socket.socket, card: VirtualCard, timed: TimedLink, pull_at: int | None, when: PullMoment
    ) -> None:
        try:
            while (message := _receive(link)) is not None:
                if len(message) != 1:
                    index, self.apdus = self.apdus, self.apdus + 1
                    if index == pull_at and when is PullMoment.BEFORE:
                        break
                    try:
                        answer = card.transmit(message)
                    except CardMute:
                        answer = _NO_ANSWER
                    else:
                        timed.wait(message, answer)
                    if index == pull_at and when is PullMoment.DURING:
                        break
                    _send(link, answer)
                    if index == pull_at:
                        break
                elif message[0] == _ATR:
                    _send(link, card.atr)
                elif message[0] == _POWER_OFF:
                    card.power_off()
                elif message[0] in (_POWER_ON, _RESET):
                    card.reset()
        except OSError:
            pass
        finally:
            card.power_off()
            self._free_at = time.monotonic() + self._settle_s
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)


def _receive(link: socket.socket) -> bytes | None:
    head = _exactly(link, 2)
    return None if head is None else _exactly(link, struct.unpack(">H", head)[0])


def _exactly(link: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        # pcscd writes length and payload apart: without this the kernel's delayed ACK costs 44 ms per command.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = link.recv(count - len(data))
        if not part:
            return None
        data += part
    return data


def _send(link: socket.socket, data: bytes) -> None:
    link.sendall(struct.pack(">H", len(data)) + data)


# -- as a process of its own -------------------------------------------------------------------------------------------


class VpcdControl:
    """Talks to a running ``python -m hw_sim.card.vpcd`` over its control socket; one connection per call."""

    def __init__(self, path: str) -> None:
        self._path = path

    def insert(self, name: str, today: datetime.date, photo: bytes | None = None, pull_at: int | None = None) -> None:
        """Insert a persona; photo: JP2 bytes. Raises RuntimeError with the process's own words."""
        request: dict[str, Any] = {"do": "insert", "persona": name, "today": today.isoformat(), "pull_at": pull_at}
        if photo is not None:
            request["photo"] = base64.b64encode(photo).decode("ascii")
        self._ask(request)

    def remove(self) -> None:
        """Take the card out."""
        self._ask({"do": "remove"})

    def number_b(self) -> bytes | None:
        """照合番号B of the card in the slot."""
        answer = self._ask({"do": "number_b"})["number_b"]
        return None if answer is None else str(answer).encode("ascii")

    def status(self) -> dict[str, Any]:
        """What lies in the slot and how many APDUs it has seen."""
        return self._ask({"do": "status"})

    def quit(self) -> None:
        """End the process."""
        self._ask({"do": "quit"})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(20)
            link.connect(self._path)
            link.sendall(json.dumps(request).encode() + b"\n")
            with link.makefile("rb") as lines:
                line = lines.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"ok": False, "error": "the card process ended"}
        if not answer.get("ok"):
            raise RuntimeError(f"virtual card: {answer.get('error')}")
        return answer


class _Commands:
    """Carries out control lines. Cards keep their try counters while the process lives."""

    def __init__(self, slot: VpcdSlot) -> None:
        self._slot = slot
        self._cards: dict[tuple[str, str, bytes], Persona] = {}

    def run(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            return {"ok": True, **self._do(request)}
        except (ValueError, KeyError, TypeError, OSError, binascii.Error) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "insert":
                self._slot.insert(self._persona(request), request.get("pull_at"))
            case "remove":
                self._slot.remove()
            case "number_b":
                number = self._slot.number_b()
                return {"number_b": None if number is None else number.decode("ascii")}
            case "status":
                card = self._slot.card()
                return {"card": None if card is None else card.name, "apdus": self._slot.apdus}
            case "quit":
                self._slot.remove()
                return {"quit": True}
            case other:
                raise ValueError(f"unknown command {other!r}")
        return {}

    def _persona(self, request: dict[str, Any]) -> Persona:
        photo = base64.b64decode(request["photo"]) if request.get("photo") else None
        key = (str(request["persona"]), str(request["today"]), photo or b"")
        if key not in self._cards:
            self._cards[key] = persona(key[0], datetime.date.fromisoformat(key[1]), photo)
        return self._cards[key]


def main(arguments: list[str] | None = None) -> int:
    """Serve one slot until told to quit, or until stdin ends when no control socket is given."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.card.vpcd", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--control", type=Path, help="AF_UNIX socket to listen on; without it lines come on stdin")
    parser.add_argument("--timing", choices=["real", "none"], default="none")
    options = parser.parse_args(arguments)
    slot = VpcdSlot(options.port, link=LinkModel() if options.timing == "real" else INSTANT)
    commands = _Commands(slot)
    try:
        if options.control is None:
            for line in sys.stdin.buffer:
                answer = commands.run(line)
                sys.stdout.write(json.dumps(answer) + "\n")
                sys.stdout.flush()
                if answer.get("quit"):
                    break
        else:
            _listen(options.control, commands)
    finally:
        slot.remove()
    return 0


def _listen(path: Path, commands: _Commands) -> None:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        before = os.umask(0o077)
        try:
            server.bind(str(path))
        finally:
            os.umask(before)
        server.listen(4)
        while True:
            link, _ = server.accept()
            with link, link.makefile("rwb") as lines:
                for line in lines:
                    answer = commands.run(line)
                    lines.write(json.dumps(answer).encode() + b"\n")
                    lines.flush()
                    if answer.get("quit"):
                        path.unlink(missing_ok=True)
                        return


if __name__ == "__main__":
    sys.exit(main())
