"""Why there is no face in a picture, where the picture as a whole says it: nobody is sent looking in the dark."""

from __future__ import annotations

from reader.face.image import Pixels
from reader.face.light import CLIPPED
from reader.session.vocabulary import Guidance

_STRIDE = 16  # every sixteenth pixel each way: a thousand of them say how bright a picture is
_BLACK = 0.06  # mean of the code values, 0..1; a room that exposure still lights up has more
_MOST_CLIPPED = 0.85  # share of the pixels at the sensor's upper end


def why_unseen(rgb: Pixels) -> Guidance:
    """Return what to tell whoever stands before a camera that sees no face. rgb: uint8 (H, W, 3).

    TOO_DARK where hardly any light comes in (night, a covered lens), DIRECT_LIGHT where nearly all is blown out (a lamp
    into the lens), else FIND_FACE.
    """
    some = rgb[::_STRIDE, ::_STRIDE]
    if float(some.mean()) < _BLACK * 255.0:
        return Guidance.TOO_DARK
    if float((some.min(axis=2) > CLIPPED).mean()) > _MOST_CLIPPED:
        return Guidance.DIRECT_LIGHT
    return Guidance.FIND_FACE
