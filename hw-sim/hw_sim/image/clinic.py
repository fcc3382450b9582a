"""What stands around the machine: broker and desk on this computer, the set-up file, and a disk with the simulator."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import tomllib
from pathlib import Path

from hw_sim.card.authority import TEST_AUTHORITY
from hw_sim.image.credentials import started
from hw_sim.image.machine import disk_of
from hw_sim.unpacked import unpack
from reader.provision import toml
from reader.provision.schema import FILE_NAME
from reader.uplink.devcerts import CertificateFolder, make_certificates

SITE, KIOSK = "clinic", "kiosk-1"
HOST = "10.0.2.2"  # this computer, as QEMU's user network shows it to the guest
SLOT_SOCKET, SCREEN_SOCKET = "/run/kaopi/slot.sock", "/run/kaopi/screen.sock"
CONFIG_PARTITION = "@@2M"  # image/debian.py

#: Starts the simulator beside the read-only system, at every start, before the kiosk.
CREDENTIALS = started(
    {
        "a": """[Unit]
Description=Simulator beside the image
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service
Before=kaopi-provision.service kaopi-kiosk.service kaopi-uplink.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'mkdir -p /run/sim && mount -o ro /dev/vdb /run/sim && exec sh /run/sim/start.sh'
StandardOutput=journal+console
StandardError=journal+console
"""
    }
)

_START = """set -e
cd /usr/lib/kaopi/lib/python3.*/site-packages
mount -t overlay overlay -o ro,lowerdir=/run/sim/site:"$PWD" "$PWD"
for unit in kaopi-kiosk kaopi-uplink; do
    mkdir -p /run/systemd/system/$unit.service.d
    # The named factor, for systemd's own patience too.
    printf '[Service]\\nTimeoutStartSec={start:.0f}\\nWatchdogSec={watchdog:.0f}\\n' \\
        > /run/systemd/system/$unit.service.d/slow.conf
done
systemctl daemon-reload
echo "kaopi: the simulator is in place"
"""


def simulator_disk(folder: Path, slow: float) -> Path:
    """Return an ext4 image with hw_sim as its wheel, and the script that lays it beside the package."""
    content = folder / "simulator"
    shutil.rmtree(content, ignore_errors=True)
    (content / "site").mkdir(parents=True)
    unpack(content / "hw")
    (content / "site/kaopi-simulator.pth").write_text("/run/sim/hw\n", "ascii")
    (content / "start.sh").write_text(_START.format(start=90 * slow, watchdog=15 * slow), "utf-8")
    return disk_of(content, folder / "simulator.ext4")


def certificates(folder: Path) -> CertificateFolder:
    """Return the clinic's certificates, for a broker that the guest knows as HOST."""
    hosts = (HOST, "localhost", "127.0.0.1")
    return make_certificates(folder, [KIOSK], hosts=hosts, now=dt.datetime.now(dt.UTC))


def ssh_key(folder: Path) -> Path:
    """Return a technician's key pair, made when missing."""
    key = folder / "technician"
    if not key.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "technician", "-f", str(key)]
        subprocess.run(command, check=True)
    return key


def setup_file(folder: Path, own: CertificateFolder, port: int, key: Path, slow: float) -> Path:
    """Write the set-up file of a kiosk that serves simulated patients and says so: production = false."""
    files = own.tls(KIOSK)
    jpki, card_face = TEST_AUTHORITY.trust_files()
    tables = {
        "site": {"clinic_name": "かおぴ内科クリニック", "site_id": SITE, "kiosk_id": KIOSK, "production": False},
        "session": {"slow_machine": slow},
        "uplink": {"host": HOST, "port": port},
        "devices": {
            "camera": {"name": "virtual", "settings": {"person": "nobody", "fps": 2.0}},
            "card_reader": {"name": "remote", "settings": {"socket": SLOT_SOCKET}},
            "card_front": {"name": "virtual"},
            "lamps": {"name": "disabled"},
            "speaker": {"name": "disabled"},
            "display": {"name": "remote", "settings": {"socket": SCREEN_SOCKET}},
        },
        "trust": {
            "jpki_ca_files": ["/etc/kaopi/files/jpki.pem"],
            "card_face_ca_files": ["/etc/kaopi/files/card-face.json"],
        },
        "network": {},
        "ssh": {"authorized_keys": [key.with_suffix(".pub").read_text("utf-8").strip()]},
        "files": {"jpki.pem": jpki, "card-face.json": card_face},
        "certificates": {
            "ca": files.ca.read_text("ascii"),
            "certificate": files.certificate.read_text("ascii"),
            "key": files.key.read_text("ascii"),
        },
    }
    target = folder / FILE_NAME
    target.write_text(toml.dumps(tables), "utf-8")
    assert tomllib.loads(target.read_text("utf-8")) == tables
    return target


def put_on_boot_partition(disk: Path, file: Path) -> None:
    """Copy a file onto the first partition of a raw disk image, as a technician's computer does."""
    subprocess.run(["mcopy", "-o", "-i", f"{disk}{CONFIG_PARTITION}", str(file), f"::{file.name}"], check=True)


def on_boot_partition(disk: Path) -> list[str]:
    """Return the names of the files on the first partition of a raw disk image."""
    command = ["mdir", "-b", "-i", f"{disk}{CONFIG_PARTITION}", "::"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(line.removeprefix("::/") for line in listed.split() if line.startswith("::/"))
