"""The Display port on SDL's dummy driver: real pygame, real events, every rotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import pygame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.config.panels import PANELS
from reader.devices.display_pygame import DisplaySettings, PygameDisplay, _driver, open_headless

Rotation = Literal[0, 90, 180, 270]
ROTATIONS: tuple[Rotation, ...] = (0, 90, 180, 270)


class Clock:
    """A clock the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def screen(clock: Clock) -> Iterator[Callable[[Rotation], PygameDisplay]]:
    opened: list[PygameDisplay] = []

    def open_turned(rotation: Rotation) -> PygameDisplay:
        display = PygameDisplay(DisplaySettings(driver="dummy", rotation=rotation, panel="pi7-800x480"), clock)
        opened.append(display)
        display.poll()
        return display

    yield open_turned
    for display in opened:
        display.close()


def finger(x: float, y: float) -> None:
    """Put a finger down at (x, y) of the panel, 0..1 from its own top left."""
    pygame.event.post(pygame.event.Event(pygame.FINGERDOWN, touch_id=1, finger_id=1, x=x, y=y, dx=0.0, dy=0.0))


def mouse(x: int, y: int, *, button: int = 1, touch: bool = False) -> None:
    """Press a mouse button at (x, y) pixels of the panel."""
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(x, y), button=button, touch=touch))


@pytest.mark.parametrize("name", sorted(PANELS))
def test_every_panel_opens_at_its_size(name: str) -> None:
    display = open_headless({"panel": name})
    try:
        size = next(panel for key, panel in PANELS.items() if key == name)
        assert display.surface.get_size() == (size.width, size.height) == (display.panel.width, display.panel.height)
        assert display.panel.px_per_mm == size.px_per_mm
    finally:
        display.close()


def test_a_finger_is_where_it_touched(screen: Callable[[Rotation], PygameDisplay], clock: Clock) -> None:
    display = screen(0)
    finger(0.25, 0.5)
    (pointer,) = display.poll()
    assert (pointer.x, pointer.y, pointer.at) == (200, 240, clock.now)


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_what_is_drawn_is_touched_where_it_appears(
    screen: Callable[[Rotation], PygameDisplay], rotation: Rotation
) -> None:
    display = screen(rotation)
    display.surface.fill("black")
    x, y = 30, 70
    display.surface.fill("white", (x - 2, y - 2, 5, 5))
    display.flip()
    window = pygame.display.get_surface()
    assert window is not None
    lit = [
        (column, row)
        for row in range(window.get_height())
        for column in range(window.get_width())
        if window.get_at((column, row))[0] > 200
    ]
    assert len(lit) == 25
    column, row = sorted(lit)[12]
    mouse(column, row)
    (pointer,) = display.poll()
    assert abs(pointer.x - x) <= 2
    assert abs(pointer.y - y) <= 2


def test_one_touch_reported_twice_is_one_press(screen: Callable[[Rotation], PygameDisplay]) -> None:
    display = screen(0)
    finger(0.5, 0.5)
    mouse(400, 240)
    mouse(401, 240, touch=True)
    assert len(display.poll()) == 1


def test_two_touches_in_a_row_are_two_presses(screen: Callable[[Rotation], PygameDisplay], clock: Clock) -> None:
    display = screen(0)
    finger(0.5, 0.5)
    first = display.poll()
    clock.now += 0.2
    mouse(400, 240)
    assert len(first) == len(display.poll()) == 1


def test_a_mouse_elsewhere_at_the_same_time_counts(screen: Callable[[Rotation], PygameDisplay]) -> None:
    display = screen(0)
    finger(0.5, 0.5)
    mouse(10, 10)
    assert [(pointer.x, pointer.y) for pointer in display.poll()] == [(400, 240), (10, 10)]


def test_only_the_first_button_presses(screen: Callable[[Rotation], PygameDisplay]) -> None:
    display = screen(0)
    mouse(5, 5, button=3)
    mouse(5, 5, button=4)
    assert display.poll() == []


def test_keys_come_by_name(screen: Callable[[Rotation], PygameDisplay]) -> None:
    display = screen(0)
    for key in (pygame.K_5, pygame.K_RETURN, pygame.K_KP7):
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
    assert [pointer.key for pointer in display.poll()] == ["5", "return", "[7]"]


def test_closing_the_window_ends_the_program(screen: Callable[[Rotation], PygameDisplay]) -> None:
    display = screen(0)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    with pytest.raises(SystemExit):
        display.poll()


@given(x=st.floats(0.0, 1.0), y=st.floats(0.0, 1.0), rotation=st.sampled_from(ROTATIONS))
def test_a_touch_is_always_on_the_surface(x: float, y: float, rotation: Rotation) -> None:
    display = PygameDisplay(DisplaySettings(driver="dummy", rotation=rotation, panel="pi7-800x480"), lambda: 0.0)
    try:
        display.poll()
        finger(x, y)
        (pointer,) = display.poll()
        assert 0 <= pointer.x < display.panel.width
        assert 0 <= pointer.y < display.panel.height
    finally:
        display.close()


@pytest.mark.parametrize(
    ("wished", "environ", "platform", "driver"),
    [
        ("auto", {}, "linux", "kmsdrm"),
        ("auto", {"WAYLAND_DISPLAY": "wayland-0"}, "linux", ""),
        ("auto", {"DISPLAY": ":0"}, "linux", ""),
        ("auto", {}, "darwin", ""),
        ("auto", {"SDL_VIDEODRIVER": "dummy"}, "linux", "dummy"),
        ("kmsdrm", {"DISPLAY": ":0"}, "linux", "kmsdrm"),
    ],
)
def test_a_console_gets_kmsdrm_and_a_desktop_a_window(
    wished: str, environ: dict[str, str], platform: str, driver: str
) -> None:
    assert _driver(wished, environ, platform) == driver
