"""The units are valid, tightly closed, and keep faces away from the network."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reader.config.enrolling import WAITING_FILE
from reader.config.factory_reset import REQUEST_FILE
from reader.provision.enrolment import ANSWER_FILE, FOLDER, ORDER, REQUEST
from reader.provision.reset import MARK, PLACES

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
SERVICES = sorted([*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.path")])
# Tenths of systemd's exposure level; a bare unit has 92. Lower it when a unit gets better.
HIGHEST_EXPOSURE = {"kaopi-kiosk": 9, "kaopi-uplink": 11}
# What runs as root, now and then, and is shut in all the same.
HIGHEST_EXPOSURE_OF_ROOT = {"kaopi-reset": 12, "kaopi-reset-resume": 12, "kaopi-enrol-install": 12}
RESETS = ("kaopi-reset", "kaopi-reset-resume")


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which the package ``systemd`` brings. Its absence is a failure, never a skip."""
    tool = shutil.which("systemd-analyze")
    assert tool is not None, "systemd-analyze is missing: apt install systemd"
    return subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def settings(service: str) -> dict[str, list[str]]:
    """Return the [Service] lines of a unit, every value of a repeated key."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (SYSTEMD / f"{service}.service").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize(
    ("service", "highest"), sorted({**HIGHEST_EXPOSURE, **HIGHEST_EXPOSURE_OF_ROOT, "kaopi-enrol": 11}.items())
)
def test_exposure_stays_at_what_was_reached(service: str, highest: int) -> None:
    result = systemd_analyze("security", "--offline=yes", f"--threshold={highest}", SYSTEMD / f"{service}.service")
    assert result.returncode == 0, result.stdout[-400:] + result.stderr


def test_the_gate_can_refuse() -> None:
    result = systemd_analyze("security", "--offline=yes", "--threshold=0", SYSTEMD / "kaopi-kiosk.service")
    assert result.returncode != 0


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_verifies_in_silence(unit: Path, tmp_path: Path) -> None:
    """``verify`` exits 0 on unknown keys and bad values, so anything it says is a failure."""
    text = re.sub(
        r"^ExecStart=/usr/(bin/kaopi|lib/kaopi/rescue)\b.*$",
        "ExecStart=/bin/true",
        unit.read_text("utf-8"),
        flags=re.MULTILINE,
    )
    (tmp_path / unit.name).write_text(text, encoding="utf-8")
    if unit.suffix == ".path":
        (tmp_path / f"{unit.stem}.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n", "utf-8")
    result = systemd_analyze("verify", "--man=no", tmp_path / unit.name)
    assert (result.returncode, result.stderr) == (0, "")


def test_verify_in_silence_notices_a_bad_key(tmp_path: Path) -> None:
    (tmp_path / "bad.service").write_text("[Service]\nExecStart=/bin/true\nNoNewPrivilege=yes\n", encoding="utf-8")
    assert systemd_analyze("verify", "--man=no", tmp_path / "bad.service").stderr


def test_the_kiosk_can_open_no_ip_socket() -> None:
    kiosk = settings("kaopi-kiosk")
    assert kiosk["RestrictAddressFamilies"] == ["AF_UNIX AF_NETLINK"]
    assert kiosk["IPAddressDeny"] == ["any"]


def test_the_uplink_sees_no_device_and_of_the_state_only_the_outbox() -> None:
    uplink = settings("kaopi-uplink")
    assert uplink["PrivateDevices"] == ["yes"]
    assert "DeviceAllow" not in uplink
    assert uplink["TemporaryFileSystem"] == ["/var/lib/kaopi:ro"]
    assert uplink["BindPaths"] == ["/var/lib/kaopi/outbox"]


@pytest.mark.parametrize("service", sorted(HIGHEST_EXPOSURE))
def test_no_memory_of_it_reaches_a_disk(service: str) -> None:
    assert settings(service)["LimitCORE"] == ["0"]
    assert settings(service)["MemorySwapMax"] == ["0"]


@pytest.mark.parametrize("service", sorted(HIGHEST_EXPOSURE))
def test_it_is_watched_and_started_again(service: str) -> None:
    unit = settings(service)
    assert unit["Type"] == ["notify"]
    assert unit["Restart"] == ["always"]
    assert int(unit["WatchdogSec"][0]) <= 30


def test_each_process_is_its_own_user() -> None:
    users = {service: settings(service)["User"] for service in HIGHEST_EXPOSURE}
    assert users == {"kaopi-kiosk": ["kaopi-kiosk"], "kaopi-uplink": ["kaopi-uplink"]}


def test_only_the_kiosk_can_ask_for_a_factory_reset() -> None:
    """The folder of the request is its own; the uplink, which has the network, does not even see it."""
    (line,) = (line for line in (SYSTEMD / "tmpfiles.d/kaopi.conf").read_text("utf-8").splitlines() if "-reset" in line)
    assert line.split()[:5] == ["d", str(REQUEST_FILE.parent), "0700", "kaopi-kiosk", "kaopi"]
    assert str(REQUEST_FILE.parent) in settings("kaopi-kiosk")["ReadWritePaths"]
    assert settings("kaopi-uplink")["InaccessiblePaths"] == [f"-{REQUEST_FILE.parent}"]
    assert f"PathExists={REQUEST_FILE}\n" in (SYSTEMD / "kaopi-reset.path").read_text("utf-8")


def test_the_key_and_the_network_never_meet() -> None:
    """Who asks for the certificate has the network and not the key; who puts it in place has the key and no network."""
    asks, puts = settings("kaopi-enrol"), settings("kaopi-enrol-install")
    assert asks["User"] == ["kaopi-uplink"]
    assert [value.split(":")[0] for value in asks["LoadCredential"]] == [ORDER, REQUEST]
    assert {Path(value.split(":")[1]).parent for value in asks["LoadCredential"]} == {FOLDER}
    assert puts["PrivateNetwork"] == ["yes"]
    assert puts["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert f"ConditionPathExists={ANSWER_FILE}\n" in (SYSTEMD / "kaopi-enrol-install.service").read_text("utf-8")
    assert asks["RuntimeDirectory"] == [ANSWER_FILE.parent.name] == [WAITING_FILE.parent.name]
    assert "OnSuccess=kaopi-enrol-install.service\n" in (SYSTEMD / "kaopi-enrol.service").read_text("utf-8")


def test_a_reset_reaches_everything_it_is_to_erase() -> None:
    for service in RESETS:
        may_write = {path.lstrip("-") for value in settings(service)["ReadWritePaths"] for path in value.split()}
        assert {str(place) for place in PLACES} <= may_write
        (unit,) = (
            line for line in (SYSTEMD / f"{service}.service").read_text("utf-8").splitlines() if "MountsFor" in line
        )
        assert set(unit.partition("=")[2].split()) == {str(place) for place in PLACES}
    resume = (SYSTEMD / "kaopi-reset-resume.service").read_text("utf-8")
    assert f"ConditionPathExists={PLACES[0] / MARK}\n" in resume
    (before,) = (line.split() for line in resume.splitlines() if line.startswith("Before="))
    assert {"kaopi-kiosk.service", "kaopi-uplink.service"} < {name.removeprefix("Before=") for name in before}


def test_secrets_come_as_credentials_only() -> None:
    loaded = [value.split(":")[0] for value in settings("kaopi-uplink")["LoadCredential"]]
    assert sorted(loaded) == ["ca.pem", "kiosk.key", "kiosk.pem"]
    assert "LoadCredential" not in settings("kaopi-kiosk")


def test_the_users_that_units_and_files_name_are_made() -> None:
    made = set(re.findall(r"^[ug]\s+(\S+)", (SYSTEMD / "sysusers.d/kaopi.conf").read_text("utf-8"), re.MULTILINE))
    named = {group for value in settings("kaopi-kiosk")["SupplementaryGroups"] for group in value.split()}
    for service in HIGHEST_EXPOSURE:
        named |= {settings(service)["User"][0], settings(service)["Group"][0]}
    for line in (SYSTEMD / "tmpfiles.d/kaopi.conf").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            named |= set(line.split()[3:5])
    assert named - {"root"} <= made


def test_sysusers_and_tmpfiles_are_understood(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for tool, file in (("systemd-sysusers", "sysusers.d/kaopi.conf"), ("systemd-tmpfiles", "tmpfiles.d/kaopi.conf")):
        arguments = ["--create"] if tool == "systemd-tmpfiles" else []
        assert shutil.which(tool), f"{tool} is missing: apt install systemd"
        result = subprocess.run(
            [tool, *arguments, f"--root={tmp_path}", str(SYSTEMD / file)], capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
    outbox = tmp_path / "var/lib/kaopi/outbox/outbox.sqlite3"
    assert outbox.stat().st_mode & 0o777 == 0o660
    assert (tmp_path / "etc/kaopi/tls").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("drop_in", sorted(SYSTEMD.glob("*.conf.d/*.conf")), ids=lambda file: file.parent.name)
def test_drop_ins_have_one_section_and_only_known_keys(drop_in: Path) -> None:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(drop_in, encoding="utf-8")
    known = {
        "Journal": {"Storage", "RuntimeMaxUse", "RateLimitIntervalSec", "RateLimitBurst", "ForwardToSyslog"},
        "Coredump": {"Storage", "ProcessSizeMax"},
        "Manager": {"RuntimeWatchdogSec", "RebootWatchdogSec", "DefaultLimitCORE"},
    }
    (section,) = parser.sections()
    assert set(parser[section]) <= known[section]


def test_a_kiosk_that_will_not_start_is_rescued_and_never_reboots_for_ever() -> None:
    text = (SYSTEMD / "kaopi-kiosk.service").read_text("utf-8")
    assert "StartLimitBurst=5" in text
    assert "OnFailure=kaopi-rescue.service" in text
    assert "StartLimitAction" not in text


class _Stage:
    """The rescue script among programs that only write down how they were called."""

    def __init__(self, folder: Path, status: int, state: str = "failed") -> None:
        self.calls = folder / "calls"
        self.state = folder / "state"
        self.state.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        for name in ("systemctl", "sleep", "sync"):
            answers = f"case $* in *ActiveState*) echo {state};; *ExecMainStatus*) echo {status};; esac"
            (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {self.calls}\n{answers}\n')
            (programs / name).chmod(0o755)
        self._path = f"{programs}:/usr/bin:/bin"
        self.sessions = folder / "sessions"
        self.sessions.mkdir()
        script = (SYSTEMD / "rescue").read_text("utf-8").replace("/run/systemd/sessions", str(self.sessions))
        self._script = script.replace("/var/lib/kaopi", str(self.state))

    def run(self) -> str:
        """Run it; return what it called since."""
        self.calls.write_text("")
        subprocess.run(["sh", "-c", self._script], env={"PATH": self._path}, check=True, stdout=subprocess.DEVNULL)
        return self.calls.read_text()


def test_the_rescue_boots_once_and_then_keeps_trying(tmp_path: Path) -> None:
    stage = _Stage(tmp_path, status=1)
    assert "systemctl --no-block reboot" in stage.run()
    again = stage.run()
    assert "reboot" not in again
    assert "sleep 60" in again
    assert "start kaopi-kiosk.service" in again


def test_a_refused_setting_is_no_reason_to_reboot(tmp_path: Path) -> None:
    assert "reboot" not in _Stage(tmp_path, status=2).run()


def test_nobody_is_thrown_out_by_a_reboot(tmp_path: Path) -> None:
    stage = _Stage(tmp_path, status=75)
    (stage.sessions / "4").write_text("UID=1000\n", encoding="ascii")
    calls = stage.run()
    assert "reboot" not in calls
    assert "start kaopi-kiosk.service" in calls
    (stage.sessions / "4").unlink()
    assert "systemctl --no-block reboot" in stage.run()


def test_a_kiosk_that_was_never_set_up_is_not_started() -> None:
    text = (SYSTEMD / "kaopi-kiosk.service").read_text("utf-8")
    assert "ConditionPathExists=|/etc/kaopi/site.toml" in text


def test_what_is_being_started_again_needs_no_rescue(tmp_path: Path) -> None:
    calls = _Stage(tmp_path, status=1, state="activating").run()
    assert "reboot" not in calls
    assert "start kaopi" not in calls
