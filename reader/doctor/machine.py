"""Checks of the computer itself: Python, heat, power, disk, memory that must not reach a disk, the clock."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from reader.devices import board
from reader.doctor.finding import Finding, Patient, Words, fail, good, skipped, warn

_OLDEST_PYTHON = (3, 11)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return None


def python(patient: Patient) -> Finding:
    """Python is new enough."""
    found = platform.python_version()
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return fail(
            found,
            Words(
                "対応するOS（Raspberry Pi OS bookworm以降）に更新してください。",
                "Update to Raspberry Pi OS bookworm or newer.",
            ),
        )
    return good(found)


def libraries(patient: Patient) -> Finding:
    """Every library kaopi needs is here."""
    try:
        wanted = [line for line in requires("kaopi") or [] if "extra ==" not in line]
    except PackageNotFoundError:
        return fail("kaopi itself is not installed", _REINSTALL)
    missing = []
    for requirement in wanted:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return fail(f"missing: {', '.join(missing)}", _REINSTALL)
    return good(f"kaopi {version('kaopi')}, {len(wanted)} libraries")


_REINSTALL = Words("kaopiを入れ直してください（apt install --reinstall kaopi）。", "Run apt install --reinstall kaopi.")


def temperature(patient: Patient) -> Finding:
    """The processor is cooler than the configured limits."""
    celsius = board.hottest_c(patient.root)
    if celsius is None:
        return skipped("no temperature sensor")
    limits = patient.config.temperature
    remedy = Words(
        "風通しを良くし、直射日光や暖房から離し、ファンのほこりを取ってください。",
        "Give it air, move it out of sun and away from heating, and clean its fan.",
    )
    detail = f"{celsius:.1f} °C"
    if celsius >= limits.stop_c:
        return fail(detail, remedy)
    return warn(detail, remedy) if celsius >= limits.ease_c else good(detail)


def power(patient: Patient) -> Finding:
    """The power supply has held its voltage, and the processor has not slowed itself down."""
    firmware = board.throttling(patient.root)
    if firmware is None:
        return skipped("not a Raspberry Pi")
    supply = Words("純正の電源アダプターとケーブルに交換してください。", "Use the official power supply and its cable.")
    heat = Words("風通しを良くしてください。", "Give it air.")
    if firmware.under_voltage:
        return fail("under-voltage now", supply)
    if firmware.slowed:
        return fail("slowed down by heat now", heat)
    if firmware.under_voltage_seen:
        return warn("under-voltage since the last start", supply)
    if firmware.slowed_seen:
        return warn("slowed down by heat since the last start", heat)
    return good("never since the last start")


_LEAST_FREE = 200 * 1024 * 1024


def disk(patient: Patient) -> Finding:
    """The state partition has room for days of results."""
    folder = patient.path(patient.config.storage.state_dir)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    detail = f"{usage.free // 1024 // 1024} MiB free of {usage.total // 1024 // 1024} MiB at {folder}"
    remedy = Words(
        "不要なファイルを削除するか、SDカードを新しいものに交換してください。",
        "Delete what is not needed, or fit a new SD card.",
    )
    return good(detail) if usage.free >= _LEAST_FREE else fail(detail, remedy)


def disk_wear(patient: Patient) -> Finding:
    """The flash memory reports life left (JEDEC eMMC 5.0 life_time: tenths used; SD cards do not report any)."""
    worn = []
    for file in sorted(patient.path("/sys/block").glob("mmcblk*/device/life_time")):
        worn += [int(part, 16) for part in (_read(file) or "").split()]
    if not worn:
        return skipped("this disk does not report wear")
    detail = f"{(max(worn) - 1) * 10}-{max(worn) * 10} % used"
    remedy = Words("早めに記憶装置を交換してください。", "Replace the storage soon.")
    return warn(detail, remedy) if max(worn) >= 9 else good(detail)


def swap(patient: Patient) -> Finding:
    """Nothing in memory can be written to a disk by swapping."""
    lines = (_read(patient.path("/proc/swaps")) or "").splitlines()[1:]
    if not lines:
        return good("off")
    remedy = Words(
        "kaopi-swapoff.serviceを有効にしてください（systemctl enable --now kaopi-swapoff）。",
        "Run systemctl enable --now kaopi-swapoff.",
    )
    finding = fail if patient.config.site.production else warn
    return finding(", ".join(line.split()[0] for line in lines), remedy)


def core_dumps(patient: Patient) -> Finding:
    """A crash leaves no memory behind."""
    pattern = _read(patient.path("/proc/sys/kernel/core_pattern"))
    if pattern is None:
        return skipped("no core_pattern here")
    if pattern in ("|/bin/false", ""):
        return good("off")
    remedy = Words(
        "kaopiの設定を反映するため再起動してください（/usr/lib/sysctl.d/60-kaopi.conf）。",
        "Restart, so that /usr/lib/sysctl.d/60-kaopi.conf takes effect.",
    )
    return (fail if patient.config.site.production else warn)(f"core_pattern is {pattern}", remedy)


def clock(patient: Patient) -> Finding:
    """The clock is set by a time server (systemd-timesyncd's own mark), and is not plainly wrong."""
    now = patient.now()
    remedy = Words(
        "ネットワークと時刻サーバー（NTP）の設定を確認してください。",
        "Check the network and the time server (NTP).",
    )
    if now.year < 2026:
        return fail(now.isoformat(timespec="seconds"), remedy)
    if patient.path("/run/systemd/timesync/synchronized").exists():
        return good(f"{now.isoformat(timespec='seconds')}, synchronised")
    return warn(f"{now.isoformat(timespec='seconds')}, not synchronised", remedy)
