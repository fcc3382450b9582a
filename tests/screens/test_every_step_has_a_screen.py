"""No step, guidance or card-front problem is without a screen and words."""

from __future__ import annotations

import pytest

from reader.screen.cases import cases
from reader.screen.fonts import STEMS, font_file
from reader.screen.painter import Painter
from reader.screen.panels import PANEL_10
from reader.screen.screens import SCREENS
from reader.screen.view import LiveView, present
from reader.session.failures import Failure
from reader.session.state import Session
from reader.session.vocabulary import Button, CardFrontProblem, Guidance, Step
from reader.text import LANGUAGES, Catalogue

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


def test_every_language_has_a_file_and_a_font() -> None:
    assert set(LANGUAGES) == set(STEMS)
    assert set(LANGUAGES) <= set(CATALOGUE.languages)
    for language in LANGUAGES:
        assert font_file(language, bold=False).is_file()
        assert font_file(language, bold=True).is_file()


def test_the_gallery_shows_every_step_guidance_problem_and_failure() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names)
    wanted = {step.value for step in Step} | {f"face.{guidance.value}" for guidance in Guidance}
    wanted |= {f"reseat_card.{problem.value}" for problem in CardFrontProblem}
    wanted |= {f"referred.{failure.name.lower()}" for failure in Failure}
    assert wanted <= set(names)
