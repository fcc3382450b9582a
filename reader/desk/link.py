"""The desk's connection to the broker and the thread that hands messages to ``DeskService``."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime

from reader.desk.service import DeskService, Replies
from reader.desk.watched import Watched
from reader.uplink.link import Connected, Denied, Disconnected, MqttLink, Received
from reader.uplink.link_paho import PahoLink
from reader.uplink.settings import BrokerSettings
from reader.uplink.topics import FROM_KIOSK, Channel, all_kiosks
from reader.uplink.wall import utc_now

log = logging.getLogger(__name__)

_IDLE_S = 1.0
_BATCH = 100  # messages in one commit: fewer fsyncs when many kiosks speak at once


def desk_subscriptions(site: str) -> tuple[str, ...]:
    """Return what the desk listens to: everything its kiosks write."""
    return tuple(all_kiosks(site, channel) for channel in FROM_KIOSK)


class DeskLink:
    """Feeds a service from a link: ``pump`` once, or ``start`` a thread that does. Orders go out by ``send``."""

    def __init__(self, service: DeskService, link: MqttLink, *, wall: Callable[[], datetime] = utc_now) -> None:
        self._service, self._link, self._wall = service, link, wall
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: Watched | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._link.connected

    def wake(self) -> None:
        """Have the thread look at the link now; called from the network thread."""
        self._woken.set()

    def send(self, topic: str, payload: bytes) -> bool:
        """Publish an order, QoS 1, not retained. False when the broker is not there."""
        return self._link.publish(topic, payload, qos=1, retain=False, expiry_s=60)

    def pump(self) -> None:
        """Handle everything that has arrived. A message the disk refuses is not acknowledged: it comes again."""
        received: list[Received] = []
        for fact in self._link.poll():
            match fact:
                case Received():
                    received.append(fact)
                case Connected():
                    log.info("desk: connected to the broker")
                case Disconnected(reason):
                    log.warning("desk: no broker: %s", reason)
                case Denied(topic, reason):
                    log.error("desk: the broker refused %s: %s; check the broker's ACL", topic, reason)

        for start in range(0, len(received), _BATCH):
            self._publish(self._handle(received[start : start + _BATCH]))

    def _handle(self, batch: list[Received]) -> Replies:
        """Handle a batch in one commit; when the disk refuses, each message for itself, so that one holds up none."""
        try:
            with self._service.store.transaction():
                return [reply for fact in batch for reply in self._one(fact)]
        except sqlite3.Error as error:
            if len(batch) > 1:
                return [reply for fact in batch for reply in self._handle([fact])]
            log.error("desk: could not store a message (%s); not acknowledged, check the disk", error)
            return []

    def _one(self, fact: Received) -> Replies:
        return self._service.handle(fact.topic, fact.payload, self._wall())

    def _publish(self, replies: Replies) -> None:
        for topic, payload in replies:
            expiry = 10 if topic.endswith(f"/{Channel.RESPONSE}") else 3600
            if not self._link.publish(topic, payload, qos=1, retain=False, expiry_s=expiry):
                log.warning("desk: an answer could not be sent; the kiosk will ask or send again")

    def start(self, on_death: Callable[[], None] = lambda: None) -> None:
        """Connect and handle messages in a thread until ``stop``. on_death: see Watched; then ``check`` raises."""
        self._link.connect()
        self._thread = Watched("desk-link", self._run, on_death)
        self._thread.start()

    def check(self) -> None:
        """Raise ThreadDied when the thread has died: nobody handles messages any more."""
        if self._thread is not None:
            self._thread.check()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(_IDLE_S)
            self._woken.clear()
            self.pump()

    def stop(self) -> None:
        """Finish what has arrived, disconnect."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(5)
        self._link.close()


def paho_desk_link(
    service: DeskService, broker: BrokerSettings, client_id: str, *, wall: Callable[[], datetime] = utc_now
) -> DeskLink:
    """Return a DeskLink over paho for this broker; ``start`` it. wall: the aware time at which messages arrive."""
    waker: list[Callable[[], None]] = []
    link = PahoLink(
        broker,
        client_id=client_id,
        subscriptions=desk_subscriptions(service.site),
        on_fact=lambda: waker[0]() if waker else None,
    )
    desk = DeskLink(service, link, wall=wall)
    waker.append(desk.wake)
    return desk
