"""Where the confidence bound belongs: ``python -m hw_sim.cardfront.calibrate --n 300``.

Single looks, both bounds switched off, at frames blurred, noisy and shrunken far beyond what the kiosk meets. Prints,
for each confidence bound, how many numbers that the rules of issue let pass are right and how many are wrong. The
kiosk asks for two looks on top, so what remains here is what two looks must catch.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.cardfront.content import sample_content
from hw_sim.cardfront.evaluate import TODAY, upper_bound
from hw_sim.cardfront.render import Condition, front_frames
from reader.cardfront.look import look
from reader.cardfront.reader import MODEL
from reader.cardfront.recogniser import Recogniser
from reader.cardfront.verification_number import compose
from reader.face.manifest import default_path
from reader.face.modelstore import ModelStore

BOUNDS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


@dataclass(frozen=True, slots=True)
class Look:
    """One look that gave a number: how sure, and whether it was right."""

    confidence: float
    right: bool
    blur: float


def stress(frame: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], float]:
    """Spoil ``frame`` (uint8 RGB): out of focus 0..5 px, shrunk to 0.45..1, noise 0..35 levels. Also return blur."""
    blur, shrink, noise = rng.uniform(0.3, 5), rng.uniform(0.45, 1), rng.uniform(0, 35)
    spoiled = cv2.GaussianBlur(frame, (0, 0), blur)
    small = cv2.resize(spoiled, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)
    noisy = back + rng.standard_normal(back.shape, dtype=np.float32) * noise
    return np.asarray(np.clip(noisy, 0, 255), np.uint8), blur


def looks(n: int, first_seed: int, models: ModelStore) -> list[Look]:
    """Take ``n`` looks at as many cards and keep those that gave a number."""
    recogniser = Recogniser(models.session(MODEL))
    kept = []
    for seed in range(first_seed, first_seed + n):
        content = sample_content(seed, TODAY)
        truth = compose(content.birth, content.expiry.year, content.code, foreign=content.gregorian)
        frame, blur = stress(next(front_frames(content, seed, Condition.CLEAN)), np.random.default_rng([seed, 33]))
        sight = look(frame, recogniser, TODAY, seed, least_confidence=0.0, least_sharpness=0.0)
        if sight.number is not None:
            kept.append(Look(sight.confidence, sight.number == truth, blur))
    return kept


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.cardfront.calibrate")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=900_001)
    parser.add_argument("--models", type=Path, default=default_path().parent)
    options = parser.parse_args(arguments)
    seen = looks(options.n, options.seed, ModelStore(options.models))
    sys.stdout.write(
        f"{options.n} looks, {len(seen)} gave a number\n{'bound':>6} {'right':>6} {'wrong':>6} {'wrong <=':>9}\n"
    )
    for bound in BOUNDS:
        passing = [one for one in seen if one.confidence >= bound]
        wrong = sum(not one.right for one in passing)
        most = upper_bound(wrong, len(passing))
        sys.stdout.write(f"{bound:6.2f} {len(passing) - wrong:6} {wrong:6} {most:9.2%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
