"""No step, guidance or card-front problem is without a screen and words."""

from __future__ import annotations

import pytest

from reader.screen.painter import Painter
from reader.screen.panels import PANEL_10
from reader.screen.screens import SCREENS
from reader.screen.view import LiveView, present
from reader.session.state import Session
from reader.session.vocabulary import Button, CardFrontProblem, Guidance, Step
from reader.text import Catalogue

CATALOGUE = Catalogue.load()


def test_every_step_has_a_screen() -> None:
    assert set(SCREENS) == set(Step)


@pytest.mark.parametrize("step", Step)
def test_a_screen_composes_from_a_bare_session(step: Step) -> None:
    scene = Painter(PANEL_10, CATALOGUE).compose(present(Session(step=step), LiveView()))
    assert len(scene.nodes) > 2


@pytest.mark.parametrize("guidance", Guidance)
def test_every_guidance_has_a_sentence(guidance: Guidance) -> None:
    assert CATALOGUE.text(f"guidance.{guidance.value}")


@pytest.mark.parametrize("problem", CardFrontProblem)
def test_every_card_front_problem_has_a_sentence(problem: CardFrontProblem) -> None:
    assert CATALOGUE.text(f"reseat_card.{problem.value}.headline")


@pytest.mark.parametrize("button", Button)
def test_every_button_has_a_word(button: Button) -> None:
    assert CATALOGUE.text(f"button.{button.value}")
