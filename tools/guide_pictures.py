"""Makes the pictures of docs/guide.md from the program itself: `python tools/guide_pictures.py`, or ``--check``.

Screens are drawn from the examples that the screen tests use; the refusal comes from a really refused set-up file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from reader.config.load import ConfigError, Problem
from reader.provision.fleet import example
from reader.provision.schema import FILE_NAME, load_setup
from reader.screen.cases import cases
from reader.screen.painter import Painter
from reader.screen.panels import PANEL_10
from reader.screen.refusal import draw_refusal
from reader.text import Catalogue

FOLDER = Path(__file__).resolve().parents[1] / "docs/images/guide"
SCREENS = ("idle", "face", "consent", "done")


def refused() -> list[Problem]:
    """Return what is wrong with a set-up file in which a key is misspelt and a passphrase is missing."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / FILE_NAME
        text = example().replace("kiosk_id", "kiosk_ld").replace("[network]\n", '[network]\nssid = "clinic"\n')
        token = f'\n[enrolment]\naddress = "192.168.1.10:8738"\ntoken = "{"A" * 32}"\nfingerprint = "{"0" * 64}"\n'
        file.write_text(text + token, "utf-8")
        try:
            load_setup(file, None)
        except ConfigError as error:
            return [replace(problem, file=FILE_NAME) for problem in error.problems]
    raise AssertionError("the misspelt file was accepted")


def pictures() -> dict[str, pygame.Surface]:
    """Return every picture by name."""
    found: dict[str, pygame.Surface] = {}
    size = (PANEL_10.width, PANEL_10.height)
    examples = {case.name: case for case in cases()}
    for name in SCREENS:
        surface = pygame.Surface(size, depth=32)
        Painter(PANEL_10, Catalogue.load()).draw(surface, examples[name].model())
        found[name] = surface
    surface = pygame.Surface(size, depth=32)
    draw_refusal(surface, PANEL_10, refused())
    found["refused"] = surface
    return found


def pixels(surface: pygame.Surface) -> bytes:
    """Return what is compared."""
    return pygame.image.tobytes(surface, "RGB")


def main() -> int:
    """Write the pictures, or with --check say whether all are there and the refusal as drawn. Returns the exit code.

    How the patients' screens look is held by tests/screens; make the pictures again after a change there.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, surface in pictures().items():
        file = FOLDER / f"{name}.png"
        if "--check" not in sys.argv:
            pygame.image.save(surface, file)
        elif not file.is_file() or (name not in SCREENS and pixels(pygame.image.load(file)) != pixels(surface)):
            stale.append(file.name)
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run python tools/guide_pictures.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
