"""What a small CMOS sensor makes of light: exposure, rolling flicker bands, glare, shot noise, tone curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.raster import Floats
from hw_sim.people.scene import Light

READOUT_S = 0.028  # first to last row, as a 30 fps rolling shutter does it
SHORTEST_US, LONGEST_US = 60.0, 33_000.0
MOST_GAIN = 16.0
FILL_LUX = 260.0  # the fill light at full power on a face at 500 mm
_SENSITIVITY = 0.105 / (300.0 * 16_700.0)  # of full scale per lux and microsecond at gain 1, for a white card
_FULL_WELL = 9_000.0  # electrons of one binned pixel at gain 1
_READ_NOISE = 3.0  # electrons


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a frame is taken. time_us: 60..33000. gain: 1..16. fill: brightness of the fill light, 0..1."""

    time_us: float = 16_000.0
    gain: float = 2.0
    fill: float = 0.0

    @property
    def full_scale_per_lux(self) -> float:
        """Share of full scale that one lux on a white card gives."""
        return _SENSITIVITY * self.time_us * self.gain

    def brighter(self, stops: float) -> Exposure:
        """Return an exposure ``stops`` brighter: time first, then gain, within what the sensor can do."""
        product = self.time_us * self.gain * 2.0**stops
        time = min(max(product, SHORTEST_US), LONGEST_US)
        # Time in whole flicker periods where light allows, as every camera's anti-flicker does.
        if time > 10_000.0:
            time = 10_000.0 * max(1, int(time // 10_000.0))
        gain = min(max(product / time, 1.0), MOST_GAIN)
        if product / time > MOST_GAIN:
            time = LONGEST_US
            gain = min(product / time, MOST_GAIN)
        return Exposure(time, gain, self.fill)


def flicker_rows(light: Light, t: float, exposure: Exposure, height: int) -> Floats | None:
    """Return the brightness of each row (height,) under lamps on unfiltered mains, None without flicker.

    Light swings at twice the mains frequency; each row integrates it over the exposure, later rows later.
    """
    if light.flicker_hz <= 0.0 or light.flicker_depth <= 0.0:
        return None
    frequency = 2.0 * light.flicker_hz
    span = exposure.time_us * 1e-6
    blur = float(np.sinc(frequency * span))
    starts = t + READOUT_S * np.arange(height, dtype=np.float64) / height + span / 2
    return np.asarray(1.0 + light.flicker_depth * blur * np.sin(2 * math.pi * frequency * starts), np.float32)


@lru_cache(maxsize=4)
def _noise(height: int, width: int) -> Floats:
    """Unit noise, larger than the picture so that each frame can take another piece; grains touch as after demosaic."""
    random = np.random.default_rng(97)
    shape = (height + 64, width + 64)
    common = random.standard_normal(shape).astype(np.float32)
    grains = [
        cv2.GaussianBlur(0.75 * common + 0.66 * random.standard_normal(shape).astype(np.float32), (3, 3), 0.55)
        for _ in range(3)
    ]
    stacked = np.dstack(grains)
    return np.asarray(stacked / stacked.std(), np.float32)


@lru_cache(maxsize=1)
def _tone() -> NDArray[np.uint8]:
    """Square root of linear light (0..255) to sRGB code values, with the soft shoulder of a camera's tone curve."""
    root = np.arange(256) / 255.0
    linear = root**2
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    curve = curve + 0.035 * np.sin(np.pi * curve) * (1 - curve)
    return np.asarray(np.clip(curve * 255.0 + 0.5, 0, 255), np.uint8)


def develop(radiance: Floats, exposure: Exposure, rows: Floats | None, number: int) -> NDArray[np.uint8]:
    """Turn light (H, W, 3), as lux from a white card, into the sensor's uint8 RGB picture. ``radiance`` is used up.

    rows: flicker (H,) or None. number: seeds this frame's noise.
    """
    height, width = radiance.shape[:2]
    scale = exposure.full_scale_per_lux
    if rows is None:
        radiance *= scale
    else:
        radiance *= (rows * np.float32(scale))[:, None, None]
    _glare(radiance)
    np.minimum(radiance, 1.0, out=radiance)
    cv2.sqrt(radiance, radiance)
    # In the square root of light shot noise is the same everywhere (Anscombe 1948).
    electrons = _FULL_WELL / exposure.gain
    sigma = 0.5 / math.sqrt(electrons) * math.sqrt(1.0 + (_READ_NOISE / 12.0) ** 2)
    random = np.random.default_rng([number & 0x7FFFFFFF, 53])
    dy, dx = (int(value) for value in random.integers(0, 64, 2))
    piece = _noise(height, width)[dy : dy + height, dx : dx + width]
    noisy = cv2.scaleAdd(piece, sigma, radiance)
    coded = cv2.convertScaleAbs(np.maximum(noisy, 0.0, out=noisy), alpha=255.0)
    return np.asarray(cv2.LUT(coded, _tone()), np.uint8)


def _glare(linear: Floats) -> None:
    """Let what is far too bright spill over its surroundings, as lenses do."""
    small = linear[::8, ::8]
    spill = np.clip(small - 0.9, 0.0, 12.0)
    if float(spill.max(initial=0.0)) <= 0.0:
        return
    wide = cv2.GaussianBlur(spill, (0, 0), 7.0) * 0.030 + cv2.GaussianBlur(spill, (0, 0), 1.6) * 0.025
    linear += cv2.resize(wide, (linear.shape[1], linear.shape[0]), interpolation=cv2.INTER_LINEAR)


def measured(picture: NDArray[np.uint8], region: tuple[float, float, float, float] | None) -> float:
    """Return the mean light of a picture, 0..1 linear: of ``region`` (x, y, w, h in 0..1), else centre-weighted."""
    height, width = picture.shape[:2]
    if region is not None:
        x, y, w, h = region
        left, top = int(max(0.0, x) * width), int(max(0.0, y) * height)
        part = picture[top : max(top + 4, int((y + h) * height)), left : max(left + 4, int((x + w) * width))]
        if part.size:
            return float(_decode()[part[::4, ::4]].mean())
    coarse = _decode()[picture[::16, ::16]].mean(axis=2)
    rows = np.hanning(coarse.shape[0] + 2)[1:-1]
    columns = np.hanning(coarse.shape[1] + 2)[1:-1]
    weight = 0.5 + np.outer(rows, columns)
    return float((coarse * weight).sum() / weight.sum())


@lru_cache(maxsize=1)
def _decode() -> Floats:
    return np.asarray((np.arange(256) / 255.0) ** 2.2, np.float32)
