"""The real mosquitto in a temporary folder: with the shipped configuration (TLS, ACL), or on plain loopback.

Plain loopback is for load and kill tests, where the broker's death is the subject and not its locks.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hw_sim.broker.embedded import free_port
from reader.uplink.devcerts import CertificateFolder
from reader.uplink.settings import BrokerSettings, Tls

SHIPPED = Path(__file__).parents[3] / "deploy" / "mosquitto"


def mosquitto_binary() -> str:
    """Return the path of mosquitto. Raises FileNotFoundError saying what to install."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    return found


def has_mosquitto() -> bool:
    """Return whether mosquitto is installed."""
    try:
        mosquitto_binary()
    except FileNotFoundError:
        return False
    return True


class Mosquitto:
    """A mosquitto process. ``kill`` is SIGKILL; ``start`` brings it back on the same port."""

    def __init__(
        self, folder: Path, certificates: CertificateFolder | None = None, *, site: str = "clinic", port: int = 0
    ) -> None:
        self.folder, self.certificates, self.site = folder, certificates, site
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mosquitto.conf").write_text(self._shipped() if certificates else self._plain())

    def _plain(self) -> str:
        return (
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
            f"max_inflight_messages 0\nmax_queued_messages 0\n{_user()}"
        )

    def _shipped(self) -> str:
        """The shipped files, with this folder's paths, this port on loopback, and this site's name."""
        assert self.certificates is not None
        rules = (SHIPPED / "kaopi.acl").read_text()
        (self.folder / "kaopi.acl").write_text(rules.replace("kaopi/v1/site/", f"kaopi/v1/{self.site}/"))
        shipped = (SHIPPED / "kaopi.conf").read_text()
        return (
            shipped.replace("/etc/mosquitto/kaopi.acl", str(self.folder / "kaopi.acl"))
            .replace("/etc/mosquitto/kaopi/", f"{self.certificates.path}/")
            .replace("listener 8883", f"listener {self.port} 127.0.0.1")
            + _user()
        )

    def settings(self, name: str = "", protocol: str = "5") -> BrokerSettings:
        """Return how ``name`` (a kiosk or the desk) reaches this broker."""
        tls: Tls | None = self.certificates.tls(name) if self.certificates else None
        host = "localhost" if tls else "127.0.0.1"
        return BrokerSettings(
            host=host,
            port=self.port,
            tls=tls,
            protocol=protocol,  # type: ignore[arg-type]
            reconnect_min_s=0.05,
            reconnect_max_s=0.5,
        )

    def start(self) -> Self:
        """Start and wait until it listens. Raises RuntimeError with mosquitto's own words when it does not."""
        log = (self.folder / "mosquitto.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [mosquitto_binary(), "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise RuntimeError(f"mosquitto did not start: {(self.folder / 'mosquitto.log').read_text()[-800:]}")

    def kill(self) -> None:
        """SIGKILL, as a power cut of the clinic PC would look to the others."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        """Stop it properly."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()


def _user() -> str:
    return "user root\n" if os.geteuid() == 0 else ""
