"""Makes a booted Debian root a clinic's kiosk: the package, the simulator beside it, a site file, certificates."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import cv2

from hw_sim.camera.clip import record
from hw_sim.card.authority import TEST_AUTHORITY
from hw_sim.device.nspawn import Device
from hw_sim.people.person import Person
from hw_sim.people.scene import standing
from hw_sim.unpacked import unpack
from reader.devices.ports import Frame
from reader.uplink.devcerts import CertificateFolder

SITE, KIOSK = "clinic", "kiosk-1"
CARD_SOCKET = "/run/kaopi-sim/card.sock"
SCREEN_SOCKET = "/run/kaopi/screen.sock"
UNITS = ("kaopi-kiosk.service", "kaopi-uplink.service")
_FRAMES = "/opt/kaopi-sim/frames"
_PERSON = "/opt/kaopi-sim/person.pickle"

_PIPELINE = f"""%YAML 1.1
---
"Virtual0":
  supported_formats:
  - width: 640
    height: 480
    frame_rates: [30, 60]
  frames:
    path: "{_FRAMES}/"
  location: "CameraLocationFront"
  model: "kaopi virtual camera"
"""

# The card has a process of its own, with the network that the kiosk has not.
_CARD_UNIT = f"""[Unit]
Description=Virtual card (simulator)
After=pcscd.socket
[Service]
ExecStart=/usr/lib/kaopi/bin/python3 -m hw_sim.card.vpcd --control {CARD_SOCKET}
User=kaopi-kiosk
RuntimeDirectory=kaopi-sim
"""

# Where the simulator lies is the kiosk's business in no other way: this path file is not part of the package.
_PATH_FILE = "kaopi-simulator.pth"

_SITE_FILE = f"""
[site]
clinic_name = "かおぴ内科クリニック"
site_id = "{SITE}"
kiosk_id = "{KIOSK}"
production = false

[devices.camera]
name = "virtual_pipeline"
[devices.camera.settings]
frames_per_second = 20.0
{{person}}

[session]
slow_machine = 5.0

[devices.card_reader]
name = "pcsc"

[devices.card_front]
name = "virtual"
[devices.card_front.settings]
socket = "{CARD_SOCKET}"

[devices.lamps]
name = "disabled"

[devices.speaker]
name = "disabled"

[devices.display]
name = "remote"
[devices.display.settings]
socket = "{SCREEN_SOCKET}"

[uplink]
host = "{{host}}"
port = {{port}}

[trust]
jpki_ca_files = ["/etc/kaopi/jpki-test.pem"]
card_face_ca_files = ["/etc/kaopi/card-face-test.json"]
"""


# Under the container's own systemd, so that what the container is spared (waiting for the disk) is spared here too.
_LIKE_A_UNIT = ("systemd-run", "--quiet", "--wait", "--pipe", "--setenv=DEBIAN_FRONTEND=noninteractive")


def install_package(device: Device, package: Path) -> str:
    """Install the .deb with no network but the cable to the clinic PC. Returns what dpkg said."""
    shutil.copyfile(package, device.files / "root/kaopi.deb")
    said = device.run(*_LIKE_A_UNIT, "dpkg", "--install", "/root/kaopi.deb", timeout_s=300)
    (device.files / "root/kaopi.deb").unlink()
    return said


def purge_package(device: Device) -> str:
    """Take the package away with everything that was kept for it. Returns what dpkg said."""
    return device.run(*_LIKE_A_UNIT, "dpkg", "--purge", "kaopi", timeout_s=120)


def install_simulator(device: Device) -> None:
    """Lay hw_sim beside the package (never in it), with its entry points, and start the virtual card's process."""
    target = device.files / "opt/kaopi-sim"
    target.mkdir(parents=True, exist_ok=True)
    unpack(target)
    (site_packages,) = (device.files / "usr/lib/kaopi/lib").glob("python3.*/site-packages")
    (site_packages / _PATH_FILE).write_text("/opt/kaopi-sim\n")
    _write(device, "/etc/systemd/system/kaopi-sim-card.service", _CARD_UNIT)
    device.run("systemctl", "daemon-reload")
    start_card(device)


