"""The port to an MQTT broker, as the uplink and the desk use it: facts come out of ``poll``, nothing blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker took us, subscriptions are in place."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended or could not be made; the link keeps trying by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message arrived."""

    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """The broker refused a publish or a subscription (visible under MQTT 5 only)."""

    topic: str
    reason: str


Fact = Connected | Disconnected | Received | Denied


class MqttLink(Protocol):
    """One connection to one broker."""

    @property
    def connected(self) -> bool:
        """Whether the broker took us and has not gone since."""

    def connect(self) -> None:
        """Begin connecting and keep at it; returns at once."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        """Hand one message over. False when not connected or the queue is full: nothing was kept.

        expiry_s: MQTT 5 message expiry interval; ignored under 3.1.1.
        """

    def poll(self) -> list[Fact]:
        """Return what happened since the last call, in order."""

    def close(self) -> None:
        """Disconnect cleanly and stop."""
