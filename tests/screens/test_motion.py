"""What moves, moves at most 0.2 s, costs only the picture it moves in, and not at all where nobody asked for it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pygame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.config.schema import PanelSection
from reader.kiosk.assemble import Choices
from reader.kiosk.clock import SystemClock
from reader.screen.cases import Case, cases
from reader.screen.motion import EVERY_S, LASTS_S, PHASES, Ring, nudge, rest
from reader.screen.painter import Painter
from reader.screen.panels import PANEL_10
from reader.screen.scene import Art
from reader.text import Catalogue

CATALOGUE = Catalogue.load()
CASES = {case.name: case for case in cases()}
SECONDS = st.floats(0.0, 1000.0)


@given(SECONDS)
def test_a_card_moves_within_its_way(at: float) -> None:
    assert 0 <= nudge(at) <= PHASES


@given(SECONDS)
def test_a_movement_is_over_in_a_fifth_of_a_second(at: float) -> None:
    """From any moment: what lies still goes on lying still until ``rest`` says otherwise."""
    waits = rest(at)
    if waits > 0.01:
        assert nudge(at) in (0, PHASES)
        assert nudge(at) == nudge(at + waits - 0.005)
    else:
        assert rest(at + LASTS_S + 0.005) > 0.0


def test_a_card_goes_and_comes_back_once_every_few_seconds() -> None:
    shown = [nudge(step / 100) for step in range(round(EVERY_S * 100))]
    changes = [(one, other) for one, other in itertools.pairwise(shown) if one != other]
    assert changes == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 3), (3, 2), (2, 1), (1, 0)]


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 2.0)), max_size=20))
def test_the_ring_arrives_in_a_fifth_of_a_second_and_never_overshoots(changes: list[tuple[float, float]]) -> None:
    ring, now = Ring(), 0.0
    for meant, after in changes:
        before = ring.shown
        shown = ring.toward(meant, now)
        assert min(before, meant) <= shown <= max(before, meant)
        now += after
        assert after < LASTS_S + 1e-6 or ring.toward(meant, now) == pytest.approx(meant)


def test_another_try_begins_with_an_empty_ring_at_once() -> None:
    ring = Ring()
    ring.toward(0.8, 0.0)
    assert ring.toward(0.8, 1.0) == pytest.approx(0.8)
    assert ring.toward(0.0, 1.01) == 0.0


@pytest.mark.parametrize("name", ["idle", "done", "reseat_card.no_card_seen"])
def test_a_moved_card_redraws_only_its_picture(name: str) -> None:
    painter, sheet = Painter(PANEL_10, CATALOGUE), pygame.Surface((PANEL_10.width, PANEL_10.height), depth=32)
    case = CASES[name]
    painter.draw(sheet, case.model())
    still = pygame.image.tobytes(sheet, "RGB")
    moved = Case("", case.session, replace(case.live, phase=PHASES)).model()
    changed = painter.draw(sheet, moved)
    pictures = [node.rect for node in painter.compose(moved).nodes if isinstance(node, Art)]
    assert [tuple(rect) for rect in changed] == [(rect.x, rect.y, rect.w, rect.h) for rect in pictures]
    assert pygame.image.tobytes(sheet, "RGB") != still
    painter.draw(sheet, case.model())
    assert pygame.image.tobytes(sheet, "RGB") == still, "it comes back to where it was, to the pixel"


def test_nothing_moves_under_test_or_where_a_site_wants_rest() -> None:
    assert not Choices(SystemClock()).motion
    assert PanelSection().motion
    assert not PanelSection(motion=False).motion
    assert all(case.model().phase == 0 for case in cases())
