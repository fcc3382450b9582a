"""Writes docs/flow.md from the session's own table: a Mermaid diagram, and one row a step. ``--check`` compares."""

from __future__ import annotations

import sys
from pathlib import Path

from generated_page import write_or_check

from reader.session.table import CARD_LEFT_S, COUNTDOWN_S, MORE_TIME_FACTOR, STEPS
from reader.session.vocabulary import Step

PAGE = Path(__file__).resolve().parents[1] / "docs" / "flow.md"
# Ends that any step of a visit has would hide everything else in a picture; the table lists them.
ALWAYS = {Step.REFERRED, Step.CARD_PULLED, Step.STAFF_CALLED, Step.OUT_OF_SERVICE}
COLUMNS = (
    "step",
    "lamp",
    "speaks",
    "limit (s)",
    "still there?",
    "dies with the card",
    "camera",
    "pad",
    "identity proved",
    "leads to",
)


def page() -> str:
    """Return the page."""
    lines = [
        "# The flow of a visit",
        "",
        "Made from `reader/session/table.py` by `make docs`; do not edit. The tests take no arrow that is not here.",
        "",
        f'A question left unanswered is asked "still there?" after its limit, with {COUNTDOWN_S:.0f} s to answer;',
        f"ゆっくり stretches both by {MORE_TIME_FACTOR:.0f}. A forgotten card is called after at "
        + ", ".join(f"{seconds:.0f} s" for seconds in CARD_LEFT_S)
        + "; the last time the desk is told.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> starting",
    ]
    for step, spec in STEPS.items():
        for to in dict.fromkeys(spec.leads_to):
            if to in ALWAYS or step in ALWAYS:
                continue
            lines.append(f"    {step.value} --> {to.value}")
    lines += [
        "```",
        "",
        "Not drawn: any step of a visit may also end in " + ", ".join(f"`{s.value}`" for s in sorted(ALWAYS)) + ".",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
    ]
    for step, spec in STEPS.items():
        yes = {True: "yes", False: ""}
        cells = [
            f"`{step.value}`",
            spec.lamp.value,
            f"`{spec.says}`" if spec.says else "",
            "" if spec.limit_s is None else f"{spec.limit_s:g}",
            yes[spec.warns],
            yes[spec.dies_with_card],
            ("face try" if spec.face else "live view") if spec.camera else "",
            spec.pad,
            yes[spec.verified],
            " ".join(f"`{to.value}`" for to in dict.fromkeys(spec.leads_to)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page(), sys.argv[1:]))
