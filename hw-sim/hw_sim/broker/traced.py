"""An MqttLink that notes what passes, for the timeline's MQTT lane: lengths and names of channels, never contents."""

from __future__ import annotations

from collections.abc import Callable

from reader.kiosk.trace import Span
from reader.uplink.link import Fact, MqttLink, Received
from reader.uplink.topics import Channel, TopicError, parse

LANE = "MQTT"
_ANSWERS = {Channel.ACK: Channel.RESULT, Channel.RESPONSE: Channel.REQUEST}


class TracedLink:
    """A kiosk's link. A result is a span until the desk's acknowledgement, a question until its answer."""

    def __init__(self, inner: MqttLink, now: Callable[[], float], add: Callable[[Span], None]) -> None:
        self.inner, self._now, self._add = inner, now, add
        self._asked: dict[Channel, float] = {}

    @property
    def connected(self) -> bool:
        """See MqttLink."""
        return self.inner.connected

    @property
    def waiting(self) -> bool:
        """Whether something was sent that is not answered yet."""
        return bool(self._asked)

    def connect(self) -> None:
        """See MqttLink."""
        self.inner.connect()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        """See MqttLink."""
        taken = self.inner.publish(topic, payload, qos=qos, retain=retain, expiry_s=expiry_s)
        channel = parse(topic).channel
        if taken and channel in _ANSWERS.values():
            self._asked.setdefault(channel, self._now())
        elif taken:
            self._add(Span(LANE, channel, self._now(), self._now()))
        return taken

    def poll(self) -> list[Fact]:
        """See MqttLink."""
        facts = self.inner.poll()
        for fact in facts:
            if isinstance(fact, Received):
                self._heard(fact.topic)
        return facts

    def _heard(self, topic: str) -> None:
        try:
            channel = parse(topic).channel
        except TopicError:
            return
        since = self._asked.pop(_ANSWERS[channel], None) if channel in _ANSWERS else None
        now = self._now()
        self._add(Span(LANE, _ANSWERS.get(channel, channel), now if since is None else since, now))

    def close(self) -> None:
        """See MqttLink."""
        self.inner.close()
