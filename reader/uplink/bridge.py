"""The AF_UNIX datagram pair between kiosk and uplink: JSON, one message a datagram, bounded, validated at both ends.

Datagrams may be lost; nothing that matters rests on them (results go by the outbox). The uplink greets the kiosk when
it starts, and the kiosk's bridge then repeats its last state and health by itself.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections import deque
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reader.uplink.messages import MAX_BYTES, Alert, Command, Health, Request, Response, State

log = logging.getLogger(__name__)

MAX_DATAGRAM: Final = MAX_BYTES + 1024
_AT_ONCE: Final = 64  # datagrams taken in one poll; a flood cannot starve the caller


class _Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Wake(_Note):
    """A result was put into the outbox."""

    kind: Literal["wake"] = "wake"


class StateReport(_Note):
    """The kiosk's state changed."""

    kind: Literal["state"] = "state"
    state: State


class HealthReport(_Note):
    """The kiosk's health, at its own interval."""

    kind: Literal["health"] = "health"
    health: Health


class AlertReport(_Note):
    """Staff should look."""

    kind: Literal["alert"] = "alert"
    alert: Alert


class Ask(_Note):
    """A question to the desk."""

    kind: Literal["ask"] = "ask"
    request: Request


class Hello(_Note):
    """The uplink has started and knows nothing yet."""

    kind: Literal["hello"] = "hello"


class Order(_Note):
    """A command from the desk."""

    kind: Literal["order"] = "order"
    command: Command


class Reply(_Note):
    """The desk's answer."""

    kind: Literal["reply"] = "reply"
    response: Response


class LinkState(_Note):
    """broker: connected. desk: it answered lately. depth: results waiting. outbox_ok: the uplink can read the file."""

    kind: Literal["link"] = "link"
    broker: bool
    desk: bool
    depth: int = Field(ge=0)
    outbox_ok: bool = True


ToUplink = Annotated[Wake | StateReport | HealthReport | AlertReport | Ask, Field(discriminator="kind")]
ToKiosk = Annotated[Hello | Order | Reply | LinkState, Field(discriminator="kind")]
_TO_UPLINK: Final[TypeAdapter[Wake | StateReport | HealthReport | AlertReport | Ask]] = TypeAdapter(ToUplink)
_TO_KIOSK: Final[TypeAdapter[Hello | Order | Reply | LinkState]] = TypeAdapter(ToKiosk)


class Pipe(Protocol):
    """Carries datagrams to the other process, or pretends to."""

    def send(self, datagram: bytes) -> bool:
        """Return whether the other side took it."""

    def receive(self) -> bytes | None:
        """Return the next datagram, or None when there is none now."""

    def fileno(self) -> int:
        """Return the descriptor to wait on, -1 when there is none."""

    def close(self) -> None:
        """Let go."""


class SocketPipe:
    """A bound AF_UNIX datagram socket that speaks to one peer by path. Never blocks."""

    def __init__(self, own: Path, peer: Path) -> None:
        """Bind ``own`` (a stale file of an earlier run is replaced, mode 0660)."""
        self._own, self._peer = own, peer
        with contextlib.suppress(FileNotFoundError):
            own.unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(own))
        own.chmod(0o660)

    def send(self, datagram: bytes) -> bool:
        """Return False when nobody listens or the peer's queue is full."""
        try:
            self._socket.sendto(datagram, str(self._peer))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ECONNREFUSED, errno.EAGAIN, errno.ENOBUFS, errno.ECONNRESET):
                log.warning("bridge: cannot send: %s", error.strerror)
            return False
        return True

    def receive(self) -> bytes | None:
        """Return the next datagram; one over the bound comes cut and is refused by the parser."""
        try:
            return self._socket.recv(MAX_DATAGRAM + 1)
        except (BlockingIOError, ConnectionError):
            return None

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close and remove the socket file."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            self._own.unlink()


