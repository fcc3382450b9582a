"""What the aids of the strip do, measured on the composed screens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reader.devices.ports import Panel
from reader.screen.cases import Case, cases
from reader.screen.page import LOWER_REACH_MM
from reader.screen.painter import Painter
from reader.screen.panels import PANELS
from reader.screen.scene import Text, Touch
from reader.session.table import STEPS
from reader.session.vocabulary import Button
from reader.text import Catalogue

CATALOGUE = Catalogue.load()
EVERY_PANEL = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
PATIENT = [case for case in cases() if STEPS[case.session.step].patient and case.basic]
STAFF_CORNER = Touch(Button.VISUAL_CHECK)


def headline_px(painter: Painter, case: Case, variant: str) -> int:
    model = case.model("ja", False, variant)
    nodes = painter.compose(model).nodes
    said = [node for node in nodes if isinstance(node, Text) and not node.text_id.startswith(("button.", "pad."))]
    return max(node.px for node in said)


@EVERY_PANEL
def test_large_text_makes_no_sentence_smaller_and_most_of_them_larger(panel: Panel) -> None:
    painter = Painter(panel, CATALOGUE)
    plain = {case.name: headline_px(painter, case, "") for case in PATIENT}
    large = {case.name: headline_px(painter, case, "large") for case in PATIENT}
    assert not {name: (plain[name], large[name]) for name in plain if large[name] < plain[name]}
    grown = [name for name in plain if large[name] >= 1.08 * plain[name]]
    # A portrait panel is 87 mm wide: a Japanese phrase of nine letters fills it at the plain size already.
    share = 0.3 if panel.height > panel.width else 0.5
    assert len(grown) >= share * len(plain), f"only {len(grown)} of {len(plain)} grow"


@EVERY_PANEL
def test_lower_keeps_everything_to_touch_within_reach(panel: Panel) -> None:
    """A seated patient: nothing to touch lies higher above the lower edge, on landscape panels not even without it."""
    painter = Painter(panel, CATALOGUE)
    highest = panel.height - round(LOWER_REACH_MM * panel.px_per_mm) - 1
    for case in PATIENT:
        session = replace(case.session, aids=replace(case.session.aids, lower=True))
        scene = painter.compose(Case("", session, case.live).model())
        wrong = [target.label for target in scene.targets if target.rect.y < highest and target.touch != STAFF_CORNER]
        assert not wrong, f"{case.name}: {wrong}"


def test_lower_stands_where_a_panel_is_higher_than_that() -> None:
    for panel in PANELS:
        targets = Painter(panel, CATALOGUE).targets(PATIENT[0].model())
        offered = any(target.touch.button is Button.LOWER for target in targets)
        assert offered == (panel.height / panel.px_per_mm > LOWER_REACH_MM + 10)
