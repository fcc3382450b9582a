"""The device in CI: the package installed in a booted Debian root, both units under their full hardening.

Real systemd, pcscd, pyscard, picamera2, libcamera, mosquitto with mutual TLS; virtual are the card, the sensor's
picture, the finger. What only a Raspberry Pi can prove is listed in docs/on-a-pi.md.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hw_sim.device import setup
from hw_sim.device.nspawn import Device

from reader.desk.enrolment import Enrolment, Listener
from reader.uplink.devcerts import CertificateFolder
from reader.uplink.enrolment import TokenBook, fingerprint
from reader.uplink.messages import ResultMessage

pytestmark = pytest.mark.timeout(600)
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]

USERS = ("kaopi-kiosk", "kaopi-uplink")
STAFF_CODE = "246810"  # conftest.py: what the desk sends
STAFF_HASH = '"operator": "op2"'
Clinic = Any  # tests/system/device/conftest.py


def message(result: Any) -> ResultMessage:
    """Return the message the desk stored."""
    stored = result.message
    assert isinstance(stored, ResultMessage)
    return stored


def decoders(device: Device) -> dict[str, str]:
    """Return the kiosk's children that decode photos, each with the lines of its status."""
    kiosk = process(device, "kaopi-kiosk")
    children = device.run("sh", "-c", f"cat /proc/{kiosk}/task/*/children", check=False).split()  # threads come and go
    found = {}
    for pid in children:
        if "reader.card.photo_child" in device.run("cat", f"/proc/{pid}/cmdline", check=False):
            found[pid] = device.run("cat", f"/proc/{pid}/status", check=False)
    return found


def test_a_patient_is_served_by_face(clinic: Clinic) -> None:
    """The face is compared with the JPEG 2000 from the chip, which a child decodes under the unit's own lines."""
    warm = decoders(clinic.device)
    (status,) = warm.values()
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE), "the child keeps the kiosk's filter of system calls"
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    before = clinic.insert()
    clinic.agree()
    result = message(clinic.result_after(before))
    assert (result.outcome, result.verification.method) == ("accepted", "face")
    assert result.verification.official_auth is False
    assert decoders(clinic.device).keys().isdisjoint(warm), "the child that saw the photo has ended, and one waits anew"
    clinic.card_out()


def serve_by_pin(clinic: Clinic) -> int:
    """Have a patient type the PIN and agree; return the results the desk had before."""
    before: int = clinic.insert()
    clinic.step("face")
    clinic.press("use_pin")
    clinic.step("pin_entry")
    clinic.press("1", "2", "3", "4")
    clinic.press("next")
    clinic.agree()
    return before


def test_a_patient_is_served_by_pin(clinic: Clinic) -> None:
    result = message(clinic.result_after(serve_by_pin(clinic)))
    assert (result.outcome, result.verification.method) == ("accepted", "pin")
    clinic.card_out()


def test_nothing_personal_is_in_the_journal(clinic: Clinic) -> None:
    journal = clinic.device.journal()
    assert not re.search(r"(?<!\d)\d{12}(?!\d)", journal)
    assert not re.search(r"(?<!\d)\d{14}(?!\d)", journal)


def process(device: Device, unit: str) -> str:
    """Return the process of a unit; another one means that it was started again."""
    return device.show(unit, "MainPID")["MainPID"]


def until_started_again(device: Device, unit: str, old: str, within_s: float = 60.0) -> None:
    """Wait until a unit runs in another process."""
    deadline = time.monotonic() + within_s
    while process(device, unit) in (old, "0"):
        assert time.monotonic() < deadline, device.journal(unit)[-3000:]
        time.sleep(0.2)


@pytest.mark.parametrize("unit", setup.UNITS)
def test_a_killed_process_is_started_again(clinic: Clinic, unit: str) -> None:
    device = clinic.device
    old = process(device, unit)
    device.run("systemctl", "kill", "--signal=KILL", unit)
    until_started_again(device, unit, old)
    clinic.ready()


@pytest.mark.parametrize("unit", setup.UNITS)
def test_a_hanging_process_is_killed_by_the_watchdog_and_started_again(clinic: Clinic, unit: str) -> None:
    device = clinic.device
    old = process(device, unit)
    device.run("systemctl", "kill", "--signal=STOP", unit)
    device.until("Watchdog timeout", "journalctl", "--no-pager", f"--unit={unit}", within_s=60)
    until_started_again(device, unit, old)
    clinic.ready()


