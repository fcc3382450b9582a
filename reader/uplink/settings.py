"""What the uplink must be told, as plain frozen records; ``reader.config`` is turned into them by the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Protocol = Literal["5", "3.1.1", "auto"]


@dataclass(frozen=True, slots=True)
class Tls:
    """Mutual TLS 1.3: the clinic's CA, and this end's own certificate and key, as PEM files."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is. protocol "auto" tries MQTT 5 first and falls back to 3.1.1. Times in seconds."""

    host: str = "127.0.0.1"
    port: int = 1883
    tls: Tls | None = None
    protocol: Protocol = "auto"
    keepalive_s: int = 15
    reconnect_min_s: float = 0.5
    reconnect_max_s: float = 20.0


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """One kiosk's uplink. site and kiosk name the topics; the certificate's CN must be the kiosk's name."""

    site: str
    kiosk: str
    outbox: Path
    bridge: Path
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    window: int = 32  # results on their way at once
    retry_s: float = 10.0  # first repeat of an unacknowledged result; doubles up to retry_max_s
    retry_max_s: float = 120.0
    presence_s: float = 20.0  # how often the desk is asked whether it is there
    kiosk_silent_s: float = 90.0  # a kiosk process that says nothing for so long is told to the desk as gone
