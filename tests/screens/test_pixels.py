"""No pixel changes unnoticed: every screen's decoded pixels have a hash, recorded after somebody has looked at it.

``KAOPI_SCREENS=record pytest tests/screens/test_pixels.py`` records; a difference writes a page under
out/screens/changed.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from reader.screen.gallery import Look, hashed_looks, pixel_hash, render
from reader.screen.gallery_diff import write_changes
from reader.screen.painter import Painter
from reader.screen.panels import panel_named
from reader.text import Catalogue

HASHES = Path(__file__).with_name("hashes.json")
CHANGED = Path(__file__).parents[2] / "out" / "screens" / "changed"
RECORDING = os.environ.get("KAOPI_SCREENS") == "record"
CATALOGUE = Catalogue.load()


def recorded() -> dict[str, dict[str, str]]:
    return dict(json.loads(HASHES.read_text(encoding="utf-8"))) if HASHES.is_file() else {}


def record(look: Look, found: dict[str, str]) -> None:
    with Path(__file__).open("rb") as turn:  # workers record side by side
        fcntl.flock(turn, fcntl.LOCK_EX)
        known = {one.folder for one in hashed_looks()}
        everything = {name: hashes for name, hashes in recorded().items() if name in known}
        everything[look.folder] = found
        HASHES.write_text(json.dumps(everything, indent=0, sort_keys=True) + "\n", encoding="utf-8")


@pytest.mark.parametrize("look", hashed_looks(), ids=lambda look: look.folder)
def test_pixels_are_as_recorded(look: Look) -> None:
    painter = Painter(panel_named(look.panel), CATALOGUE)
    found = {case.name: pixel_hash(render(painter, case, look)) for case in look.cases()}
    if RECORDING:
        record(look, found)
        return
    expected = recorded().get(look.folder, {})
    changed = {name for name in found if found[name] != expected.get(name)}
    stale = set(expected) - set(found)
    assert not stale, f"{look.folder}: hashes of screens that are gone: {sorted(stale)}; record again"
    if changed:
        page = write_changes(CHANGED / look.folder.replace("/", "_"), {look: changed}, HASHES)
        pytest.fail(f"{look.folder}: {len(changed)} screens changed ({sorted(changed)[:5]}...); look at {page}")


def test_two_screens_never_look_the_same_by_accident() -> None:
    """Each step's screen differs from every other step's: none was forgotten or copied."""
    basic = [hashes for folder, hashes in recorded().items() if folder == "10.1-1280x800/ja"]
    assert basic, "record the hashes first"
    steps = {name: value for name, value in basic[0].items() if "." not in name}
    assert len(set(steps.values())) == len(steps)