def test_a_restarted_pcscd_is_found_again(clinic: Clinic) -> None:
    clinic.device.run("systemctl", "restart", "pcscd.service")
    time.sleep(2.0)
    clinic.device.run("systemctl", "stop", "kaopi-sim-card.service")
    setup.start_card(clinic.device)
    time.sleep(2.0)
    before = clinic.insert()
    clinic.step("face")
    setup.remove_card(clinic.device)
    assert message(clinic.result_after(before)).outcome == "aborted"
    clinic.card_out()


def test_a_power_cut_loses_no_result_that_was_stored(clinic: Clinic) -> None:
    """The broker is away, so the result waits in the outbox while the plug is pulled."""
    device = clinic.device
    clinic.broker.stop()
    before = clinic.insert()
    clinic.agree()
    clinic.step("done")
    device.cut_power()
    device.boot()
    clinic.broker.start()
    setup.start_card(device)
    clinic.ready()
    assert message(clinic.result_after(before, within_s=60)).outcome == "accepted"


def probe(device: Device, unit: str) -> dict[str, Any]:
    """Run the probe under the lines of an installed unit; return what it found."""
    text = device.run("cat", f"/usr/lib/systemd/system/{unit}.service")
    text = re.sub(r"^ExecStart=.*$", "ExecStart=/usr/bin/python3 /opt/probe.py", text, flags=re.MULTILINE)
    text = re.sub(
        r"^(Type=|Restart|OnFailure|WatchdogSec|NotifyAccess|StateDirectory=).*$", "", text, flags=re.MULTILINE
    )
    (device.files / "opt/probe.py").write_text((HERE / "probe.py").read_text("utf-8"), encoding="utf-8")
    name = f"probe-{unit}"
    (device.files / f"etc/systemd/system/{name}.service").write_text(
        text.replace(
            "[Service]",
            "[Service]\nType=oneshot\nReadWritePaths=/var/lib/kaopi"
            if unit == "kaopi-kiosk"
            else "[Service]\nType=oneshot",
        ),
        encoding="utf-8",
    )
    device.run("systemctl", "daemon-reload")
    device.run("systemctl", "start", name)
    # The journal is written a moment after the process has ended.
    said = device.until("PROBE ", "journalctl", "--no-pager", "--output=cat", f"--unit={name}")
    found: dict[str, Any] = json.loads(next(line for line in said.splitlines() if line.startswith("PROBE "))[6:])
    return found


def test_the_kiosk_is_shut_in(clinic: Clinic) -> None:
    found = probe(clinic.device, "kaopi-kiosk")
    assert found["uid"] != 0
    assert (found["no_new_privileges"], found["capabilities"], found["seccomp"]) == ("1", 0, "2")
    assert found["inet"] == found["inet6"] == "OSError"
    assert found["unix"] == found["write_state"] == found["write_outbox"] == found["write_run"] == "done"
    assert found["write_reset"] == "done", "it may ask for a factory reset"
    assert found["write_etc"] == found["write_usr"] == "OSError"
    assert found["read_keys"] == found["read_home"] == "PermissionError"
    assert found["namespace"] == "PermissionError"
    assert found["core_limit"] == "0"


def test_the_uplink_is_shut_in(clinic: Clinic) -> None:
    found = probe(clinic.device, "kaopi-uplink")
    assert found["uid"] != 0
    assert (found["no_new_privileges"], found["capabilities"], found["seccomp"]) == ("1", 0, "2")
    assert found["inet"] == found["unix"] == found["write_outbox"] == found["write_run"] == "done"
    assert found["write_etc"] == found["write_usr"] == found["write_state"] == "OSError"
    assert found["write_reset"] == "PermissionError", "nobody asks for a factory reset by the network"
    assert found["read_state"] == ["outbox"], "of the kiosk's state the uplink sees the outbox alone"
    assert found["read_keys"] == found["read_home"] == "PermissionError"
    assert not {"video0", "dri", "snd", "input", "gpiochip0"} & set(found["devices"])


