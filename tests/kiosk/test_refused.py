"""Refused settings are shown with file, line, reason and remedy, and the supervisor hears that the kiosk is alive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pygame
import pytest
from typer.testing import CliRunner

from reader.cli import app
from reader.config.load import Problem
from reader.config.refusal import refuse, refused
from reader.devices.display_pygame import PygameDisplay
from reader.devices.ports import Panel
from reader.kiosk import refused as refusing
from reader.screen.panels import PANELS
from reader.screen.refusal import draw_refusal

LONG = Problem(
    "kaopi-setup.toml", 17, "network.address", "no prefix length", "Write it as 192.168.1.20/24 and start again " * 3
)


def surface(panel: Panel) -> pygame.Surface:
    return pygame.Surface((panel.width, panel.height), depth=32)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_few_problems_fit_whole_on_every_panel(panel: Panel) -> None:
    assert draw_refusal(surface(panel), panel, [LONG] * 2) == 2


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_of_too_many_the_first_are_shown_and_the_rest_are_counted(panel: Panel) -> None:
    told = draw_refusal(surface(panel), panel, [LONG] * 40)
    assert 2 <= told < 40


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_nothing_is_drawn_into_the_margin(panel: Panel) -> None:
    sheet = surface(panel)
    draw_refusal(sheet, panel, [LONG] * 40)
    ground = sheet.get_at((0, 0))
    edge = 2
    for x in range(0, panel.width, 7):
        assert sheet.get_at((x, panel.height - 1 - edge)) == ground
    for y in range(0, panel.height, 7):
        assert sheet.get_at((panel.width - 1 - edge, y)) == ground


def test_every_word_of_a_problem_changes_the_picture() -> None:
    panel = PANELS[0]

    def pixels(problem: Problem) -> bytes:
        sheet = surface(panel)
        draw_refusal(sheet, panel, [problem])
        return pygame.image.tobytes(sheet, "RGB")

    variants = (
        Problem("a.toml", 1, "k", "what", "Remedy"),
        Problem("b.toml", 1, "k", "what", "Remedy"),
        Problem("a.toml", 2, "k", "what", "Remedy"),
        Problem("a.toml", 1, "j", "what", "Remedy"),
        Problem("a.toml", 1, "k", "that", "Remedy"),
        Problem("a.toml", 1, "k", "what", "Another"),
    )
    assert len({pixels(problem) for problem in variants}) == len(variants)


def test_it_stays_and_feeds_the_watchdog_until_it_is_stopped(
    display: PygameDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("reader.kiosk.shown.notify", lambda *lines: said.extend(lines))
    looks = iter([False, False, True])
    refusing.show_refusal(display, lambda: [LONG], lambda: next(looks), sleep=lambda _: None)
    assert said == ["READY=1", "STATUS=set-up refused", "WATCHDOG=1", "WATCHDOG=1"]


def test_what_is_in_the_way_is_drawn_again_only_when_it_changed(
    display: PygameDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures: list[bytes] = []
    monkeypatch.setattr(display, "flip", lambda: pictures.append(pygame.image.tobytes(display.surface, "RGB")))
    told = iter([[LONG], [LONG], [Problem("a", 1, "b", "c", "D")], []])
    looks = iter([False] * 3 + [True])
    refusing.show_refusal(display, lambda: next(told), lambda: next(looks), sleep=lambda _: None)
    assert len(pictures) == len(set(pictures)) == 2


def test_without_a_screen_the_exit_status_says_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = tmp_path / "site.toml"
    site.write_text("[site]\nclinic_nam = 'x'\n", encoding="utf-8")
    pygame.display.quit()  # an earlier test may have left its screen open: there must be none here
    monkeypatch.setenv("SDL_VIDEODRIVER", "nosuchdriver")
    result = CliRunner().invoke(app, ["run", "--site", str(site)])
    assert result.exit_code == 2
    assert "site.toml:2: site.clinic_nam" in caplog.text


def test_a_refusal_reaches_the_kiosk_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "run/refused.json"
    assert refused(file) == []
    refuse([LONG], file)
    assert refused(file) == [LONG]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_kiosk_that_was_never_set_up_shows_that_and_nothing_of_missing_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[Problem]] = []

    def run(config: object, look: Callable[[], list[Problem]]) -> int:
        told.append(look())
        return 0

    monkeypatch.setattr("reader.config.refusal.refused", lambda: [LONG])
    monkeypatch.setattr(refusing, "run_refused", run)
    damaged = tmp_path / "site.toml"
    damaged.write_text("[site]\nclinic_nam = 'x'\n", encoding="utf-8")
    for file in (tmp_path / "none.toml", damaged):
        assert CliRunner().invoke(app, ["run", "--site", str(file)]).exit_code == 0
    assert told[0] == [LONG]
    assert [problem.key for problem in told[1]] == [LONG.key, "site.clinic_nam"]
