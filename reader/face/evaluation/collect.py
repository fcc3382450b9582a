"""Take evaluation pictures of consenting people: the only place in kaopi that ever writes a face to disk.

It is a lab's tool. It refuses on a production kiosk, without consent, and where a code looks like a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face.evaluation.datasets import LIVE

_CODE = re.compile(r"[A-Za-z]{0,3}[0-9][0-9A-Za-z-]{0,15}")


class CollectRefused(RuntimeError):
    """Pictures may not be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be written where."""

    folder: Path
    frames: int


def plan(data: Path, subject: str, session: str, species: str, frames: int, *, consent: bool, production: bool) -> Plan:
    """Check everything that must hold before a picture is taken. Raises CollectRefused."""
    if production:
        raise CollectRefused("this is a production kiosk: pictures of patients are never stored. Use a lab machine.")
    if not consent:
        raise CollectRefused("no pictures without consent: ask the person in writing, then add --consent")
    for what, code in (("subject", subject), ("session", session)):
        if not _CODE.fullmatch(code):
            raise CollectRefused(f"{what} {code!r} is not a code: use letters and digits such as S01, never a name")
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,30}", species):
        raise CollectRefused(f"species {species!r}: use small letters, digits and hyphens, for example print or replay")
    if not 1 <= frames <= 10_000:
        raise CollectRefused(f"{frames} frames: choose 1 to 10000")
    root = data / "people" if species == LIVE else data / "attacks" / species
    folder = root / subject / session
    if folder.exists() and any(folder.iterdir()):
        raise CollectRefused(f"{folder} already holds pictures: choose another session code")
    return Plan(folder, frames)


def run(what: Plan, camera: Iterator[NDArray[np.uint8]], show: Callable[[int], None]) -> int:
    """Write ``what.frames`` pictures of ``camera`` (RGB) as PNG, readable by the owner only. Returns how many."""
    what.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken = 0
    for number, rgb in zip(range(what.frames), camera, strict=False):
        path = what.folder / f"{number:06d}.png"
        done, data = cv2.imencode(".png", np.ascontiguousarray(rgb[:, :, ::-1]))
        if not done:
            raise CollectRefused(f"{path} could not be encoded")
        path.touch(mode=0o600)
        path.write_bytes(data.tobytes())
        taken += 1
        show(taken)
    return taken


def webcam(index: int = 0) -> Iterator[NDArray[np.uint8]]:
    """Yield RGB pictures of a lab machine's camera. Raises CollectRefused when there is none."""
    capture = cv2.VideoCapture(index)
    try:
        while True:
            there, picture = capture.read()
            if not there or picture is None:
                raise CollectRefused(f"camera {index} gives no picture: connect one, or close what is using it")
            yield np.ascontiguousarray(picture[:, :, ::-1], np.uint8)
    finally:
        capture.release()
