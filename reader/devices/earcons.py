"""The short sounds, made by arithmetic: fundamental below 2500 Hz (JIS S 0014), classes of JIS S 0013."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reader.session.vocabulary import Earcon

# (frequency in Hz, seconds); frequency 0 is a pause. One short accepts, two ask for attention, a long one is a fault.
TONES: dict[Earcon, tuple[tuple[float, float], ...]] = {
    Earcon.ACCEPT: ((1760.0, 0.10),),
    Earcon.ATTENTION: ((1320.0, 0.12), (0.0, 0.10), (1320.0, 0.12)),
    Earcon.FAULT: ((660.0, 0.60),),
}
_EDGE_S = 0.008  # soft edges, so that a tone does not click


def samples(earcon: Earcon, rate: int) -> NDArray[np.int16]:
    """Return mono int16 samples of an earcon at ``rate`` Hz, peak at half of full scale."""
    parts = [_tone(frequency, seconds, rate) for frequency, seconds in TONES[earcon]]
    return np.round(np.concatenate(parts) * 16383).astype(np.int16)


def _tone(frequency: float, seconds: float, rate: int) -> NDArray[np.float64]:
    count = round(seconds * rate)
    t = np.arange(count) / rate
    edge = np.minimum(1.0, np.minimum(t, t[::-1]) / _EDGE_S)
    # A little of the second harmonic carries through a small loudspeaker and to ageing ears.
    return np.asarray((np.sin(2 * np.pi * frequency * t) + 0.3 * np.sin(4 * np.pi * frequency * t)) / 1.3 * edge)