def test_units_are_valid_and_closed_for_this_systemd(clinic: Clinic) -> None:
    device = clinic.device
    for unit in setup.UNITS:
        said = device.run("sh", "-c", f"systemd-analyze verify --man=no {unit} 2>&1")
        assert said == "", said
        device.run("systemd-analyze", "security", "--threshold=15", "--no-pager", unit)


def test_what_a_container_cannot_enforce_is_known(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    """These lines work on a Pi; in a container systemd says that it cannot, or the kernel has no such devices."""
    complaints = {
        re.sub(r"^.*?kaopi-\w+\.service: ", "", line)
        for line in clinic.device.journal().splitlines()
        if re.search(r"kaopi-\w+\.service: (unit configures|Failed to|.*not support)", line)
    }
    complaints = {line for line in complaints if "Failed with result" not in line and "Failed to kill" not in line}
    with capsys.disabled():
        print(f"\nnot enforced here: {sorted(complaints) or 'nothing that systemd complains about'}")
    assert all(re.search(r"IP firewall|BPF|device|cgroup|swap", line, re.IGNORECASE) for line in complaints), complaints


def test_the_doctor_finds_nothing_wrong_that_a_container_has(clinic: Clinic) -> None:
    said = json.loads(clinic.device.run("kaopi", "doctor", "--quick", "--json", check=False))
    failed = {check["id"] for check in said["checks"] if check["outcome"] == "fail"}
    # The kernel's core pattern belongs to the machine outside.
    assert failed <= {"core_dumps"}, said


def test_with_a_read_only_root_a_patient_is_served_and_a_power_cut_loses_nothing(
    clinic: Clinic, tmp_path: Path
) -> None:
    """The mounts are the image's own (image/); the data partition is a folder here, and the root cannot be written."""
    device = clinic.device
    (fstab,) = (REPOSITORY / "image").glob("*/fstab")
    mounts = [line for line in fstab.read_text("utf-8").splitlines() if not line.startswith(("#", "/dev/"))]
    assert any(line.split()[1] == "/var/lib/kaopi" for line in mounts)
    device.run("systemctl", "stop", *setup.UNITS)
    device.run("mkdir", "/data")
    made = list[str]()  # mount points that this root does not have
    for source, target in (line.split()[:2] for line in mounts if line.startswith("/data/")):
        if device.run("sh", "-c", f"test -d {target} && echo yes", check=False):
            device.run("cp", "-a", target, source)
        else:
            device.run("mkdir", "-p", source, target)
            made.append(target)
    data = tmp_path / "data"
    subprocess.run(["cp", "--archive", device.files / "data", data], check=True)
    (device.files / "etc/fstab").write_text("\n".join(mounts) + "\n", encoding="utf-8")
    device.cut_power()
    try:
        device.boot(read_only_beside=data)
        for place in ("/usr/probe", "/etc/probe", "/opt/probe"):
            said = device.run("sh", "-c", f"echo x > {place}; true", check=False)
            assert not (device.files / place.lstrip("/")).exists(), said
        setup.start_card(device)
        clinic.ready()
        clinic.broker.stop()
        before = serve_by_pin(clinic)
        clinic.step("done")
        device.cut_power()
        device.boot(read_only_beside=data)
        clinic.broker.start()
        setup.start_card(device)
        clinic.ready()
        assert message(clinic.result_after(before, within_s=60)).outcome == "accepted"
        assert device.run("journalctl", "--header").count("/var/log/journal") == 0, "the journal is in memory"
    finally:
        device.cut_power()
        (device.files / "etc/fstab").unlink()
        device.boot()
        device.run("rm", "-rf", "/data", *made)


def test_the_gate_of_an_image_sees_under_its_own_lines_what_the_doctor_sees(clinic: Clinic) -> None:
    """What shuts it in must hide nothing by which it judges a new slot, nor keep it from restarting the machine."""
    device = clinic.device
    text = (REPOSITORY / "image/overlay/usr/lib/systemd/system/kaopi-gate.service").read_text("utf-8")
    does = "kaopi doctor --quick --json > /var/lib/kaopi/gate.json; systemctl is-active kaopi-kiosk.service && touch "
    does += "/run/systemd/reboot-param.probe && busctl call org.freedesktop.login1 /org/freedesktop/login1 "
    does += "org.freedesktop.login1.Manager CanReboot && rm /run/systemd/reboot-param.probe"
    text = re.sub(r"^(ConditionPathExists|RemainAfterExit|StandardOutput)=.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("ExecStart=/usr/bin/kaopi update gate", f"ExecStart=/bin/sh -c '{does}'")
    assert does in text
    (device.files / "etc/systemd/system/probe-gate.service").write_text(text, encoding="utf-8")
    device.run("systemctl", "daemon-reload")
    device.run("systemctl", "start", "probe-gate.service")
    seen = json.loads((device.files / "var/lib/kaopi/gate.json").read_text("utf-8"))
    freely = json.loads(device.run("kaopi", "doctor", "--quick", "--json", check=False))
    shut_in, free = ({row["id"]: row["outcome"] for row in said["checks"]} for said in (seen, freely))
    assert shut_in == free
    device.until('"yes"', "journalctl", "--no-pager", "--output=cat", "--unit=probe-gate")
    (device.files / "var/lib/kaopi/gate.json").unlink()


KEPT = {"/etc/kaopi": "/root/etc-kaopi", "/var/lib/kaopi": "/root/var-kaopi"}


@pytest.fixture
def small_data(clinic: Clinic) -> Iterator[Device]:
    """What a reset erases lies on file systems of its own, small ones: the free space of this machine is not filled."""
    device: Device = clinic.device
    assert not (device.files / "etc/NetworkManager/system-connections").exists(), "it would lie on a large disk"
    device.run("systemctl", "stop", *setup.UNITS)
    for place, kept in KEPT.items():
        device.run("cp", "--archive", place, kept)
        device.run("mount", "-t", "tmpfs", "-o", "size=12M", "tmpfs", place)
        device.run("cp", "--archive", f"{kept}/.", place)
    device.run("systemd-tmpfiles", "--create", "kaopi.conf")
    clinic.mark = len(device.journal("kaopi-kiosk"))
    device.run("systemctl", "start", *setup.UNITS)
    clinic.step("idle")
    clinic.ready()
    yield device
    device.run("systemctl", "stop", *setup.UNITS)
    for place, kept in KEPT.items():
        device.run("umount", place)
        device.run("rm", "-rf", kept)
    device.run("rm", "-rf", "/run/kaopi-setup")
    device.run("systemctl", "start", *setup.UNITS)
    clinic.ready()
    device.run("systemctl", "reset-failed", *setup.UNITS)  # so many starts in a minute are the test's, not a fault


def test_only_the_kiosks_user_can_ask_for_a_factory_reset(clinic: Clinic) -> None:
    device = clinic.device
    ask = "echo '{}' > /run/kaopi-reset/other && rm /run/kaopi-reset/other && echo asked"
    answers = {user: device.run("runuser", "-u", user, "--", "sh", "-c", ask, check=False) for user in USERS}
    assert "asked" in answers["kaopi-kiosk"]
    assert "asked" not in answers["kaopi-uplink"]


def test_staff_make_the_kiosk_blank_at_its_screen(clinic: Clinic, small_data: Device) -> None:
    """From the staff code to the end under the units' own lines; what is shown at the end is the kiosk never set up."""
    device = small_data
    device.until(STAFF_HASH, "sh", "-c", "cat /var/lib/kaopi/staff.json || true")
    clinic.mark = len(device.journal("kaopi-kiosk"))
    clinic.press("visual_check")
    clinic.step("staff_code")
    clinic.press(*STAFF_CODE, "next")
    clinic.step("staff_corner")
    clinic.press("reset")
    clinic.step("factory_reset")
    served = process(device, "kaopi-kiosk")
    deadline = time.monotonic() + 60.0
    while process(device, "kaopi-kiosk") == served:
        assert time.monotonic() < deadline, device.journal()[-3000:]
        with contextlib.suppress(AssertionError):  # the screen of a process that has just ended
            clinic.press("next", "erase")
        time.sleep(1.0)
    device.until("being erased", "systemctl", "show", "--property=StatusText", "kaopi-kiosk", within_s=60)
    device.until("blank again after", "journalctl", "--no-pager", "--unit=kaopi-reset", within_s=90)
    # Its screen was the simulator's, which went with the settings: what it would show is in the journal.
    device.until("this kiosk was not set up yet", "journalctl", "--no-pager", "--unit=kaopi-kiosk", within_s=60)
    device.until("inactive", "sh", "-c", "systemctl is-active kaopi-reset.service || true")
    journal = device.journal("kaopi-reset")
    assert "operator op2 has this kiosk erased" in journal
    left = device.run("find", *KEPT, "-type", "f").splitlines()
    assert left == ["/var/lib/kaopi/outbox/outbox.sqlite3"], "made anew, empty, for another set-up"
    assert device.run("stat", "--format=%s", *left).strip() == "0"
    assert "not set up" in device.run("cat", "/run/kaopi-setup/refused.json")
    assert device.run("ls", "-A", "/run/kaopi-reset").strip() == ""
    assert device.show("kaopi-uplink", "ActiveState")["ActiveState"] == "inactive"


PREPARE = """
import sys
from pathlib import Path
from reader.provision.enrolment import prepare
from reader.provision.schema import Enrolment
kiosk, address, token, fingerprint = sys.argv[1:]
prepare(Path("/etc/kaopi"), kiosk, Enrolment(address=address, token=token, fingerprint=fingerprint))
"""


def test_a_kiosk_with_a_token_fetches_its_certificate_and_serves(clinic: Clinic) -> None:
    """Set-up left it a token: it says what it waits for, and goes on by itself once the clinic PC listens."""
    device, folder = clinic.device, clinic.certificates.path
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
    token = TokenBook(folder).issue(setup.KIOSK, dt.datetime.now(dt.UTC))
    known = fingerprint(clinic.certificates.authority().certificate)
    python = "/usr/lib/kaopi/bin/python3"
    device.run(python, "-c", PREPARE, setup.KIOSK, f"{device.outside}:{port}", token, known)
    device.run("systemctl", "restart", *setup.UNITS)
    device.until("no answer", "sh", "-c", "cat /run/kaopi-enrol/waiting.json || true", within_s=60)
    device.until("set-up refused", "systemctl", "show", "--property=StatusText", "kaopi-kiosk", within_s=60)
    assert device.show("kaopi-uplink", "ActiveState")["ActiveState"] == "inactive"
    enrolled: list[str] = []
    enrolment = Enrolment(folder, enrolled.append)
    hosts = CertificateFolder(folder).broker_hosts()
    with Listener(folder, hosts, enrolment, lambda: dt.datetime.now(dt.UTC), port=port):
        device.until("gone", "sh", "-c", "test -e /etc/kaopi/enrolling || echo gone", within_s=120)
    assert enrolled == [setup.KIOSK]
    assert device.run("stat", "--format=%a %U", "/etc/kaopi/tls/kiosk.key", "/etc/kaopi/tls/kiosk.pem").split() == [
        *("600", "root"),
        *("600", "root"),
    ]
    assert device.run("sh", "-c", "test -e /etc/kaopi/enrolment || echo gone").strip() == "gone"
    assert token not in device.journal()
    clinic.ready()


def test_upgrade_keeps_what_the_site_decided_and_purge_leaves_nothing(
    make_device: Callable[[str, int], Device], package: Path
) -> None:
    with make_device("kaopi-purge", 72) as device:
        listing = "find / -xdev -not -path '/proc/*' -not -path '/run/*' -not -path '/tmp/*' -not -path '/var/log/*'"
        everything = ["sh", "-c", f"{listing} -not -path '/var/lib/dpkg/*' -not -path '/var/cache/*' | sort"]
        files, users = device.run(*everything), device.run("cat", "/etc/passwd", "/etc/group")
        setup.install_package(device, package)
        site = device.files / "etc/kaopi/site.toml"
        site.write_text('[site]\nclinic_name = "みなと内科"\n', encoding="utf-8")
        (device.files / "var/lib/kaopi/outbox/outbox.sqlite3").write_bytes(b"waiting results")
        setup.install_package(device, package)
        assert "みなと内科" in site.read_text(encoding="utf-8")
        assert (device.files / "var/lib/kaopi/outbox/outbox.sqlite3").read_bytes() == b"waiting results"
        setup.purge_package(device)
        left = set(device.run(*everything).splitlines()) - set(files.splitlines())
        assert not {path for path in left if "kaopi" in path}, left
        assert device.run("cat", "/etc/passwd", "/etc/group") == users
