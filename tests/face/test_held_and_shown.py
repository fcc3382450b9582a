"""Sheets and screens give themselves away: by edges that go with the face, and by bands that run over it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.face.bands import BandMeter
from reader.face.geometry import CHIN, FOREHEAD, LEFT_EYE_OUTER, NASION, RIGHT_EYE_OUTER, Points
from reader.face.liveness.border import BorderCue
from reader.face.liveness.rule import LEAST_BANDS, LEAST_BORDER

Picture = NDArray[np.uint8]
EYES = 90.0


def mesh(x: float, y: float) -> Points:
    """Mesh points of a level face 140 wide and 190 high, with its nasion at (x, y)."""
    points = np.zeros((468, 3), np.float32)
    points[:, :2] = np.random.default_rng(2).uniform((x - 70, y - 70), (x + 70, y + 120), (468, 2))
    for number, (across, down) in {
        RIGHT_EYE_OUTER: (-EYES / 2, 0), LEFT_EYE_OUTER: (EYES / 2, 0), NASION: (0, 0),
        FOREHEAD: (0, -70), CHIN: (0, 120),
    }.items():  # fmt: skip
        points[number, :2] = x + across, y + down
    return points


def room(*edges: float) -> Picture:
    """A grey wall with upright edges at these columns, and sensor noise."""
    columns = np.full(640, 120.0)
    for edge in edges:
        columns[round(edge) :] += 60.0 if columns[round(edge)] < 150 else -60.0
    wall = np.repeat(np.repeat(columns[None, :, None], 480, axis=0), 3, axis=2)
    return np.clip(wall + np.random.default_rng(3).normal(0, 2, wall.shape), 0, 255).astype(np.uint8)


def border(edges_at: Callable[[float], tuple[float, ...]], sway: float = 14.0) -> float:
    """Score of a face that sways by so many pixels before edges at ``edges_at(x of the face)``."""
    cue = BorderCue()
    for look in range(10):
        x = 320.0 + sway * math.sin(look)
        cue.add(room(*edges_at(x)), mesh(x, 220.0), look * 0.1)
    return cue.score


def test_edges_that_go_with_the_face_are_a_thing_held_up() -> None:
    assert border(lambda x: (x - 110, x + 115)) > LEAST_BORDER


def test_a_door_and_a_window_stay_where_they_are() -> None:
    assert border(lambda x: (205, 440)) <= 0.0


def test_one_edge_is_not_enough() -> None:
    assert border(lambda x: (x - 110,)) == 0.0


def test_a_face_and_edges_that_both_rest_show_nothing() -> None:
    assert border(lambda x: (210, 435), sway=0.0) == pytest.approx(0.0, abs=1e-6)


def banded(depth_room: float, depth_face: float, hertz: float, sway: float = 0.0) -> BandMeter:
    """Meter after two seconds before lamps and a screen whose light swings so deeply at ``hertz``."""
    meter = BandMeter()
    generator = np.random.default_rng(4)
    rows, columns = np.arange(480)[:, None], np.arange(640)[None, :]
    for look in range(20):
        at = look * 0.1
        y = 220.0 + sway * math.sin(look)
        features = 0.75 + 0.15 * np.sin((rows - y) / 14.0) * np.cos(columns / 60.0)
        wave = np.sin(2 * math.pi * hertz * (at + 0.028 * rows / 480))
        face = (np.abs(columns - 320) < 75) & (np.abs(rows - y - 25) < 100)
        light = np.where(face, features * (1 + depth_face * wave), 0.6 * (1 + depth_room * wave))
        coded = 255 * (light / 1.4) ** (1 / 2.2) + generator.normal(0, 2, light.shape)
        meter.add(np.repeat(np.clip(coded, 0, 255)[..., None], 3, axis=2).astype(np.uint8), mesh(320.0, y), at)
    return meter


def test_steady_light_has_no_bands_even_where_a_face_moves() -> None:
    meter = banded(0.0, 0.0, 100.0, sway=3.0)
    assert meter.room < 0.01
    assert meter.face < LEAST_BANDS


@pytest.mark.parametrize("hertz", [101.0, 121.0])
def test_the_depth_of_flickering_lamps_is_measured(hertz: float) -> None:
    meter = banded(0.2, 0.2, hertz)
    assert meter.room == pytest.approx(0.15, rel=0.3)  # slow drifts are taken away, and some of the band with them
    assert meter.face - 1.5 * meter.room < LEAST_BANDS


@pytest.mark.parametrize("hertz", [119.0, 241.0])  # at 60 Hz a face shows too little of a swing
def test_bands_on_the_face_alone_are_a_screen(hertz: float) -> None:
    meter = banded(0.0, 0.1, hertz)
    assert meter.face - 1.5 * meter.room > LEAST_BANDS


def test_bands_in_step_with_the_camera_cannot_be_seen() -> None:
    assert banded(0.2, 0.2, 100.0).room < 0.01


def test_nothing_is_left_after_closing() -> None:
    meter = banded(0.1, 0.1, 101.0)
    kept = [rows for store in (meter._room, meter._face) for rows in store]
    meter.close()
    assert kept
    assert all(not rows.any() for rows in kept)
