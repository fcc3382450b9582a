"""The uplink process: real link, real clock, real sockets around ``Uplink.step``."""

from __future__ import annotations

import contextlib
import logging
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable

from reader.sdnotify import notify, watchdog_interval_s
from reader.uplink.bridge import uplink_bridge
from reader.uplink.link import MqttLink
from reader.uplink.link_paho import PahoLink, Will
from reader.uplink.messages import VERSION, will
from reader.uplink.outbox import Outbox
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import TO_KIOSK, Channel, Topic
from reader.uplink.wall import utc_now
from reader.uplink.worker import Uplink

log = logging.getLogger(__name__)


class Waker:
    """Wakes a selector from another thread."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def wake(self) -> None:
        """Make the selector return; safe from any thread and from signal handlers."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._write.send(b"!")

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._read.fileno()

    def drain(self) -> None:
        """Forget the wake-ups so far."""
        with contextlib.suppress(BlockingIOError):
            self._read.recv(4096)

    def close(self) -> None:
        """Let go."""
        self._read.close()
        self._write.close()


def paho_uplink_link(config: UplinkSettings, waker: Waker) -> PahoLink:
    """Return the kiosk's link: its three subscriptions, its will, its name as client id."""
    gone = will(config.site, config.kiosk)
    return PahoLink(
        config.broker,
        client_id=config.kiosk,
        subscriptions=[str(Topic(config.site, config.kiosk, channel)) for channel in TO_KIOSK],
        will=Will(str(Topic(config.site, config.kiosk, Channel.STATE)), gone.encode()),
        user_properties=(("kaopi-version", str(VERSION)), ("kiosk", config.kiosk)),
        on_fact=waker.wake,
        inflight=2 * config.window,
    )


def run_uplink(
    config: UplinkSettings,
    *,
    stop: threading.Event | None = None,
    make_link: Callable[[UplinkSettings, Waker], MqttLink] = paho_uplink_link,
) -> None:
    """Run until SIGTERM or SIGINT, or until ``stop`` is set when run in a thread (looked at once a second).

    Raises OutboxError when the outbox cannot be opened, OSError when the bridge's directory is missing: the process
    ends and systemd starts it again. make_link: how the broker is reached; tests put faults in between.
    """
    stopping = stop or threading.Event()
    waker = Waker()
    if threading.current_thread() is threading.main_thread():

        def end(_number: int, _frame: object) -> None:
            stopping.set()
            waker.wake()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
    outbox = Outbox(config.outbox)
    bridge = uplink_bridge(config.bridge)
    link = make_link(config, waker)
    uplink = Uplink(outbox, link, bridge, config)
    beat = watchdog_interval_s()
    longest = min(1.0, beat) if beat is not None else 1.0
    with selectors.DefaultSelector() as selector:
        selector.register(waker, selectors.EVENT_READ)
        selector.register(bridge, selectors.EVENT_READ)
        notify("READY=1")
        try:
            while not stopping.is_set():
                wait = uplink.step(time.monotonic(), utc_now())
                notify("WATCHDOG=1")
                selector.select(min(max(wait, 0.005), longest))
                waker.drain()
        finally:
            notify("STOPPING=1")
            link.publish(
                str(Topic(config.site, config.kiosk, Channel.STATE)),
                will(config.site, config.kiosk).encode(),
                qos=1,
                retain=True,
            )
            uplink.close()
            outbox.close()
            waker.close()
