"""While a factory reset runs the screen says how far it is, from a process that holds nothing of the clinic."""

from __future__ import annotations

from pathlib import Path

import pygame
import pytest
from typer.testing import CliRunner

from reader import cli
from reader.config.factory_reset import Progress
from reader.config.schema import KaopiConfig
from reader.devices.display_pygame import PygameDisplay
from reader.kiosk import erasing
from reader.screen.screens import factory_reset
from reader.session.state import Reset, Session
from reader.session.vocabulary import ResetStage, Step


def test_every_percent_is_shown_and_then_the_end(display: PygameDisplay, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("reader.kiosk.shown.notify", lambda *lines: said.extend(lines))
    pictures: list[bytes] = []
    flips: list[int] = []
    monkeypatch.setattr(display, "flip", lambda: flips.append(len(pictures)))
    told = [Progress(3), Progress(3), Progress(60), None, Progress(100, done=True)]
    looks = iter(told)

    def stop() -> bool:
        return len(pictures) == len(told)

    def look() -> Progress | None:
        return next(looks)

    erasing.show_erasing(
        display, look, stop, sleep=lambda _: pictures.append(pygame.image.tobytes(display.surface, "RGB"))
    )
    assert said == ["READY=1", "STATUS=being erased", *["WATCHDOG=1"] * len(told)]
    assert flips == [0, 2, 3, 4], "drawn only where something changed"
    assert len(set(pictures)) == 4
    assert pictures[0] == pictures[1]


def test_the_end_is_no_longer_a_percentage() -> None:
    def words(stage: ResetStage) -> str | None:
        told = factory_reset.content(Session(step=Step.FACTORY_RESET, reset=Reset(stage, percent=7))).tries
        return None if told is None else told.text_id

    assert words(ResetStage.ERASING) == "factory_reset.percent"
    assert words(ResetStage.DONE) is None
    assert erasing.screen(Progress(100, done=True)) != erasing.screen(Progress(100))


def test_the_kiosk_shows_a_reset_before_anything_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings may be half erased already: that is no refusal to be shown now."""
    shown: list[KaopiConfig] = []

    def run(config: KaopiConfig) -> int:
        shown.append(config)
        return 0

    monkeypatch.setattr("reader.config.factory_reset.told", lambda: Progress(12))
    monkeypatch.setattr(erasing, "run_erasing", run)
    site = tmp_path / "site.toml"
    site.write_text('[panel]\nname = "touch2-720x1280"\n', "utf-8")
    for file, panel in ((site, "touch2-720x1280"), (tmp_path / "gone.toml", "wide10-1280x800")):
        assert CliRunner().invoke(cli.app, ["run", "--site", str(file)]).exit_code == 0
        assert shown[-1].panel.name == panel
