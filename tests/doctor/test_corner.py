"""The doctor in the staff corner: every finding in Japanese, with its remedy, and no device opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from reader.config.load import load
from reader.devices.ports import Panel
from reader.doctor.corner import inspect
from reader.doctor.finding import Patient
from reader.screen.fonts_build import missing_glyphs
from reader.screen.painter import Painter
from reader.screen.panels import PANELS
from reader.screen.scene import Text
from reader.screen.view import LiveView, present
from reader.session.state import Session
from reader.session.vocabulary import Condition, Step
from reader.text import Catalogue


def test_every_part_that_can_be_asked_is_told_with_its_code(tmp_path: Path) -> None:
    found = {part.code: part for part in inspect(Patient(load(), root=tmp_path))}
    assert {"config", "models", "clock", "disk", "outbox"} <= set(found)
    assert not {"camera", "display", "speaker", "lamps", "certificates", "broker"} & set(found)
    assert found["config"].condition is Condition.FAULT, "there is no site file here"
    assert found["python"].condition is Condition.OK
    assert found["config"].title == "設定ファイル"


def test_what_is_wrong_says_what_to_do(tmp_path: Path) -> None:
    for part in inspect(Patient(load(), root=tmp_path)):
        if part.condition in (Condition.ATTENTION, Condition.FAULT):
            assert part.remedy, f"{part.code} has no remedy"


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_every_page_of_it_fits_the_screen(tmp_path: Path, panel: Panel) -> None:
    found = inspect(Patient(load(), root=tmp_path))
    painter, shown = Painter(panel, Catalogue.load()), set()
    for number in range(len(found)):
        session = Session(step=Step.STAFF_CORNER, inspection=found, inspection_page=number)
        texts = [node for node in painter.compose(present(session, LiveView())).nodes if isinstance(node, Text)]
        assert [text.lines for text in texts if not text.fits] == []
        assert all(not missing_glyphs("".join(text.lines), text.language, text.bold) for text in texts)
        shown |= {line for text in texts for line in text.lines}
    assert {part.code for part in found} <= shown
