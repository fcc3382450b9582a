"""One look at one frame: find, tell the side, judge the light, read three fields, check them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.cardfront.fields import (
    Birth,
    end_of_birth,
    is_code,
    looks_like_number,
    parse_birth,
    parse_expiry,
    plausible,
)
from reader.cardfront.layout import PX_PER_MM
from reader.cardfront.lines import Box, code_boxes, crop, date_lines
from reader.cardfront.locate import find_card, flatten
from reader.cardfront.quality import measure
from reader.cardfront.recogniser import Recogniser, Words
from reader.cardfront.scratch import Scratch, as_uint8
from reader.cardfront.side import Side, which_side
from reader.cardfront.verification_number import compose
from reader.session.vocabulary import CardFrontProblem

# Measured by `python -m hw_sim.cardfront.calibrate`; see docs/card-front.md.
LEAST_CONFIDENCE = 0.90
LEAST_SHARPNESS = 0.13
POCKET_SIDES = 2
_MOST_LINES = 7
_MOST_CODES = 4
# Looks at one card sample it differently, so that they do not share an unlucky grid: margin, shift in pixels, and
# whether soft focus is undone. The first two take the print as it is; later ones come only where those were unsure.
_SAMPLINGS = ((0.18, 0.0, False), (0.30, 0.5, False), (0.10, 0.25, True), (0.24, 0.75, True))
SAMPLINGS = len(_SAMPLINGS)
_CODE_MARGINS = (0.18, 0.30, 0.45)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look came to: a ``number`` (14 digits, the caller's to wipe) or a ``problem``."""

    number: bytearray | None
    problem: CardFrontProblem | None
    confidence: float = 0.0

    def __repr__(self) -> str:
        return f"Sight({self.problem}, {self.confidence:.2f})"


def look(
    frame: NDArray[np.uint8],
    recogniser: Recogniser,
    today: date,
    turn: int = 0,
    *,
    least_confidence: float = LEAST_CONFIDENCE,
    least_sharpness: float = LEAST_SHARPNESS,
) -> Sight:
    """Look at ``frame``, uint8 RGB (H, W, 3).

    ``turn``: which look at this card it is; any ``SAMPLINGS`` in a row sample the card in as many ways.
    """
    margin, nudge_px, sharpen = _SAMPLINGS[turn % SAMPLINGS]
    with Scratch() as scratch:
        located = find_card(frame, scratch)
        if located is None:
            return _refused(CardFrontProblem.NO_CARD_SEEN)
        card = flatten(frame, located.corners, scratch, nudge_px=nudge_px)
        side = which_side(card, scratch)
        if side is Side.FRONT_UPSIDE_DOWN:
            card = flatten(frame, located.corners, scratch, upside_down=True, nudge_px=nudge_px)
        quality = measure(frame, located.corners, card, scratch)
        if quality.sharpness < least_sharpness:
            return _refused(CardFrontProblem.BLUR)  # whichever side it is: a blurred portrait can look like a chip
        if side is Side.BACK:
            return _refused(CardFrontProblem.BACK_SIDE)
        if quality.pocket_sides >= POCKET_SIDES:
            return _refused(CardFrontProblem.SLEEVE)
        if side is Side.UNSURE:
            return _refused(CardFrontProblem.UNREADABLE)
        return _read(card, recogniser, today, margin, sharpen, least_confidence, scratch)


def _refused(problem: CardFrontProblem) -> Sight:
    return Sight(None, problem)


def _read(
    card: NDArray[np.uint8],
    recogniser: Recogniser,
    today: date,
    margin: float,
    sharpen: bool,
    least_confidence: float,
    scratch: Scratch,
) -> Sight:
    grey = scratch.keep(as_uint8(cv2.cvtColor(card, cv2.COLOR_RGB2GRAY)))
    if sharpen:
        card = _sharpened(card, scratch)
    unreadable = _refused(CardFrontProblem.UNREADABLE)
    birth: Birth | None = None
    expiry: date | None = None
    sure = 1.0
    for box in _by_likelihood(date_lines(grey, scratch))[:_MOST_LINES]:
        words = recogniser.read(crop(card, box, margin, scratch), scratch)
        if looks_like_number(words.text):
            return _refused(CardFrontProblem.BACK_SIDE)
        born, ends = parse_birth(words.text), parse_expiry(words.text)
        if (born is not None and birth is not None) or (ends is not None and expiry is not None):
            return unreadable  # two of a kind: which one holds would be a guess
        birth, expiry = birth or born, expiry or ends
        if born:
            sure = min(sure, words.confidence_up_to(end_of_birth(words.text)))
        elif ends:
            sure = min(sure, words.confidence)
        if birth is not None and expiry is not None:
            break
    if birth is None or expiry is None or not plausible(birth, expiry, today):
        return unreadable
    code = _only_code(card, grey, recogniser, scratch)
    if code is None or min(sure, code.confidence) < least_confidence:
        return unreadable
    number = compose(birth.day, expiry.year, code.text, foreign=birth.foreign)
    return Sight(number, None, min(sure, code.confidence))


def _sharpened(card: NDArray[np.uint8], scratch: Scratch) -> NDArray[np.uint8]:
    """Unsharp masking over the 0.2 mm a soft lens spreads a stroke; boxes are found before, on the print as it is."""
    soft = scratch.keep(as_uint8(cv2.GaussianBlur(card, (0, 0), 0.2 * PX_PER_MM)))
    return scratch.keep(as_uint8(cv2.addWeighted(card, 2.0, soft, -1.0, 0)))


def _only_code(
    card: NDArray[np.uint8], grey: NDArray[np.uint8], recogniser: Recogniser, scratch: Scratch
) -> Words | None:
    """The one short word below the photo that is four digits, or None where there is none, or more than one.

    The code is the smallest print and obeys no rule, so it is read with three margins, which must agree.
    """
    found: Words | None = None
    for box in code_boxes(grey, scratch)[:_MOST_CODES]:
        words = recogniser.read(crop(card, box, _CODE_MARGINS[0], scratch), scratch)
        if not is_code(words.text):
            continue
        if found is not None:
            return None
        found = words
        for margin in _CODE_MARGINS[1:]:
            again = recogniser.read(crop(card, box, margin, scratch), scratch)
            if again.text != words.text:
                return None
            found = Words(words.text, min(found.confidence, again.confidence))
    return found


def _by_likelihood(boxes: list[Box]) -> list[Box]:
    """Large print first (dates are the largest below the address), then from top to bottom."""
    if not boxes:
        return []
    tall = max(box.height for box in boxes)
    return sorted(boxes, key=lambda box: (box.height < 0.72 * tall, box.y))
