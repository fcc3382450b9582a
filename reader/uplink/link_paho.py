"""The real link: paho-mqtt, MQTT 5 with fallback to 3.1.1, mutual TLS 1.3, last will on ``state``.

The session at the broker is always clean (session expiry 0): results are repeated from the outbox and a command must
never wait at the broker for a kiosk that comes back later.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from reader.uplink.link import Connected, Denied, Disconnected, Fact, Received
from reader.uplink.settings import BrokerSettings, Tls

log = logging.getLogger(__name__)

_UNSUPPORTED_VERSION: Final = 0x84
_OLD_UNSUPPORTED_VERSION: Final = 1  # CONNACK return code of MQTT 3.1.1
_SILENT_REFUSALS: Final = 2  # connections cut before CONNACK under MQTT 5 after which 3.1.1 is tried
_NO_CONNACK_S: Final = 5.0  # a broker of 3.1.1 may choke on an MQTT 5 CONNECT and say nothing at all


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says when we vanish. Retained, QoS 1."""

    topic: str
    payload: bytes


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return a TLS 1.3 client context that checks the broker against the clinic's CA and shows our certificate.

    Raises OSError or ssl.SSLError naming what is wrong with the files.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(tls.ca)
    context.load_cert_chain(tls.certificate, tls.key)
    return context


class _Client(mqtt.Client):
    """paho's client, which tells when its network thread has ended by itself."""

    died: BaseException | None = None

    def loop_forever(self, *args: Any, **more: Any) -> MQTTErrorCode:
        """What the network thread runs."""
        try:
            return super().loop_forever(*args, **more)
        except BaseException as error:  # ``poll`` says so and begins anew
            self.died = error
            return MQTTErrorCode.MQTT_ERR_UNKNOWN


