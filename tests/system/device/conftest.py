"""A booted device with the package installed, a clinic PC outside it, and a virtual patient before it."""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hw_sim.broker.mosquitto import Mosquitto
from hw_sim.card import jp2
from hw_sim.device import setup
from hw_sim.device.nspawn import Device
from hw_sim.device.root import SUITE, base_root
from hw_sim.people.person import load_person
from hw_sim.scenario.world import staff_code_of

from reader.desk.link import DeskLink, paho_desk_link
from reader.desk.service import DeskService
from reader.desk.store import Store, StoredResult
from reader.session.vocabulary import Part
from reader.uplink.devcerts import CertificateFolder, make_certificates
from reader.uplink.messages import State

REPOSITORY = Path(__file__).resolve().parents[3]
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
STAFF_CODE = "246810"
JST = dt.timezone(dt.timedelta(hours=9))
_NEEDED = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "dpkg-deb": "dpkg",
    "mosquitto": "mosquitto",
}


@pytest.fixture(scope="session", autouse=True)
def _able() -> None:
    """Booting a root needs root."""
    unable = ""
    if os.geteuid() != 0:
        unable = "booting a device needs root: sudo make device-test"
    missing = [
        package
        for name, package in _NEEDED.items()
        if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None
    ]
    if missing:
        unable = f"booting a device needs more: apt install {' '.join(missing)}"
    if unable:
        pytest.skip(unable)


@dataclass(frozen=True, slots=True)
class Built:
    """package: the .deb of this commit for this machine. root: a Debian with nothing but what it depends on."""

    package: Path
    root: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build both at once: one waits for the network while the other one computes."""
    folder = tmp_path_factory.mktemp("deb")
    build = [sys.executable, str(REPOSITORY / "packaging/deb.py"), "--suite", SUITE, "--arch", ARCHITECTURE]
    depends = subprocess.run([*build, "--depends"], check=True, capture_output=True, text=True).stdout.splitlines()
    with ThreadPoolExecutor() as pool:
        root = pool.submit(base_root, {line.split()[0] for line in depends})
        subprocess.run(
            [*build, "--out", str(folder)],
            check=True,
            env=os.environ | {"KAOPI_DEB_COMPRESSION": "gzip"},
            stdout=subprocess.DEVNULL,
        )
        (package,) = folder.glob("*.deb")
        return Built(package, root.result())


@pytest.fixture(scope="session")
def package(built: Built) -> Path:
    """The .deb, lightly compressed."""
    return built.package


@pytest.fixture(scope="session")
def make_device(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Device]:
    """Make a device on a network of its own; names and networks of two runs at once differ."""
    mine = os.getpid() % 10_000

    def make(name: str, number: int) -> Device:
        return Device(
            built.root, tmp_path_factory.mktemp(name), f"k{mine:04}-{number}", f"10.{100 + mine % 100}.{number}"
        )

    return make


@dataclass(slots=True)
class Clinic:
    """Kiosk, broker and desk, connected."""

    device: Device
    store: Store
    broker: Mosquitto
    link: DeskLink
    photo: str
    certificates: CertificateFolder
    mark: int = 0  # how much the kiosk had said when the card went in

    def today(self) -> str:
        """Return the day in Japan."""
        return dt.datetime.now(JST).date().isoformat()

    def insert(self, persona: str = "normal") -> int:
        """Put a card with the patient's own portrait into the slot; return the results the desk had before."""
        before = self.store.count_results()
        self.mark = len(self.device.journal("kaopi-kiosk"))
        setup.insert_card(self.device, persona, self.today(), self.photo)
        return before

    def step(self, *names: str, within_s: float = 200.0) -> str:
        """Wait until the kiosk has entered one of these steps since the card went in; return which."""
        deadline = time.monotonic() + within_s
        while True:
            journal = self.device.journal("kaopi-kiosk")[self.mark :]
            entered = re.findall(r"step \w+ -> (\w+)", journal)
            for name in names:
                if name in entered:
                    return name
            assert time.monotonic() < deadline, f"never came to {names}:\n{journal[-3000:]}"
            time.sleep(0.2)

    def agree(self) -> None:
        """Give every consent: the first time one by one, later as last time."""
        self.press("agree_all" if self.step("consent", "consent_again") == "consent" else "same_as_before")

    def press(self, *names: str) -> None:
        """Touch buttons of the screen."""
        setup.press(self.device, *names)

    def result_after(self, before: int, within_s: float = 30.0) -> StoredResult:
        """Wait for the next result at the desk and return it."""
        deadline = time.monotonic() + within_s
        while self.store.count_results() <= before:
            assert time.monotonic() < deadline, self.device.journal()[-4000:]
            time.sleep(0.1)
        assert self.store.count_results() == before + 1
        return self.store.results_after(0)[-1]

    def ready(self, within_s: float = 60.0) -> None:
        """Wait until both processes run, the kiosk waits for a patient, and the desk knows that its camera sees."""
        for unit in setup.UNITS:
            self.device.until("active", "systemctl", "is-active", unit, within_s=within_s)
        self.device.until("-> idle", "journalctl", "--no-pager", "--unit=kaopi-kiosk", within_s=within_s)
        deadline = time.monotonic() + within_s
        while not any(row.state and row.state.online and self._sees(row.state) for row in self.store.kiosks()):
            assert time.monotonic() < deadline, self.device.journal()[-4000:]
            time.sleep(0.2)

    @staticmethod
    def _sees(state: State) -> bool:
        """Whether the camera gives pictures; on a busy machine the first may come too late, and it is tried again."""
        return Part.CAMERA not in state.missing

    def card_out(self) -> None:
        """Take the card and leave; the kiosk waits for the next patient."""
        setup.remove_card(self.device)
        time.sleep(1.0)
        self.device.until(
            "idle",
            "sh",
            "-c",
            "journalctl --no-pager --output=cat --unit=kaopi-kiosk | grep -F 'step ' | tail -n 1 | sed 's/.*-> //'",
            within_s=40.0,
        )


@pytest.fixture(scope="session")
def clinic(
    make_device: Callable[[str, int], Device], package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    """The whole clinic, for every test of this folder that leaves it as it was."""
    folder = tmp_path_factory.mktemp("clinic")
    person = load_person("p01")
    with make_device("kaopi-ci", 71) as device:
        names = (device.outside, "localhost", "127.0.0.1")
        certificates = make_certificates(folder / "tls", [setup.KIOSK], hosts=names, now=dt.datetime.now(dt.UTC))
        broker = Mosquitto(folder / "broker", certificates, site=setup.SITE)
        configuration = folder / "broker/mosquitto.conf"
        everywhere = configuration.read_text().replace(f"listener {broker.port} 127.0.0.1", f"listener {broker.port}")
        configuration.write_text(everywhere)
        with broker:
            store = Store(folder / "desk.sqlite3")
            service = DeskService(store, site=setup.SITE, staff_codes=lambda: (staff_code_of("op2", STAFF_CODE),))
            link = paho_desk_link(service, broker.settings("desk"), "desk")
            link.start()
            # Settings come last: with them the kiosk starts, and by then its virtual parts are there.
            setup.install_package(device, package)
            setup.install_simulator(device)
            setup.prepare(device, person, certificates, broker.port)
            device.run("systemctl", "restart", *setup.UNITS)
            photo = base64.b64encode(jp2.chip_portrait(person.ic_photo())).decode()
            found = Clinic(device, store, broker, link, photo, certificates)
            found.ready()
            yield found
            link.stop()
            store.close()
