"""``make demo``: one patient, start to end, on embedded defaults; prints what happened and leaves every screen."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from hw_sim.people.sources import fetch
from hw_sim.scenario import picture
from hw_sim.scenario.played import Played
from hw_sim.scenario.real import play
from hw_sim.scenario.schema import load
from reader.session.vocabulary import Step

SCENARIO = Path(__file__).parents[1] / "scenarios" / "face.toml"
BUSY_MS = 150.0  # a frame that takes longer than this leaves the face too little to go by


def run_demo(out: Path, say: Callable[[str], None]) -> int:
    """Play the demo scenario; return 0 when the desk has the result it should have."""
    fetch(say=say)
    scenario = load(SCENARIO)
    steps = tuple(step for step in scenario.expect.steps or () if step is not Step.IDLE)
    expect = scenario.expect.model_copy(update={"ends_at": Step.THANKS, "steps": steps})
    scenario = scenario.model_copy(update={"expect": expect})  # the few seconds of thanks are not worth waiting for
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    say(scenario.title)
    with tempfile.TemporaryDirectory() as folder:
        played = play(scenario, "face", Path(folder), record=True, say=say)
    say("\nEach screen, and how long it was shown")
    for stage, at, took in picture.stages(played):
        say(f"  {at:7.3f} s  {stage:16} {took:8.0f} ms")
    say("\nWhat was done meanwhile (times add up; workers run at the same time)")
    for lane, name, count, total, longest in picture.work(played):
        say(f"  {lane:10} {name:20} {count:4} x  {total:8.1f} ms in all, longest {longest:7.1f} ms")
    say("\nThe message that the desk stored and acknowledged")
    for message in played.results:
        say(message.model_dump_json(by_alias=True, indent=2, exclude_none=True))
    screens = picture.save_screens(played, out)
    picture.contact_sheet(played, out / "contact-sheet.png")
    (out / "timeline.svg").write_text(picture.timeline_svg(played), "utf-8")
    say(f"\n{len(screens)} screens, contact-sheet.png and timeline.svg are in {out}/")
    say("\nIn short")
    for line in in_short(played):
        say(f"  {line}")
    return 0 if played.ok else 1


def in_short(played: Played) -> list[str]:
    """Return what happened in a few sentences; where it went wrong, what to do about it."""
    if not played.ok:
        lines = [f"not as it should be: {problem}" for problem in played.problems]
        frame = frame_ms(played)
        if frame > BUSY_MS:
            lines.append(f"This machine was busy: one frame took {frame:.0f} ms. Run it again when it is idle.")
        return lines
    entered = {step: at for at, step in reversed(played.steps)}
    put_in = next(at for at, note in played.notes if note.startswith("card in"))
    link = sum(span.end - span.start for span in played.spans if span.lane == "card link")
    taps, safe = played.results[-1].taps, entered[Step.DONE] - put_in
    return [
        f"Verified {entered[Step.CONSENT] - put_in:.1f} s after the card went in; the card took {link:.1f} s of it.",
        f"{taps} tap{'' if taps == 1 else 's'}; {safe:.1f} s from card in to a result that is safe.",
        "The desk stored the result once and acknowledged it. No number, name or picture was in it.",
    ]


def frame_ms(played: Played) -> float:
    """Return the typical milliseconds of looking at a frame, 0 where none was looked at."""
    took = [1000 * (span.end - span.start) for span in played.spans if (span.lane, span.name) == ("inference", "frame")]
    return median(took) if took else 0.0
