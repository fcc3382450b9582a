"""Puts the moments of a visit together as an animated WebP."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from hw_sim.showcase.drawing import Story, frame

FPS = 12.0
STILL_MS = 2500  # the last picture stays, then it begins again
LARGEST = 3_000_000


def moments(told: Story) -> list[float]:
    """Return the seconds that are drawn."""
    first = told.zero - 0.6
    return [first + number / FPS for number in range(int((told.end - first) * FPS) + 1)]


def save(told: Story, path: Path) -> int:
    """Write the animation; return its size in bytes. Raises ValueError when it is too large for a README."""
    frames = [frame(told, at) for at in moments(told)]
    took = [round(1000 / FPS)] * (len(frames) - 1) + [STILL_MS]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.webp")
    _write(part, frames, took)
    size = part.stat().st_size
    if size > LARGEST:
        part.unlink()
        raise ValueError(f"the animation has {size:,} bytes, more than {LARGEST:,}")
    part.replace(path)
    return size


def _write(path: Path, frames: list[Image.Image], took: list[int]) -> None:
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=took, loop=0, quality=80, method=4)
