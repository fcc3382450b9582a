"""The uplink's work as one step function: a thread drives it in the product, a virtual clock in hw-sim.

Results go out oldest first, a window of them at a time, and are repeated until the desk's own acknowledgement.
A PUBACK counts for nothing: the broker holds messages in memory only.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reader.session.failures import Failure
from reader.uplink.bridge import (
    AlertReport,
    Ask,
    HealthReport,
    Hello,
    LinkState,
    Order,
    Reply,
    StateReport,
    UplinkBridge,
    Wake,
)
from reader.uplink.ids import uuid7
from reader.uplink.link import Connected, Denied, Disconnected, MqttLink, Received
from reader.uplink.messages import (
    Ack,
    Alert,
    Command,
    Health,
    M,
    Message,
    MessageError,
    Request,
    Response,
    State,
    alert_from,
    decode,
    will,
)
from reader.uplink.outbox import Outbox, OutboxError, Row
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import Channel, Topic, TopicError, parse

log = logging.getLogger(__name__)

_REFUSED_AGAIN_S: Final = 3600.0  # a result the desk cannot read is offered again this often (after an update)
_IDLE_S: Final = 5.0
_DISK_AGAIN_S: Final = 5.0
_ALERTS: Final = 100
_ON_ITS_WAY_S: Final = 2.0  # an acknowledgement may take this long before a result counts as unheard
_COUNT_S: Final = 0.5  # counting 20,000 rows at every step would cost more than sending them
_EXPIRY_S: Final[dict[Channel, int]] = {Channel.REQUEST: 10, Channel.ALERT: 86_400, Channel.RESULT: 86_400}


@dataclass(slots=True)
class _Try:
    """One result on its way."""

    seq: int
    sent_at: float
    wait: float


class Uplink:
    """Moves results to the desk, state and alerts with them, commands and answers back.

    Holds no identity: a request's patient key passes through and is never kept.
    """

    def __init__(self, outbox: Outbox, link: MqttLink, bridge: UplinkBridge, config: UplinkSettings) -> None:
        self._outbox, self._link, self._bridge, self._config = outbox, link, bridge, config
        self._topics = {channel: str(Topic(config.site, config.kiosk, channel)) for channel in Channel}
        self._flying: dict[uuid.UUID, _Try] = {}
        self._alerts: deque[Alert] = deque(maxlen=_ALERTS)
        self._denied_alerted = False
        self._state: State | None = None
        self._health: Health | None = None
        self._told: LinkState | None = None
        self._greeted = False
        self._asked_at: float | None = None
        self._presence_id: uuid.UUID | None = None
        self._heard_at: float | None = None
        self._kiosk_at: float | None = None
        self._kiosk_gone = False
        self._disk_again = 0.0
        self._outbox_ok = True
        self._depth = 0
        self._counted_at: float | None = None

    def step(self, now: float, wall: datetime) -> float:
        """Do what there is to do. Returns in how many seconds to call again, sooner when something arrives.

        now: monotonic seconds; wall: aware time, written into what the uplink itself says.
        """
        if not self._greeted:
            self._greeted = True
            self._link.connect()
            self._bridge.send(Hello())
        self._facts(now, wall)
        self._notes(now)
        if self._link.connected:
            self._ask_presence(now, wall)
            self._send_alerts()
        self._results(now)
        self._tell_kiosk(now)
        return self._next(now)

    def close(self) -> None:
        """Leave the broker and the bridge. The outbox belongs to the caller."""
        self._link.close()
        self._bridge.close()

    @property
    def desk_present(self) -> bool:
        """Whether the desk answered lately, as last told to the kiosk."""
        return self._told is not None and self._told.desk

    # -- from the broker -----------------------------------------------------------------------------------

    def _facts(self, now: float, wall: datetime) -> None:
        acknowledged: list[uuid.UUID] = []
        for fact in self._link.poll():
            match fact:
                case Connected():
                    log.info("uplink: connected to the broker")
                    self._denied_alerted = False
                    self._asked_at = None
                    self._everything_again()
                    self._say_retained()
                case Disconnected(reason):
                    log.warning("uplink: no broker: %s", reason)
                    self._heard_at = None
                case Denied(topic, reason):
                    self._denied(topic, reason, wall)
                case Received():
                    self._received(fact, now, acknowledged)
        if acknowledged:
            self._acknowledge(acknowledged, now)

    def _denied(self, topic: str, reason: str, wall: datetime) -> None:
        log.error("uplink: the broker refused %s: %s; check the certificate's name and the broker's ACL", topic, reason)
        if not self._denied_alerted:
            self._denied_alerted = True
            self._alerts.append(
                alert_from(Failure.DESK_AWAY, site=self._config.site, kiosk=self._config.kiosk, now=wall)
            )

    def _received(self, fact: Received, now: float, acknowledged: list[uuid.UUID]) -> None:
        try:
            topic = parse(fact.topic)
            if (topic.site, topic.kiosk) != (self._config.site, self._config.kiosk):
                raise MessageError("addressed to another kiosk; check the broker's ACL")
            match topic.channel:
                case Channel.ACK:
                    self._ack(self._mine(decode(Ack, fact.payload)), now, acknowledged)
                case Channel.RESPONSE:
                    response = self._mine(decode(Response, fact.payload))
                    self._desk_heard(now)
                    if response.request_id != self._presence_id:
                        self._bridge.send(Reply(response=response))
                case Channel.COMMAND:
                    if fact.retained:
                        raise MessageError("a retained command is nobody's order now")
                    self._bridge.send(Order(command=self._mine(decode(Command, fact.payload))))
                    self._desk_heard(now)
                case _:
                    raise MessageError("not a channel a kiosk listens to")
        except (MessageError, TopicError) as error:
            log.warning("uplink: refused a message on %s: %s", fact.topic[:80], error)

    def _mine(self, message: M) -> M:
        if (message.site, message.kiosk) != (self._config.site, self._config.kiosk):
            raise MessageError("topic and content name different kiosks")
        return message

    def _ack(self, ack: Ack, now: float, acknowledged: list[uuid.UUID]) -> None:
        self._desk_heard(now)
        if ack.status == "stored":
            acknowledged.append(ack.result_id)
            return
        flying = self._flying.pop(ack.result_id, None)
        if flying is not None:
            log.error("uplink: the desk refused a result: %s; it stays in the outbox", ack.reason or "no reason given")
            self._outbox.put_off(flying.seq, now + _REFUSED_AGAIN_S)

    def _acknowledge(self, ids: list[uuid.UUID], now: float) -> None:
        try:
            self._outbox.acknowledge(*ids)
        except OutboxError as error:
            self._disk_failed(error, now)  # the rows stay and are sent again; the desk knows them
            return
        for result_id in ids:
            self._flying.pop(result_id, None)

    def _desk_heard(self, now: float) -> None:
        if self._heard_at is None:
            for flying in self._flying.values():
                if now - flying.sent_at > _ON_ITS_WAY_S:
                    flying.wait = 0.0  # it was sent to nobody
        self._heard_at = now

    def _everything_again(self) -> None:
        self._flying.clear()
        self._outbox.all_due()

    # -- from the kiosk ------------------------------------------------------------------------------------

    def _notes(self, now: float) -> None:
        notes = self._bridge.poll()
        if notes:
            if self._kiosk_gone:
                self._kiosk_gone = False
                self._say_retained()
            self._kiosk_at = now
        elif self._kiosk_at is not None and now - self._kiosk_at > self._config.kiosk_silent_s:
            self._kiosk_silent()
        for note in notes:
            match note:
                case Wake():
                    pass  # the step that took it looks into the outbox anyway
                case StateReport(state=state):
                    self._state = state
                    self._publish(Channel.STATE, state, retain=True)
                case HealthReport(health=health):
                    self._health = health
                    self._publish(Channel.HEALTH, health, retain=True)
                case AlertReport(alert=alert):
                    self._alerts.append(alert)
                case Ask(request=request):
                    self._publish(Channel.REQUEST, request)

    def _kiosk_silent(self) -> None:
        if not self._kiosk_gone:
            log.error("uplink: the kiosk process says nothing; its state is no longer true")
            self._kiosk_gone = True
            self._say_retained()

    def _say_retained(self) -> None:
        if self._kiosk_gone:
            self._publish(Channel.STATE, will(self._config.site, self._config.kiosk), retain=True)
            return
        if self._state is not None:
            self._publish(Channel.STATE, self._state, retain=True)
        if self._health is not None:
            self._publish(Channel.HEALTH, self._health, retain=True)

    def _publish(self, channel: Channel, message: Message, *, retain: bool = False) -> bool:
        if (message.site, message.kiosk) != (self._config.site, self._config.kiosk):
            log.error("uplink: the kiosk's %s names another kiosk; check both configurations", channel)
            return False
        return self._link.publish(
            self._topics[channel], message.encode(), qos=1, retain=retain, expiry_s=_EXPIRY_S.get(channel)
        )

    def _send_alerts(self) -> None:
        while self._alerts and self._publish(Channel.ALERT, self._alerts[0]):
            self._alerts.popleft()

    def _ask_presence(self, now: float, wall: datetime) -> None:
        if self._asked_at is None or now - self._asked_at >= self._config.presence_s:
            request = Request(site=self._config.site, kiosk=self._config.kiosk, request_id=uuid7(wall), asks="presence")
            self._presence_id = request.request_id
            if self._publish(Channel.REQUEST, request):
                self._asked_at = now

    # -- results -------------------------------------------------------------------------------------------

    def _results(self, now: float) -> None:
        if now < self._disk_again:
            return
        try:
            if self._counted_at is None or now - self._counted_at >= _COUNT_S or not self._flying:
                self._depth = self._outbox.depth()
                self._counted_at = now
            self._outbox_ok = True
            if self._link.connected:
                self._repeat(now)
                self._send_due(now)
            if not self._flying:
                self._outbox.tidy()
        except OutboxError as error:
            self._disk_failed(error, now)

    def _repeat(self, now: float) -> None:
        for result_id, flying in list(self._flying.items()):
            if now - flying.sent_at < flying.wait:
                continue
            row = self._outbox.row(flying.seq)
            if row is None:  # staff discarded it at the kiosk
                del self._flying[result_id]
            elif self._send(row):
                flying.sent_at = now
                flying.wait = min(max(flying.wait * 2, self._config.retry_s), self._config.retry_max_s)

    def _send_due(self, now: float) -> None:
        room = self._config.window - len(self._flying)
        if room <= 0:
            return
        for row in self._outbox.due(now, limit=room):
            if not self._send(row):
                return
            self._flying[row.result_id] = _Try(row.seq, now, self._config.retry_s)
            self._outbox.put_off(row.seq, float("inf"))

    def _send(self, row: Row) -> bool:
        return self._link.publish(
            self._topics[Channel.RESULT], row.payload, qos=1, retain=False, expiry_s=_EXPIRY_S[Channel.RESULT]
        )

    def _disk_failed(self, error: OutboxError, now: float) -> None:
        log.error("uplink: %s", error)
        self._outbox_ok = False
        self._disk_again = now + _DISK_AGAIN_S

    # -- to the kiosk --------------------------------------------------------------------------------------

    def _tell_kiosk(self, now: float) -> None:
        heard = self._heard_at is not None and now - self._heard_at < 2.5 * self._config.presence_s
        if self._heard_at is not None and not heard:
            self._heard_at = None
        told = LinkState(
            broker=self._link.connected,
            desk=heard and self._link.connected,
            depth=self._depth,
            outbox_ok=self._outbox_ok,
        )
        if told != self._told and self._bridge.send(told):
            self._told = told

    def _next(self, now: float) -> float:
        waits = [_IDLE_S]
        if self._kiosk_at is not None and not self._kiosk_gone:
            waits.append(self._kiosk_at + self._config.kiosk_silent_s + 0.01 - now)
        if self._link.connected and self._asked_at is not None:
            waits.append(self._asked_at + self._config.presence_s - now)
        waits += [flying.sent_at + flying.wait - now for flying in self._flying.values()]
        if now < self._disk_again:
            waits.append(self._disk_again - now)
        return max(0.0, min(waits))
