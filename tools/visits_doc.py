"""Writes docs/visits.md: taps, screens and seconds of each kind of patient, measured by playing the scenarios."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

from generated_page import write_or_check
from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import Scenario, load
from hw_sim.scenario.virtual import play

from reader.session.vocabulary import Step

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "visits.md"
SLOW = 3.0
KINDS = (
    "face", "returning", "returning_changes_mind", "desk_slow", "prescription", "specific_disease",
    "specific_disease_said", "not_registered", "child", "face_card", "wheelchair", "glasses", "mask", "expiring",
    "grace", "pin", "face_then_pin", "second_try", "sleeve", "two_cards", "pin_wrong_then_right", "visual_check",
    "visual_check_at_kiosk", "no_camera", "face_without_desk", "desk_away", "impostor", "expired", "wrong_card",
    "phone",
)  # fmt: skip


def at_pace(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario with hands that take ``factor`` times as long."""
    do = tuple(one.model_copy(update={"after": one.after * factor}) for one in scenario.do)
    return scenario.model_copy(update={"do": do, "limit_s": scenario.limit_s * factor})


def one(name: str, factor: float) -> Played:
    """Play one scenario. Raises RuntimeError when it does not go as its file expects."""
    with tempfile.TemporaryDirectory() as folder:
        played = play(at_pace(load(ROOT / "hw-sim" / "scenarios" / f"{name}.toml"), factor), name, Path(folder))
    if not played.ok:
        raise RuntimeError(f"{name}: {'; '.join(played.problems)}")
    return played


def seconds(played: Played) -> float:
    """Seconds from the last card put in to the end of that visit's last question (the card may then be taken)."""
    begun = max(at for at, step in played.steps if step is Step.READING_CARD)
    ends = [at for at, step in played.steps if at > begun and step in (Step.DONE, Step.REFERRED)]
    return min(ends) - begun


def page() -> str:
    """Return the page."""
    logging.disable(logging.CRITICAL)
    lines = [
        "# What a visit costs a patient",
        "",
        "Measured by `make docs`, which plays each scenario file in virtual time, the card link timed as Type B.",
        "A *quick* patient takes the seconds in the scenario file before each touch (about one); a *slow* one takes",
        f"{SLOW:.0f} times as long. Seconds run from the card put in to the screen that asks for it to be taken.",
        "The goal: a returning patient needs one tap, a new one three at most, the 電子処方箋 choice adds one.",
        "Who answers one by one where 特定疾病 is asked needs a fourth. Aids, language and the digits of a PIN do not",
        "count. Where a file has two visits the last is measured.",
        "Looking is counted as a third of a second of good frames; a head turn asked for adds two to four seconds.",
        "",
        "| patient | scenario | taps | screens | quick (s) | slow (s) |",
        "|---|---|---|---|---|---|",
    ]
    for name in KINDS:
        quick, slow = one(name, 1.0), one(name, SLOW)
        last = max(quick.results, key=lambda message: message.finished_at)
        begun = max(at for at, step in quick.steps if step is Step.READING_CARD)
        screens = len({step for at, step in quick.steps if at >= begun} - {Step.IDLE})
        times = f"{seconds(quick):.1f} | {seconds(slow):.1f}"
        lines.append(f"| {quick.scenario.title} | `{name}` | {last.taps} | {screens} | {times} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page(), sys.argv[1:]))
