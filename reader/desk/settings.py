"""What the desk must be told, as plain frozen records; ``reader.config`` is turned into them by the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reader.uplink.settings import BrokerSettings


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """One clinic's desk. The page is served on loopback unless the clinic decides otherwise with TLS in front.

    hosts: names the page answers to. folder: watched folder for レセコン files; None switches it off.
    remember_days: life of 前回の同意; 0 keeps none.
    """

    site: str
    database: Path
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    client_id: str = "desk"
    host: str = "127.0.0.1"
    web_port: int = 8737
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    clinic: str = "受付"
    folder: Path | None = None
    remember_days: int = 365
    keep_results_days: int = 400