class MemoryPipe:
    """One end of an in-process pair, for the virtual clock."""

    def __init__(self, inbox: deque[bytes], outbox: deque[bytes]) -> None:
        self._in, self._out = inbox, outbox

    def send(self, datagram: bytes) -> bool:
        """Put it into the other end's queue."""
        self._out.append(datagram)
        return True

    def receive(self) -> bytes | None:
        """Take the oldest."""
        return self._in.popleft() if self._in else None

    def fileno(self) -> int:
        """There is nothing to wait on."""
        return -1

    def close(self) -> None:
        """Nothing to let go of."""


def _receive(pipe: Pipe, parser: TypeAdapter[Any]) -> list[Any]:
    taken: list[Any] = []
    for _ in range(_AT_ONCE):
        datagram = pipe.receive()
        if datagram is None:
            break
        if len(datagram) > MAX_DATAGRAM:
            log.warning("bridge: a datagram over %d bytes was refused", MAX_DATAGRAM)
            continue
        try:
            taken.append(parser.validate_json(datagram))
        except ValidationError as error:
            log.warning("bridge: a datagram was refused: %s", error.errors(include_url=False)[0]["msg"])
    return taken


def _send(pipe: Pipe, note: BaseModel) -> bool:
    return pipe.send(note.model_dump_json().encode())


class KioskBridge:
    """The kiosk's end."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._state: StateReport | None = None
        self._health: HealthReport | None = None

    def send(self, note: Wake | StateReport | HealthReport | AlertReport | Ask) -> bool:
        """Send without waiting. Returns False when the uplink is not there; state and health are repeated later."""
        if isinstance(note, StateReport):
            self._state = note
        elif isinstance(note, HealthReport):
            self._health = note
        return _send(self._pipe, note)

    def poll(self) -> list[Hello | Order | Reply | LinkState]:
        """Return what came in since the last call, never waiting. A Hello is answered here as well."""
        notes: list[Hello | Order | Reply | LinkState] = _receive(self._pipe, _TO_KIOSK)
        if any(isinstance(note, Hello) for note in notes):
            for known in (self._state, self._health):
                if known is not None:
                    _send(self._pipe, known)
        return notes

    def fileno(self) -> int:
        """Return the descriptor to wait on, -1 in memory."""
        return self._pipe.fileno()

    def close(self) -> None:
        """Let go."""
        self._pipe.close()


class UplinkBridge:
    """The uplink's end."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def send(self, note: Hello | Order | Reply | LinkState) -> bool:
        """Send without waiting. Returns False when the kiosk is not there."""
        return _send(self._pipe, note)

    def poll(self) -> list[Wake | StateReport | HealthReport | AlertReport | Ask]:
        """Return what came in since the last call, never waiting."""
        notes: list[Wake | StateReport | HealthReport | AlertReport | Ask] = _receive(self._pipe, _TO_UPLINK)
        return notes

    def fileno(self) -> int:
        """Return the descriptor to wait on, -1 in memory."""
        return self._pipe.fileno()

    def close(self) -> None:
        """Let go."""
        self._pipe.close()


def kiosk_bridge(directory: Path) -> KioskBridge:
    """Open the kiosk's end in the shared ``directory``."""
    return KioskBridge(SocketPipe(directory / "kiosk.sock", directory / "uplink.sock"))


def uplink_bridge(directory: Path) -> UplinkBridge:
    """Open the uplink's end in the shared ``directory``."""
    return UplinkBridge(SocketPipe(directory / "uplink.sock", directory / "kiosk.sock"))


def memory_bridges() -> tuple[KioskBridge, UplinkBridge]:
    """Return both ends in one process, for the virtual clock; the wire format is the same."""
    up: deque[bytes] = deque(maxlen=1000)
    down: deque[bytes] = deque(maxlen=1000)
    return KioskBridge(MemoryPipe(down, up)), UplinkBridge(MemoryPipe(up, down))
