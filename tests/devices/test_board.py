"""What the board says is read from sysfs, and a board that says nothing is no error."""

from __future__ import annotations

from pathlib import Path

import pytest

from reader.devices.board import Throttling, hottest_c, throttling


def put(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="ascii")


def test_the_hottest_zone_counts_and_a_zone_without_an_answer_does_not(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "48300\n")
    put(tmp_path, "sys/class/thermal/thermal_zone1/temp", "61000\n")
    put(tmp_path, "sys/class/thermal/thermal_zone2/temp", "\n")
    assert hottest_c(tmp_path) == 61.0


def test_below_zero_is_a_temperature_too(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "-4500\n")
    assert hottest_c(tmp_path) == -4.5


# As the firmware's documentation of get_throttled gives the bits.
@pytest.mark.parametrize(
    ("bits", "said"),
    [
        ("0", Throttling(False, False, False, False)),
        ("1", Throttling(True, False, False, False)),
        ("2", Throttling(False, True, False, False)),
        ("4", Throttling(False, True, False, False)),
        ("8", Throttling(False, True, False, False)),
        ("50005", Throttling(True, True, True, True)),
        ("10000", Throttling(False, False, True, False)),
        ("80000", Throttling(False, False, False, True)),
    ],
)
def test_the_firmwares_bits_mean_now_and_since_the_start(tmp_path: Path, bits: str, said: Throttling) -> None:
    put(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", bits + "\n")
    assert throttling(tmp_path) == said


def test_the_firmware_is_found_under_a_pi_5s_name(tmp_path: Path) -> None:
    put(tmp_path, "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled", "0\n")
    assert throttling(tmp_path) == Throttling(False, False, False, False)


def test_another_machine_says_nothing(tmp_path: Path) -> None:
    assert hottest_c(tmp_path) is None
    assert throttling(tmp_path) is None
