"""Which pictures answer which question, drawn from the figures at hand; one whose figures are missing is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw_sim.bench import plots, words
from hw_sim.bench.compare import missed
from hw_sim.bench.figures import COMPARING, FOLLOWING, PEER_NAMES, Chapter
from hw_sim.bench.plots import Mark
from hw_sim.bench.rows import Row

Metrics = Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture under its title, and how to read it."""

    title: str
    svg: str
    says: str


def of(chapter: Chapter, metrics: Metrics) -> list[Chart]:
    """Return the pictures of a chapter."""
    makers = {
        Chapter.FAST: (_visit, _frames, _stages, _against_goals),
        Chapter.RIGHT: (_recognised, _light),
        Chapter.SAFE: (_attacks, _living),
        Chapter.LARGE: (),
    }[chapter]
    return [chart for make in makers if (chart := make(metrics)) is not None]


def mark(metrics: Metrics, name: str, label: str, *, scale: float = 1.0, ours: bool = True) -> list[Mark]:
    """Return the figure as a line of a plot, nothing where it was not measured."""
    row = metrics.get(name)
    if row is None:
        return []
    low, high, goal = (None if row[key] is None else row[key] * scale for key in ("low", "high", "goal"))
    shown = words.shown(row["value"], row["unit"])
    return [Mark(label, row["value"] * scale, shown, low, high, goal, ours, missed(name, row))]


def _visit(metrics: Metrics) -> Chart | None:
    wanted = ("path.verified_over_link", "path.verified_s", "path.link_s")
    if any(name not in metrics for name in wanted):
        return None
    ratio, verified, link = (metrics[name] for name in wanted)
    extra = max(0.0, verified["value"] - link["value"])
    goal = ratio["goal"] * link["value"]
    svg = plots.stacked(
        "Seconds from card in to verified",
        [(f"the card and its link, {words.number(link['value'])} s", link["value"], "ours"),
         (f"everything else, {words.number(extra)} s", extra, "extra")],
        goal, f"goal {words.number(ratio['goal'])} × the card's time", "s",
    )  # fmt: skip
    says = (
        "A patient who is ready before the camera. Portrait, light, signs of life and comparison are worked on while "
        "the card is still being read; only what is left over makes anybody wait."
    )
    return Chart("Card in to verified", svg, says)


def _frames(metrics: Metrics) -> Chart | None:
    jobs = (("follow", FOLLOWING, "follow a face"), ("embed", COMPARING, "make comparable"))
    marks: list[Mark] = []
    for job, names, says in jobs:
        marks += mark(metrics, f"peer.kaopi.{job}_ms", f"kaopi: {says}")
        for name in names:
            marks += mark(metrics, f"peer.{name}.{job}_ms", PEER_NAMES[name], ours=False)
    if not marks:
        return None
    says = (
        "Processor milliseconds per picture on one CPU, all on the same pictures. To follow a face is to find it and "
        "its points in each frame of a film; kaopi also judges light, pose and signs of life in that time. To make "
        "comparable is to turn one picture into the numbers by which faces are compared."
    )
    return Chart("One picture, against other open software", plots.bars("Milliseconds", marks, "ms"), says)


_STAGES = {
    "detect": "find the face",
    "landmarks": "its points",
    "liveness": "signs of life (net)",
    "compare": "compare (nets)",
    "other": "light, pose, depth and the rest",
}


def _stages(metrics: Metrics) -> Chart | None:
    marks = [one for stage, says in _STAGES.items() for one in mark(metrics, f"face.stage_ms.{stage}", says)]
    if not marks:
        return None
    whole = words.shown(metrics["face.frame_ms"]["value"], "ms")
    says = f"Processor milliseconds of one frame by stage, the mean over tries of all virtual people; {whole} in all."
    return Chart("Where a frame's time goes", plots.bars("Milliseconds by stage", marks, "ms"), says)


