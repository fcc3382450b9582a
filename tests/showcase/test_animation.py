"""The README's moving picture: drawn from what happened, nothing ahead of its time, small enough for a README."""

from __future__ import annotations

from pathlib import Path

import pytest
from hw_sim.people.sources import load_catalog
from hw_sim.scenario.schema import load
from hw_sim.showcase import animation
from hw_sim.showcase.drawing import SCREEN, SIZE, Story, frame, inside, story
from hw_sim.showcase.visit import SCENARIO, Recorded, Shot, VisitError
from PIL import Image, ImageChops

from reader.kiosk.trace import Span
from reader.session.vocabulary import Step

WHEN = {Step.IDLE: 0.1, Step.READING_CARD: 1.0, Step.FACE: 1.2, Step.CONSENT: 2.3, Step.DONE: 3.6, Step.THANKS: 4.8}
GREYS = {step: 40 * number for number, step in enumerate(WHEN)}


def visit() -> Story:
    recorded = Recorded(
        steps=[(at, step) for step, at in WHEN.items()],
        shots=[Shot(at, step, Image.new("RGB", SCREEN, (GREYS[step],) * 3)) for step, at in WHEN.items()],
        touches=[(3.5, 0.25, 0.75)],
        spans=[Span("card link", "card face", 1.1, 2.0), Span("outbox", "commit", 3.52, 3.55)],
        card=[(0.9, True), (4.7, False)],
    )
    recorded.shots.append(Shot(5.5, Step.THANKS, recorded.shots[-1].screen))
    return story(recorded)


def test_each_moment_shows_the_screen_of_its_time() -> None:
    told = visit()
    for step, at in WHEN.items():
        assert frame(told, at + 0.01).getpixel((60, 110)) == (GREYS[step],) * 3


def test_nothing_is_shown_before_it_happened() -> None:
    """Two visits that differ only later look the same until then."""
    early, other = visit(), visit()
    other.recorded.touches[0] = (3.5, 0.9, 0.1)
    other.recorded.spans[1] = Span("outbox", "commit", 3.52, 3.59)
    assert ImageChops.difference(frame(early, 3.0), frame(other, 3.0)).getbbox() is None
    assert ImageChops.difference(frame(early, 3.55), frame(other, 3.55)).getbbox() is not None


def test_the_card_goes_in_before_the_kiosk_notices_and_comes_out_again() -> None:
    told = visit()
    assert [inside(told, at) for at in (0.0, 0.9, 3.0, 5.4)] == [0.0, 1.0, 1.0, 0.0]
    assert 0.0 < inside(told, 0.75) < 1.0
    assert 0.0 < inside(told, 4.9) < 1.0


def test_the_file_moves_and_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "FPS", 2.0)
    told = visit()
    size = animation.save(told, tmp_path / "visit.webp")
    assert size == (tmp_path / "visit.webp").stat().st_size
    with Image.open(tmp_path / "visit.webp") as image:
        assert image.size == SIZE
        assert image.info["loop"] == 0
        assert 5 < getattr(image, "n_frames", 1) <= len(animation.moments(told))  # equal neighbours are one frame


def test_a_file_too_large_for_a_readme_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animation, "LARGEST", 1000)
    monkeypatch.setattr(animation, "FPS", 1.0)
    with pytest.raises(ValueError, match="more than 1,000"):
        animation.save(visit(), tmp_path / "visit.webp")
    assert list(tmp_path.iterdir()) == []


def test_a_visit_that_did_not_come_to_its_end_is_no_story() -> None:
    with pytest.raises(VisitError, match="never came to consent"):
        story(Recorded(steps=[(0.1, Step.IDLE)], card=[(0.9, True)]))


def test_the_picture_shows_only_a_face_that_may_be_shown() -> None:
    person = load(SCENARIO).patient.person
    live = load_catalog().of(person)[0]
    assert live.showcase
    assert live.licence == "Public domain"
