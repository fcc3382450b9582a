"""The light loop: before a patient is asked to do anything about the light, the camera and the fill light are tried.

A controller in exposure stops on the face's own luminance, around the camera's own automatic exposure: it asks, lets
the camera settle, looks again. Exposure comes first; the fill light only where that is not enough, and it goes down
only where there is light to spare, so that it never flashes into a face.
"""

from __future__ import annotations

import math
from dataclasses import replace

from reader.devices.ports import LightRequest

TARGET = 0.46  # mean face luminance, 0..1 of sRGB code values: mid grey (18 %) is 0.46
DEAD_BAND_STOPS = 0.15
GAIN = 0.8
FILL_STEP = 0.25
EV_LIMIT = 3.0
BACK_LIGHT = 2.0  # background over face, in linear light
SETTLE_S = 0.3  # that automatic exposure takes to follow a request: asking again before it has is how loops hunt
_ANSWERS = 0.25  # share of the stops asked for that must be seen; with less the camera is at its longest exposure


class LightLoop:
    """Turns what the face looks like into what to ask of camera and lamp."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> LightRequest:
        """Begin anew, because the next patient stands elsewhere; return what to ask of camera and lamp for that."""
        self._request = LightRequest()
        self._asked_at = -math.inf
        self._most_ev = EV_LIMIT
        self._tried: tuple[float, float] | None = None  # ev and error before exposure alone was raised
        return self._request

    def answer(
        self, box: tuple[float, float, float, float] | None, face_luminance: float, background_ratio: float, at: float
    ) -> LightRequest | None:
        """Return a new request, or None while all is well or the last one has yet to take effect.

        box: face in 0..1 of the frame. face_luminance: 0..1. background_ratio: background over face in linear light.
        at: monotonic seconds of the frame.
        """
        if box is None or face_luminance <= 0.0 or at - self._asked_at < SETTLE_S:
            return None
        if self._request.region is None:  # metering on the face does most of it: see first how far that goes
            return self._ask(replace(self._request, region=box), at)
        error = math.log2(TARGET / max(face_luminance, 0.01)) * 2.2  # code values to stops of light (gamma 2.2)
        if abs(error) < DEAD_BAND_STOPS:
            return None
        self._learn(error)
        ev = min(self._most_ev, max(-EV_LIMIT, self._request.ev + GAIN * error))
        fill = self._request.fill
        if error > 0 and (ev >= min(EV_LIMIT / 2, self._most_ev) or background_ratio > BACK_LIGHT):
            fill = min(1.0, fill + FILL_STEP)
        elif error < 0 and ev <= -EV_LIMIT / 2:
            fill = max(0.0, fill - FILL_STEP)
        raised_alone = ev > self._request.ev and fill == self._request.fill
        self._tried = (self._request.ev, error) if raised_alone else None
        return self._ask(replace(self._request, ev=ev, fill=fill, region=box), at)

    def _learn(self, error: float) -> None:
        """Ask for no more than the camera could give: what it cannot would have to be taken back step by step later."""
        if self._tried is None:
            return
        ev, before = self._tried
        if before - error < _ANSWERS * (self._request.ev - ev):
            self._most_ev = ev

    def _ask(self, request: LightRequest, at: float) -> LightRequest | None:
        if request == self._request:
            return None
        self._request, self._asked_at = request, at
        return request
