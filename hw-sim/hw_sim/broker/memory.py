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


class MemoryBroker:
    """Carries messages between ``MemoryLink``s. ``up = False`` is a stopped broker; ``lose`` drops what it says yes to.

    lose: asked for each delivery (topic, receiver); True loses it, as a broker killed before delivery would.
    deny: asked for each publish (client, topic); True refuses it, as an ACL would.
    """

    def __init__(self) -> None:
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
        self.log.append(Published(client, topic, payload, retain))
        if retain:
            self._retained[topic] = payload
        for link in self.links:
            wanted = link.connected and any(matches(pattern, topic) for pattern in link.subscriptions)
            if wanted and not self.lose(topic, link.client):
                link.facts.append(Received(topic, payload))

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
        self.facts: deque[Fact] = deque()
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
        if not self._broker.up:
            self.facts.append(Disconnected("no broker"))
            return
        self._connected = True
        self.facts.append(Connected())
        self.facts.extend(self._broker.retained_for(self.subscriptions))

    def cut(self, reason: str) -> None:
        """Lose the connection and what was not yet taken in."""
        if self._connected:
            self._connected = False
            self.facts.clear()
            self.facts.append(Disconnected(reason))

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        """Publish when connected."""
        if not self._connected:
            return False
        if self._broker.deny(self.client, topic):
            self.facts.append(Denied(topic, "Not authorized"))
        else:
            self._broker.publish(self.client, topic, payload, retain=retain)
        return True

    def poll(self) -> list[Fact]:
        """Return what happened."""
        facts = list(self.facts)
        self.facts.clear()
        return facts

    def close(self) -> None:
        """Leave cleanly, without the will."""
        self._wanted = False
        self._connected = False