def remove_simulator(device: Device) -> None:
    """Take everything of the simulator away again."""
    device.run("systemctl", "stop", "kaopi-sim-card.service")
    for path in (device.files / "usr/lib/kaopi/lib").glob(f"python3.*/site-packages/{_PATH_FILE}"):
        path.unlink()
    (device.files / "etc/systemd/system/kaopi-sim-card.service").unlink()
    shutil.rmtree(device.files / "opt/kaopi-sim")
    device.run("systemctl", "daemon-reload")


def place_pictures(device: Device, frames: list[Frame]) -> None:
    """Have the virtual camera play these pictures, one after another and for ever."""
    folder = device.files / _FRAMES.lstrip("/")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        picture = cv2.cvtColor(cv2.resize(frame.pixels, (640, 480), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    _write(device, "/usr/share/libcamera/pipeline/virtual/virtual.yaml", _PIPELINE)


def place_person(device: Device, person: Person) -> None:
    """Have this person stand before the camera, able to hear and to turn."""
    (device.files / _PERSON.lstrip("/")).write_bytes(pickle.dumps(person))


def prepare(device: Device, person: Person, certificates: CertificateFolder, port: int) -> None:
    """Lay out what a technician brings along: site file, anchors, certificates; and who will stand there."""
    place_patient(device, person)
    configure(device, certificates, port)


def place_patient(device: Device, person: Person) -> None:
    """Have the virtual camera, and this person before it."""
    (device.files / "opt/kaopi-sim").mkdir(parents=True, exist_ok=True)
    place_pictures(device, record(standing(person), 0.2))
    place_person(device, person)


def site_file(host: str, port: int, *, person: bool) -> str:
    """Return the site file of a kiosk whose parts are virtual. person: whether somebody can stand before the camera."""
    return _SITE_FILE.format(host=host, port=port, person=f'person = "{_PERSON}"' if person else "")


def configure(device: Device, certificates: CertificateFolder, port: int) -> None:
    """Give the kiosk its site file, the test authority's anchors and its certificates, as a technician would."""
    person = (device.files / _PERSON.lstrip("/")).exists()
    _write(device, "/etc/kaopi/site.toml", site_file(device.outside, port, person=person))
    jpki, card_face = TEST_AUTHORITY.trust_files()
    _write(device, "/etc/kaopi/jpki-test.pem", jpki)
    _write(device, "/etc/kaopi/card-face-test.json", card_face)
    files = certificates.tls(KIOSK)
    keys = device.files / "etc/kaopi/tls"
    keys.mkdir(mode=0o700, exist_ok=True)
    for source, name in ((files.ca, "ca.pem"), (files.certificate, "kiosk.pem"), (files.key, "kiosk.key")):
        shutil.copyfile(source, keys / name)


def start_card(device: Device) -> None:
    """Start the virtual card's process (again), and wait until it listens."""
    device.run("systemctl", "start", "kaopi-sim-card.service")
    device.until(CARD_SOCKET, "ls", CARD_SOCKET)


def insert_card(device: Device, persona: str, today: str, photo_base64: str | None = None) -> None:
    """Put a card into the slot."""
    ask_card(device, {"do": "insert", "persona": persona, "today": today, "photo": photo_base64})


def remove_card(device: Device) -> None:
    """Take the card out."""
    ask_card(device, {"do": "remove"})


_ASK = """
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.settimeout(20)
link.connect(sys.argv[1])
link.sendall(sys.stdin.buffer.read() + b"\\n")
sys.stdout.write(link.makefile().readline())
"""


def ask_card(device: Device, request: dict[str, object]) -> dict[str, object]:
    """Send a command to the virtual card's process. Raises AssertionError when it refuses."""
    said = device.run("/usr/bin/python3", "-c", _ASK, CARD_SOCKET, stdin=json.dumps(request))
    answer: dict[str, object] = json.loads(said)
    assert answer["ok"], answer
    return answer


_TELL = """
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as screen:
    for command in sys.argv[2:]:
        screen.sendto(command.encode(), sys.argv[1])
"""


def press(device: Device, *names: str) -> None:
    """Touch buttons (``agree_all``) or digits (``7``) of the screen, one after another."""
    device.run("/usr/bin/python3", "-c", _TELL, SCREEN_SOCKET, *(f"press {name}" for name in names))


def picture(device: Device, path: str) -> None:
    """Have the kiosk save what its screen shows, inside the device."""
    device.run("/usr/bin/python3", "-c", _TELL, SCREEN_SOCKET, f"picture {path}")


def _write(device: Device, path: str, text: str) -> None:
    file = device.files / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
