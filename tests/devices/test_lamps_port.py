"""The Lamps port: gpiozero on its own mock pins, and the disabled adapter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reader.devices.disabled import DisabledLamps
from reader.devices.lamps_gpiozero import PATTERNS, GpioLamps, LampSettings, Pattern
from reader.devices.ports import DeviceError, Lamps
from reader.session.vocabulary import Lamp


@pytest.fixture(params=["gpiozero", "disabled"])
def lamps(request: pytest.FixtureRequest, pins: MockFactory) -> Iterator[Lamps]:
    made: Lamps = GpioLamps(LampSettings()) if request.param == "gpiozero" else DisabledLamps()
    yield made
    made.close()


@pytest.mark.parametrize("lamp", Lamp)
def test_every_state_can_be_shown_twice(lamps: Lamps, lamp: Lamp) -> None:
    lamps.show(lamp)
    lamps.show(lamp)


def test_any_fill_level_is_taken(lamps: Lamps) -> None:
    for level in (-1.0, 0.0, 0.5, 1.0, 7.0):
        lamps.fill(level)


def test_close_is_always_allowed(lamps: Lamps) -> None:
    lamps.close()
    lamps.close()


def test_every_state_has_a_pattern_and_no_two_look_alike_except_by_the_screen() -> None:
    assert set(PATTERNS) == set(Lamp)
    alike = [lamp for lamp in Lamp if PATTERNS[lamp] == PATTERNS[Lamp.GOOD]]
    assert alike == [Lamp.LOOK_HERE, Lamp.GOOD]


def test_nothing_flashes_more_than_three_times_a_second() -> None:
    """WCAG 2.3.1."""
    for patterns in PATTERNS.values():
        for pattern in patterns.values():
            assert pattern.off_s == 0.0 or 1.0 / (pattern.on_s + pattern.off_s) <= 3.0


def test_a_fault_lights_red_and_darkens_the_rest(pins: MockFactory) -> None:
    board = GpioLamps(LampSettings())
    board.show(Lamp.LOOK_HERE)
    assert (pins.pin(17).state, pins.pin(27).state, pins.pin(22).state) == (1, 1, 0)
    board.show(Lamp.FAULT)
    assert (pins.pin(17).state, pins.pin(27).state, pins.pin(22).state) == (0, 0, 1)
    board.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(level=st.floats(-10, 10), limit=st.floats(0.0, 1.0))
def test_the_fill_light_never_exceeds_its_limit(pins: MockFactory, level: float, limit: float) -> None:
    board = GpioLamps(LampSettings(fill_max=limit))
    board.fill(level)
    assert 0.0 <= pins.pin(18).state <= limit + 1e-9
    board.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(brightness=st.floats(0.05, 1.0), lamp=st.sampled_from(Lamp))
def test_signal_lamps_are_as_bright_as_the_site_wants(pins: MockFactory, brightness: float, lamp: Lamp) -> None:
    board = GpioLamps(LampSettings(brightness=brightness))
    board.show(lamp)
    lit = {17: "slot", 27: "camera", 22: "fault"}
    for pin, place in lit.items():
        pattern = PATTERNS[lamp].get(place)  # type: ignore[call-overload]
        if pattern is None:
            assert pins.pin(pin).state == 0.0
        elif pattern.off_s == 0.0:
            assert pins.pin(pin).state == pytest.approx(brightness)
    board.close()


def test_a_blinking_lamp_goes_on_at_its_brightness_and_off(pins: MockFactory) -> None:
    board = GpioLamps(LampSettings(brightness=0.4))
    board.show(Lamp.TAKE_CARD)
    seen: set[float] = set()
    until = time.monotonic() + 3.0
    while len(seen) < 2 and time.monotonic() < until:
        seen.add(round(float(pins.pin(17).state), 2))
        time.sleep(0.02)
    board.close()
    assert seen == {0.0, 0.4}


def test_the_states_are_documented_as_they_are() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "hardware.md").read_text("utf-8")
    for lamp in Lamp:
        cells = [_word(PATTERNS[lamp].get(place)) for place in ("slot", "camera", "fault")]
        assert f"| {lamp.value} | {' | '.join(cells)} |" in page


def _word(pattern: Pattern | None) -> str:
    if pattern is None:
        return "off"
    return "on" if pattern.off_s == 0.0 else f"{pattern.on_s:g} s on, {pattern.off_s:g} s off"


def test_after_close_the_pins_are_free_and_dark(pins: MockFactory) -> None:
    board = GpioLamps(LampSettings())
    board.show(Lamp.GOOD)
    board.close()
    GpioLamps(LampSettings()).close()
    assert pins.pin(17).state == 0


def test_a_pin_in_use_is_named(pins: MockFactory) -> None:
    first = GpioLamps(LampSettings())
    with pytest.raises(DeviceError, match="uses this pin"):
        GpioLamps(LampSettings())
    first.close()


def test_two_lamps_on_one_pin_are_refused() -> None:
    with pytest.raises(ValueError, match="share a pin"):
        LampSettings(slot_pin=5, camera_pin=5)


def test_a_lamp_that_is_not_built_in_is_left_out(pins: MockFactory) -> None:
    board = GpioLamps(LampSettings(camera_pin=None, fill_pin=None))
    board.show(Lamp.LOOK_HERE)
    board.fill(1.0)
    assert pins.pin(17).state == 1
    board.close()