_ALLOWED = (
    ("card.link_overhead", "what kaopi adds to the card"),
    ("face.pipeline_over_mediapipe", "a frame, over MediaPipe"),
    ("face.decision_ms", "good frame to decision"),
    ("ui.frame_p99_ms", "drawing a live picture"),
    ("ui.touch_p99_ms", "finger to answer"),
    ("ui.idle_cpu", "processor while idle"),
    ("fleet.p99_ms", "200 kiosks, one desk"),
)


def _against_goals(metrics: Metrics) -> Chart | None:
    marks = []
    for name, label in _ALLOWED:
        row = metrics.get(name)
        if row is not None and row["goal"]:
            shown = f"{words.shown(row['value'], row['unit'])} of {words.shown(row['goal'], row['unit'])}"
            share = 100 * row["value"] / row["goal"]
            marks.append(Mark(label, min(share, 200.0), shown, goal=100.0, bad=missed(name, row)))
    if not marks:
        return None
    says = "How much of what is allowed is used; the orange line is all of it. Shorter is better."
    return Chart("Against the goals", plots.bars("Share of the goal", marks, "%"), says)


def _recognised(metrics: Metrics) -> Chart | None:
    marks = mark(metrics, "face.lfw_fnmr_1e4", "kaopi", scale=100)
    marks += mark(metrics, "face.lfw_ic_fnmr_1e4", "kaopi, chip-like portrait", scale=100)
    marks += mark(metrics, "face.nuaa_fnmr", "kaopi, five frames, own threshold", scale=100)
    for name in COMPARING:
        marks += mark(metrics, f"peer.{name}.lfw_fnmr_1e4", PEER_NAMES[name], scale=100, ours=False)
    if not marks:
        return None
    says = (
        "Per cent of comparisons of the right person that fail where one stranger in 10,000 would pass (FNMR at FMR "
        "1e-4, LFW, every pair). Fewer is better. Such a person is asked to try again or takes the PIN."
    )
    return Chart("The right person, not recognised", plots.dots("FNMR", marks, "%"), says)


def _light(metrics: Metrics) -> Chart | None:
    marks = mark(metrics, "light.false_refuse", "good light called bad", scale=100)
    marks += mark(metrics, "light.false_ok", "bad light called good", scale=100)
    if not marks:
        return None
    return Chart("Light", plots.dots("Light", marks, "%"), "Per cent of pictures whose light is judged wrongly.")


def _attacks(metrics: Metrics) -> Chart | None:
    family = "pad.sim_apcer."
    species = sorted(name for name in metrics if name.startswith(family))
    if not species:
        return None
    marks: Sequence[Mark] = [
        one for name in species for one in mark(metrics, name, name.removeprefix(family).replace("_", " "), scale=100)
    ]
    tried = metrics[species[0]]["n"]
    says = (
        f"Per cent of simulated attacks that pass as a live person, {tried} of each kind. A dot at 0 with a long band "
        "means: none passed, but too few were tried to promise more. `python -m hw_sim.bench.attacks --attacks 150` "
        "tries more. The kiosk's liveness is not certified by a laboratory."
    )
    return Chart("Attacks that pass, by kind", plots.dots("APCER", marks, "%", end=100.0), says)


def _living(metrics: Metrics) -> Chart | None:
    marks = mark(metrics, "pad.sim_bpcer", "simulated people, within 5 s", scale=100)
    marks += mark(metrics, "pad.nuaa_eer_frame", "printed photos, one frame (EER)", scale=100)
    marks += mark(metrics, "pad.nuaa_eer_10", "printed photos, ten frames (EER)", scale=100)
    if not marks:
        return None
    says = (
        "Above: per cent of living people not taken for living. Below: per cent of errors of both kinds where they "
        "are equal, by what the pictures alone tell; a movement is asked for where that is not enough."
    )
    return Chart("Living people, and printed photos", plots.dots("BPCER and EER", marks, "%"), says)
