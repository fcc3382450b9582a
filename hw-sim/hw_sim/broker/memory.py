"""A broker in memory for virtual time: topic filters, retained messages, wills, and faults on demand. No threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reader.uplink.link import Connected, Denied, Disconnected, Fact, Received


def matches(pattern: str, topic: str) -> bool:
    """Return whether an MQTT topic filter covers a topic (MQTT 5, 4.7)."""
    wanted, given = pattern.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(given) or (level != "+" and level != given[index]):
            return False
    return len(wanted) == len(given)


@dataclass(frozen=True, slots=True)
class Published:
    """One message as the broker saw it."""

    client: str
    topic: str
    payload: bytes
    retain: bool


KEEP_ALIVE_S = 22.5  # one and a half keep-alive intervals (MQTT 5, 3.1.2.10): then a silent connection is given up


class MemoryBroker:
    """Carries messages between ``MemoryLink``s. ``up = False`` is a stopped broker; ``lose`` drops what it says yes to.

    now: monotonic seconds, for deliveries that take time.
    lose: asked for each delivery (topic, receiver); True loses it, as a broker killed before delivery would.
    deny: asked for each publish (client, topic); True refuses it, as an ACL would.
    delay_s: how long each delivery takes. copies: how often each is delivered. mute: connections look well and carry
    nothing until keep-alive gives them up. unreachable: clients whose cable is cut.
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.now = now
        self.delay_s = 0.0
        self.copies = 1
        self.mute_since: float | None = None
        self.unreachable: set[str] = set()
        self.up = True
        self.log: list[Published] = []
        self.lose: Callable[[str, str], bool] = lambda _topic, _client: False
        self.deny: Callable[[str, str], bool] = lambda _client, _topic: False
        self.links: list[MemoryLink] = []
        self._retained: dict[str, bytes] = {}

    def link(self, client: str, subscriptions: Sequence[str], will: tuple[str, bytes] | None = None) -> MemoryLink:
        """Return a link of one client."""
        link = MemoryLink(self, client, tuple(subscriptions), will)
        self.links.append(link)
        return link

    def well(self) -> None:
        """End every kind of trouble but being stopped and cut cables."""
        self.delay_s, self.copies, self.mute_since = 0.0, 1, None
        self.lose = lambda _topic, _client: False
        for link in self.links:
            link.retry()

    def mute(self) -> None:
        """Carry nothing from now on, without saying so."""
        self.mute_since = self.now()

    def unplug(self, client: str) -> None:
        """Cut one client's cable: the broker says its will, and it cannot come back before ``plug``."""
        self.unreachable.add(client)
        self.cut(client)

    def plug(self, client: str) -> None:
        """Mend the cable."""
        self.unreachable.discard(client)
        for link in self.links:
            link.retry()

    def reaches(self, client: str) -> bool:
        """Whether a connection of ``client`` can be made."""
        return self.up and self.mute_since is None and client not in self.unreachable

    def stop(self) -> None:
        """Stop the broker: everybody is cut off, nothing held survives but retained messages."""
        self.up = False
        for link in self.links:
            link.cut("broker stopped")

    def start(self) -> None:
        """Start the broker again; links that wanted to be connected are."""
        self.up = True
        for link in self.links:
            link.retry()

    def cut(self, client: str) -> None:
        """Cut one client's connection; its will is published."""
        for link in self.links:
            if link.client == client and link.connected:
                link.cut("connection lost")
                if link.will is not None:
                    self.publish(client, *link.will, retain=True)

    def publish(self, client: str, topic: str, payload: bytes, *, retain: bool) -> None:
        """Deliver to every connected link whose filter matches."""
        if self.mute_since is not None:
            return
        self.log.append(Published(client, topic, payload, retain))
        if retain:
            self._retained[topic] = payload
        for link in self.links:
            wanted = link.connected and any(matches(pattern, topic) for pattern in link.subscriptions)
            if wanted and not self.lose(topic, link.client):
                link.deliver([Received(topic, payload)] * self.copies, self.now() + self.delay_s)

    def retained_for(self, patterns: Sequence[str]) -> list[Received]:
        """Return the retained messages a new subscriber gets."""
        return [
            Received(topic, payload, retained=True)
            for topic, payload in self._retained.items()
            if payload and any(matches(pattern, topic) for pattern in patterns)
        ]


class MemoryLink:
    """``MqttLink`` on a MemoryBroker."""

    def __init__(
        self, broker: MemoryBroker, client: str, subscriptions: tuple[str, ...], will: tuple[str, bytes] | None
    ) -> None:
        self.client, self.subscriptions, self.will = client, subscriptions, will
        self.facts: deque[tuple[float, Fact]] = deque()  # each with the time from which it can be taken
        self._broker = broker
        self._wanted = False
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether the broker took us."""
        return self._connected

    def connect(self) -> None:
        """Connect now, or as soon as the broker starts."""
        self._wanted = True
        self.retry()

    def retry(self) -> None:
        """Connect if that is wanted and possible."""
        if not self._wanted or self._connected:
            return
        if not self._broker.reaches(self.client):
            self.deliver([Disconnected("no broker")])
            return
        self._connected = True
        self.deliver([Connected(), *self._broker.retained_for(self.subscriptions)])

    def deliver(self, facts: Sequence[Fact], at: float = 0.0) -> None:
        """Queue what ``poll`` will return from ``at`` on; nothing overtakes what was queued before."""
        latest = max([at, *(due for due, _ in self.facts)])
        self.facts.extend((latest, fact) for fact in facts)

    def cut(self, reason: str) -> None:
        """Lose the connection and what was not yet taken in."""
        if self._connected:
            self._connected = False
            self.facts.clear()
            self.deliver([Disconnected(reason)])

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        """Publish when connected."""
        if not self._connected:
            return False
        if self._broker.deny(self.client, topic):
            self.deliver([Denied(topic, "Not authorized")])
        else:
            self._broker.publish(self.client, topic, payload, retain=retain)
        return True

    def poll(self) -> list[Fact]:
        """Return what happened."""
        broker = self._broker
        if broker.mute_since is not None and broker.now() - broker.mute_since > KEEP_ALIVE_S:
            self.cut("keep alive timed out")
        facts: list[Fact] = []
        while self.facts and self.facts[0][0] <= broker.now():
            facts.append(self.facts.popleft()[1])
        return facts

    def close(self) -> None:
        """Leave cleanly, without the will."""
        self._wanted = False
        self._connected = False
