"""What a Pi camera is told: only what it offers, without flicker, focused on the face."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.devices.camera_controls import PiCameraSettings, first_controls, light_controls
from reader.devices.ports import LightRequest

EVERYTHING = {
    "AeEnable",
    "AwbEnable",
    "AeMeteringMode",
    "AeFlickerMode",
    "AeFlickerPeriod",
    "AfMode",
    "AfRange",
    "AfMetering",
    "AfWindows",
    "ExposureValue",
    "FrameDurationLimits",
    "HdrMode",
}
SENSOR = (0, 0, 4608, 2592)
unit = st.floats(0.0, 1.0)


@pytest.mark.parametrize(("mains_hz", "period_us"), [(50, 10_000), (60, 8_333)])
def test_exposure_is_a_multiple_of_the_lamps_flicker(mains_hz: int, period_us: int) -> None:
    controls = first_controls(PiCameraSettings.model_validate({"mains_hz": mains_hz}), EVERYTHING)
    assert controls["AeFlickerPeriod"] == period_us == pytest.approx(1e6 / (2 * mains_hz), abs=1)


def test_with_unknown_mains_the_camera_finds_out() -> None:
    controls = first_controls(PiCameraSettings(mains_hz="auto"), EVERYTHING)
    assert "AeFlickerPeriod" not in controls
    assert controls["AeFlickerMode"] == 2


def test_frames_keep_their_rate_in_the_dark() -> None:
    assert first_controls(PiCameraSettings(frames_per_second=25), EVERYTHING)["FrameDurationLimits"] == (40_000, 40_000)


@given(offered=st.sets(st.sampled_from(sorted(EVERYTHING))), ev=st.floats(-10, 10))
def test_only_what_is_offered_is_set(offered: set[str], ev: float) -> None:
    assert set(first_controls(PiCameraSettings(), offered)) <= offered
    assert set(light_controls(LightRequest(ev=ev, region=(0.1, 0.1, 0.5, 0.5)), SENSOR, offered)) <= offered


@given(ev=st.floats(-100, 100))
def test_exposure_compensation_stays_within_three_stops(ev: float) -> None:
    assert -3.0 <= light_controls(LightRequest(ev=ev), SENSOR, EVERYTHING)["ExposureValue"] <= 3.0


@given(x=unit, y=unit, w=unit, h=unit)
def test_the_focus_window_is_the_face_in_sensor_pixels(x: float, y: float, w: float, h: float) -> None:
    region = (x, y, w * (1 - x), h * (1 - y))
    ((left, top, width, height),) = light_controls(LightRequest(region=region), SENSOR, EVERYTHING)["AfWindows"]
    assert left == pytest.approx(x * 4608, abs=1)
    assert left + width <= 4608 + 1
    assert top + height <= 2592 + 1


def test_without_a_face_the_lens_focuses_by_itself() -> None:
    controls = light_controls(LightRequest(), SENSOR, EVERYTHING)
    assert "AfWindows" not in controls
    assert controls["AfMetering"] == 0
