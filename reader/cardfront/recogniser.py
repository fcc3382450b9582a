"""Read one text line: a PP-OCR recogniser (CTC) run directly by onnxruntime.

Model: PP-OCRv6 small recognition (PaddleOCR, Apache-2.0). Input float32 RGB->BGR (1, 3, 48, W) scaled to -1..1;
output softmax (1, T, classes) with class 0 the CTC blank (Graves et al., 2006). The alphabet is in the model's own
metadata. Text never becomes a ``str``: it is UTF-8 in a bytearray that is overwritten with the rest of the scratch.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from reader.cardfront.scratch import Scratch

_HEIGHT = 48
_LEAST_WIDTH = 64
_MOST_WIDTH = 960
_BLANK = 0


@dataclass(frozen=True, slots=True)
class Words:
    """``text``: UTF-8, white space left out, wide forms folded (NFKC). ``confidence``: of the least sure character."""

    text: bytearray
    confidence: float
    chances: tuple[tuple[int, float], ...] = ()  # (end in ``text``, chance) of each character

    def confidence_up_to(self, end: int) -> float:
        """That of the least sure character before byte ``end``."""
        return min((chance for stop, chance in self.chances if stop <= end), default=self.confidence)

    def __repr__(self) -> str:
        return f"Words({self.confidence:.2f})"


class Recogniser:
    """Loads once, reads many. Not for two threads at a time."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        """``session``: the recogniser, its hash checked by whoever opened it. Raises ValueError on another model."""
        self._session = session
        self._input = self._session.get_inputs()[0].name
        listed = self._session.get_modelmeta().custom_metadata_map.get("character", "")
        self._alphabet = _alphabet(listed)
        classes = self._session.get_outputs()[0].shape[-1]
        if len(self._alphabet) != classes:
            raise ValueError(
                f"the model lists {len(self._alphabet)} characters for {classes} classes; run `make models`"
            )

    def read(self, line: NDArray[np.uint8], scratch: Scratch) -> Words:
        """Read ``line``, uint8 RGB (h, w, 3) holding one line of text."""
        height, width = line.shape[:2]
        wide = min(_MOST_WIDTH, max(_LEAST_WIDTH, round(width * _HEIGHT / height)))
        sized = scratch.keep(cv2.resize(line, (wide, _HEIGHT), interpolation=cv2.INTER_LINEAR))
        scaled = scratch.keep(sized[..., ::-1].astype(np.float32) / 127.5 - 1.0)
        tensor = scratch.keep(np.ascontiguousarray(scaled.transpose(2, 0, 1)[None]))
        output = self._session.run(None, {self._input: tensor})[0]
        assert isinstance(output, np.ndarray)
        chances = scratch.keep(output)[0]
        best = scratch.keep(chances.argmax(axis=1))
        text = scratch.keep_bytes(bytearray())
        chances_of: list[tuple[int, float]] = []
        before, peak = _BLANK, 0.0
        for step, index in enumerate([*best.tolist(), _BLANK]):
            if index != before:
                if self._alphabet[before]:  # white space may be doubtful; it is left out anyway
                    text += self._alphabet[before]
                    chances_of.append((len(text), peak))
                before, peak = index, 0.0
            if index != _BLANK:
                peak = max(peak, float(chances[step, index]))
        return Words(text, min((chance for _, chance in chances_of), default=0.0), tuple(chances_of))


@lru_cache(maxsize=1)
def _alphabet(listed: str) -> tuple[bytes, ...]:
    """One UTF-8 text per class: the blank, the listed characters folded to their plain form, the space."""
    return (b"", *("".join(unicodedata.normalize("NFKC", c).split()).encode() for c in listed.split("\n")), b"")
