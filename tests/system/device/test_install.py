"""docs/install.md, followed line by line: from the package to a green doctor, by what is written there alone.

Stand-ins: this machine for the clinic PC (its broker in another folder), a booted Debian for the Pi's system, virtual
parts for real ones. What the page marks with **Pi** is left to a Pi.
"""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hw_sim.card.authority import TEST_AUTHORITY
from hw_sim.device import setup
from hw_sim.device.nspawn import Device
from hw_sim.people.person import load_person

pytestmark = pytest.mark.timeout(600)
REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = (REPOSITORY / "docs/install.md").read_text("utf-8")
PASSWORD = "korokke-to-udon-3\n"


def lines(section: str) -> list[str]:
    """Return the commands of one section, in order."""
    body = PAGE.split(f"\n## {section}", 1)[1].split("\n## ", 1)[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", body, re.DOTALL) for line in block.splitlines()]


def filled_in(template: str, host: str) -> str:
    """Return the template as a technician would have edited it, and with the parts that are virtual here."""
    jpki, card_face = TEST_AUTHORITY.trust_files()
    text = template.replace('site_id = "site"', 'site_id = "minato"\nproduction = false')
    text = re.sub(r'^host = ".*"$', f'host = "{host}"', text, flags=re.MULTILINE)
    virtual = setup.site_file(host, 8883, person=True).partition("[devices.camera]")[2].partition("[uplink]")[0]
    return (
        f"{text}\n[devices.camera]{virtual}"
        f'[files]\n"jpki.pem" = """\n{jpki}"""\n"card-face.json" = \'\'\'\n{card_face}\'\'\'\n'
        '[trust]\njpki_ca_files = ["/etc/kaopi/files/jpki.pem"]\n'
        'card_face_ca_files = ["/etc/kaopi/files/card-face.json"]\n'
    )


class ClinicPc:
    """This machine in the clinic PC's place: the page's lines, run in a folder of their own and as nobody special."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self._address = folder, address
        self._mosquitto = folder / "etc/mosquitto"
        (self._mosquitto / "conf.d").mkdir(parents=True)
        (folder / "deploy").symlink_to(REPOSITORY / "deploy")
        self._running: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._web_port = str(free.getsockname()[1])

    def follow(self, line: str) -> None:
        """Do what a line of the page says."""
        if line == "make setup-demo" or "apt-get install" in line:
            return  # this test runs in what the first makes, and CI has installed mosquitto
        line = line.removeprefix("sudo ").replace("192.168.1.10", self._address)
        line = line.replace("/etc/mosquitto", str(self._mosquitto))
        line = line.replace(".venv/bin/kaopi", f"{sys.executable} -m reader.cli")
        if line == "systemctl restart mosquitto":
            self._start_broker()
        elif " desk " in line:
            self._start([*shlex.split(line), "--port", self._web_port], "the reception page is at")
        else:
            subprocess.run(
                ["/bin/sh", "-c", line],
                cwd=self.folder,
                check=True,
                input=PASSWORD * 2,
                text=True,
                start_new_session=True,  # without a terminal, the password comes from standard input
                capture_output=True,
            )
        if line.endswith("> clinic.toml"):
            file = self.folder / "clinic.toml"
            file.write_text(filled_in(file.read_text("utf-8"), self._address), encoding="utf-8")

    def _start_broker(self) -> None:
        """Where Debian would read conf.d, read the page's file with the page's folder in it."""
        file = self._mosquitto / "conf.d/kaopi.conf"
        text = file.read_text("utf-8").replace("/etc/mosquitto", str(self._mosquitto))
        file.write_text(f"user root\n{text}", encoding="utf-8")  # a test's folder is closed to everybody else
        mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
        assert mosquitto is not None
        self._start([mosquitto, "-c", str(file)], "running")

    def _start(self, command: list[str], ready: str, within_s: float = 30.0) -> None:
        log = self.folder / f"{len(self._running)}.log"
        with log.open("wb") as file:
            self._running.append(subprocess.Popen(command, cwd=self.folder, stdout=file, stderr=file))
        deadline = time.monotonic() + within_s
        while ready not in log.read_text("utf-8"):
            assert time.monotonic() < deadline, f"{command[0]}: {log.read_text('utf-8')}"
            time.sleep(0.1)

    def kiosks(self) -> list[str]:
        """Return the kiosks the desk has heard of."""
        with sqlite3.connect(f"file:{self.folder / 'kaopi-desk.sqlite3'}?mode=ro", uri=True) as database:
            return [name for (name,) in database.execute("SELECT kiosk FROM kiosks")]

    def close(self) -> None:
        """End broker and desk."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(20)


@contextmanager
def clinic_pc(folder: Path, address: str) -> Iterator[ClinicPc]:
    """Have a clinic PC, for a while."""
    made = ClinicPc(folder, address)
    try:
        yield made
    finally:
        made.close()


def test_the_written_steps_lead_to_a_green_doctor(
    make_device: Callable[[str, int], Device], package: Path, tmp_path: Path
) -> None:
    assert lines("1.") == ["make deb SUITE=trixie ARCH=arm64"], "shown by `make deb` itself: tests/packaging"
    with make_device("kaopi-steps", 73) as device, clinic_pc(tmp_path, device.outside) as pc:
        for line in lines("2."):
            pc.follow(line)
        # The Pi's system has a boot partition; the technician brings two files along; parts are plugged in.
        device.run("mkdir", "-p", "/boot/firmware")
        shutil.copyfile(package, device.files / "root" / package.name)
        shutil.copyfile(tmp_path / "setup/kiosk-1/kaopi-setup.toml", device.files / "root/kaopi-setup.toml")
        setup.place_patient(device, load_person("p01"))
        said = ""
        for line in lines("3."):
            if line == "sudo apt-get update":
                continue  # no network here, and nothing is needed of one
            device.run("systemd-run", "--quiet", "--wait", "--pipe", "--working-directory=/root", *shell(line))
            if "apt-get install" in line:
                setup.install_simulator(device)
        assert not list((device.files / "boot/firmware").iterdir()), "the set-up file is erased"
        for line in lines("4."):
            said += device.run(
                "systemd-run", "--quiet", "--wait", "--pipe", "--working-directory=/root", *shell(line), check=False
            )
        assert "✔ カメラ" in said, said
        assert "✘" not in said, said
        assert (device.files / "root/report.pdf").read_bytes().startswith(b"%PDF-")
        for unit in setup.UNITS:
            device.until("active", "systemctl", "is-active", unit)
        deadline = time.monotonic() + 30
        while pc.kiosks() != ["kiosk-1"]:
            assert time.monotonic() < deadline, device.journal("kaopi-uplink")
            time.sleep(0.2)


def shell(line: str) -> tuple[str, str, str]:
    """Return a line as root's shell takes it."""
    return "/bin/sh", "-c", line.replace("sudo ", "")
