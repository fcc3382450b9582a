"""The light loop: before a patient is asked to do anything about the light, the camera and the fill light are tried.

A proportional controller in exposure stops on the face's own luminance; back light raises the fill light as well.
"""

from __future__ import annotations

import math
from dataclasses import replace

from reader.devices.ports import LightRequest

TARGET = 0.46  # mean face luminance, 0..1 of sRGB code values: mid grey (18 %) is 0.46
DEAD_BAND_STOPS = 0.15
GAIN = 0.6
FILL_STEP = 0.25
EV_LIMIT = 3.0


class LightLoop:
    """Turns what the face looks like into what to ask of camera and lamp."""

    def __init__(self) -> None:
        self._request = LightRequest()

    def reset(self) -> LightRequest:
        """Begin anew, because the next patient stands elsewhere; return what to ask of camera and lamp for that."""
        self._request = LightRequest()
        return self._request

    def answer(
        self, box: tuple[float, float, float, float] | None, face_luminance: float, background_ratio: float
    ) -> LightRequest | None:
        """Return a new request, or None while all is well.

        box: face in 0..1 of the frame. face_luminance: 0..1. background_ratio: background over
        face in linear light.
        """
        if box is None or face_luminance <= 0.0:
            return None
        error = math.log2(TARGET / max(face_luminance, 0.01)) * 2.2  # code values to stops of light (gamma 2.2)
        if abs(error) < DEAD_BAND_STOPS and self._request.region is not None:
            return None
        ev = min(EV_LIMIT, max(-EV_LIMIT, self._request.ev + GAIN * error))
        fill = self._request.fill
        if error > 0 and (ev >= EV_LIMIT / 2 or background_ratio > 2.0):
            fill = min(1.0, fill + FILL_STEP)
        elif error < 0 and fill > 0:
            fill = max(0.0, fill - FILL_STEP)
        request = replace(self._request, ev=ev, fill=fill, region=box)
        if request == self._request:
            return None
        self._request = request
        return request