class PahoLink:
    """MqttLink over paho's own network thread; facts are queued and handed out by ``poll``.

    on_fact: called from the network thread whenever a fact was queued, to wake whoever drives the step function.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        client_id: str,
        subscriptions: Sequence[str],
        will: Will | None = None,
        user_properties: Sequence[tuple[str, str]] = (),
        on_fact: Callable[[], None] = lambda: None,
        inflight: int = 64,
    ) -> None:
        self._settings, self._client_id, self._will = settings, client_id, will
        self._subscriptions = tuple(subscriptions)
        self._user_properties = tuple(user_properties)
        self._on_fact, self._inflight = on_fact, inflight
        self._facts: queue.SimpleQueue[Fact] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._sent: dict[int, str] = {}
        self._early: dict[int, ReasonCode] = {}
        self._connected = False
        self._refusals = 0
        self._downgrade = False
        self._opened_at: float | None = None
        self._old = settings.protocol == "3.1.1"
        self._client: _Client | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker took us and our subscriptions."""
        return self._connected

    @property
    def protocol(self) -> str:
        """The MQTT version spoken now: "5" or "3.1.1"."""
        return "3.1.1" if self._old else "5"

    def connect(self) -> None:
        """Begin connecting; paho's thread keeps trying."""
        self._client = self._new_client()
        try:
            self._dial(self._client)
        except (OSError, ValueError) as error:
            self._put(Disconnected(f"{self._settings.host}:{self._settings.port}: {error}"))
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry_s: int | None = None) -> bool:
        """Hand one message to paho when connected; never lets paho queue for an absent broker."""
        client = self._client
        if client is None or not self._connected:
            return False
        properties = None
        if not self._old:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if expiry_s is not None:
                properties.MessageExpiryInterval = expiry_s
            properties.ContentType = "application/json"
            if self._user_properties:
                properties.UserProperty = list(self._user_properties)
        info = client.publish(topic, payload, qos, retain, properties)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        # Never hold the lock around paho's publish: paho calls back with its own mutex held.
        with self._lock:
            early = self._early.pop(info.mid, None)
            if early is None:
                self._sent[info.mid] = topic
        if early is not None and early.is_failure:
            self._put(Denied(topic, str(early)))
        return True

    def poll(self) -> list[Fact]:
        """Return the facts so far; a needed change to 3.1.1 is made here, outside paho's thread.

        So is a new beginning when that thread has died: what it carried nobody would ever carry again.
        """
        facts: list[Fact] = []
        while True:
            try:
                facts.append(self._facts.get_nowait())
            except queue.Empty:
                break
        if self._client is not None and self._client.died is not None:
            log.error("mqtt: the network thread died; beginning anew", exc_info=self._client.died)
            facts.append(Disconnected("the network thread died"))
            self._stop()
            self.connect()
        elif self._downgrade or self._unanswered():
            self._downgrade = False
            self._old = True
            log.info("mqtt: the broker does not speak MQTT 5; going on with 3.1.1")
            self._stop()
            self.connect()
        return facts

    def close(self) -> None:
        """Publish nothing more, disconnect cleanly (no will) and stop the thread."""
        self._stop()

    # -- inside --------------------------------------------------------------------------------------------

    def _unanswered(self) -> bool:
        if self._old or self._settings.protocol != "auto" or self._opened_at is None:
            return False
        return time.monotonic() - self._opened_at > _NO_CONNACK_S

    def _opened(self, client: mqtt.Client, _data: Any, opened: Any) -> None:
        # Small messages at once: else each waits up to 40 ms for the acknowledgement of the one before it (RFC 896).
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if client is self._client:
            self._opened_at = time.monotonic()

    def _new_client(self) -> _Client:
        version = MQTTProtocolVersion.MQTTv311 if self._old else MQTTProtocolVersion.MQTTv5
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=version,
            clean_session=True if self._old else None,
        )
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        if self._settings.tls is not None:
            client.tls_set_context(tls_context(self._settings.tls))
        client.max_inflight_messages_set(self._inflight)
        client.max_queued_messages_set(4 * self._inflight)
        client.reconnect_delay_set(
            self._settings.reconnect_min_s,  # type: ignore[arg-type]  # paho adds and doubles it; fractions are fine
            self._settings.reconnect_max_s,  # type: ignore[arg-type]
        )
        client.on_socket_open = self._opened
        client.on_connect = self._took
        client.on_connect_fail = self._failed
        client.on_disconnect = self._gone
        client.on_message = self._message
        client.on_publish = self._published
        client.on_subscribe = self._subscribed
        return client

    def _dial(self, client: mqtt.Client) -> None:
        # No CONNECT properties: absent, the session expiry is 0 (MQTT 5, 3.1.2.11.2), and a broker that knows 3.1.1
        # only answers a bare CONNECT more readily than one with properties.
        host, port, keepalive = self._settings.host, self._settings.port, self._settings.keepalive_s
        if self._old:
            client.connect_async(host, port, keepalive)
        else:
            client.connect_async(host, port, keepalive, clean_start=True)

    def _stop(self) -> None:
        client, self._client = self._client, None
        self._connected = False
        self._opened_at = None
        if client is not None:
            client.disconnect()
            client.loop_stop()
        with self._lock:
            self._sent.clear()
            self._early.clear()

    def _put(self, fact: Fact) -> None:
        self._facts.put(fact)
        self._on_fact()

    def _took(self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any) -> None:
        if client is not self._client:
            return
        self._opened_at = None
        if reason.is_failure:
            self._refused(reason)
            return
        self._refusals = 0
        with self._lock:
            self._sent.clear()
            self._early.clear()
        if not self._subscriptions:
            self._ready()
            return
        if self._old:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        else:
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])

    def _refused(self, reason: ReasonCode) -> None:
        version = reason.value in (_UNSUPPORTED_VERSION, _OLD_UNSUPPORTED_VERSION)
        if version and not self._old and self._settings.protocol == "auto":
            self._downgrade = True
        self._put(Disconnected(f"refused: {reason}"))

    def _subscribed(self, client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _props: Any) -> None:
        if client is not self._client:
            return
        for topic, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._put(Denied(topic, str(reason)))
        self._ready()

    def _ready(self) -> None:
        self._connected = True
        self._put(Connected())

    def _failed(self, client: mqtt.Client, _data: Any) -> None:
        if client is self._client:
            self._put(Disconnected(f"no broker at {self._settings.host}:{self._settings.port}"))

    def _gone(self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any) -> None:
        if client is not self._client:
            return
        if not self._connected and not self._old and self._settings.protocol == "auto":
            self._refusals += 1
            self._downgrade = self._downgrade or self._refusals >= _SILENT_REFUSALS
        self._connected = False
        self._opened_at = None
        self._put(Disconnected(str(reason)))

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if client is self._client:
            self._put(Received(message.topic, bytes(message.payload), message.retain))

    def _published(self, client: mqtt.Client, _data: Any, mid: int, reason: ReasonCode, _props: Any) -> None:
        if client is not self._client:
            return
        with self._lock:
            topic = self._sent.pop(mid, None)
            if topic is None:
                self._early[mid] = reason  # the PUBACK was quicker than ``publish``
        if topic is not None and reason.is_failure:
            self._put(Denied(topic, str(reason)))
