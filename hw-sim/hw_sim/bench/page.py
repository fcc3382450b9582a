"""The bench page: three answers, the pictures behind them, and every figure. One file, no network, light and dark."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from pathlib import Path

from hw_sim.bench import charts, leads, readme, words
from hw_sim.bench.compare import REGRESSION, Standing, regressions, standing, worsening
from hw_sim.bench.figures import Chapter, figure_of
from hw_sim.bench.readme import JAPANESE
from hw_sim.bench.result import Result
from hw_sim.bench.rows import Row

ANSWERS = {Chapter.FAST: words.fast, Chapter.RIGHT: words.right, Chapter.SAFE: words.safe}


def write_page(path: Path, result: Result, baseline: Result | None) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(result, baseline), "utf-8")


def page(result: Result, baseline: Result | None) -> str:
    """Return the page."""
    before = baseline.metrics if baseline else {}
    style = Path(__file__).with_name("page.css").read_text("utf-8")
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>kaopi bench</title><style>{style}</style>",
        "<h1>How fast, how right, how safe</h1>",
        f'<p class="soft">kaopi, measured on {html.escape(result.machine)}, {html.escape(result.at[:16])} UTC.</p>',
        _verdict(result, before),
        '<div class="answers">',
        *(_answer(chapter, result.metrics) for chapter in ANSWERS),
        "</div>",
        _japanese(result.metrics),
        _wanting(result, before),
        *(_chapter(chapter, result, before) for chapter in Chapter),
        _absent(result),
        _reading(baseline),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _verdict(result: Result, before: Mapping[str, Row]) -> str:
    """How the goals stand, in one line."""
    stands = [standing(name, row) for name, row in result.metrics.items() if row["goal"] is not None]
    if not stands:
        return ""
    missed, unproven = stands.count(Standing.MISSED), stands.count(Standing.OPEN)
    worse = len(regressions(result.metrics, before))
    said = f"{stands.count(Standing.MET)} of {len(stands)} goals are met"
    said += f", {missed} {'is' if missed == 1 else 'are'} missed" if missed else ""
    said += f", {unproven} cannot be told yet" if unproven else ""
    said += f"; {worse} {'figure' if worse == 1 else 'figures'} got worse" if worse else ""
    if not worse:
        said += ". Nothing got worse by more than a tenth since the baseline"
    return f'<div class="verdict{" not" if missed or worse else ""}">{said}.</div>'


def _wanting(result: Result, before: Mapping[str, Row]) -> str:
    """Every goal that is not met and every figure that got worse."""
    by = {kind: [n for n, row in result.metrics.items() if standing(n, row) is kind] for kind in Standing}
    said = ""
    for kind, head in (
        (Standing.MISSED, "Goals that are missed"),
        (Standing.OPEN, "Goals of which nothing can be said yet"),
    ):
        lines = "".join(f"<li>{html.escape(words.miss(name, result.metrics[name]))}" for name in by[kind])
        said += f"<h3>{head}</h3><ul>{lines}</ul>" if lines else ""
    lines = "".join(f"<li>{html.escape(line)}" for line in regressions(result.metrics, before))
    said += f"<h3>What got worse since the baseline</h3><ul>{lines}</ul>" if lines else ""
    return f'<section class="wanting"><h2>What is not as it should be</h2>{said}</section>' if said else ""


def _answer(chapter: Chapter, metrics: Mapping[str, Row]) -> str:
    lines = ANSWERS[chapter](metrics)
    body = "".join(f'<dt class="{line.standing}">{html.escape(line.big)}<dd>{html.escape(line.says)}' for line in lines)
    lead = f'<p class="lead">{html.escape(leads.lead(chapter, metrics, leads.ENGLISH))}</p>'
    return f"<section><h2>{chapter}</h2>{lead}<dl>{body or '<dd>not measured in this run'}</dl></section>"


def _japanese(metrics: Mapping[str, Row]) -> str:
    """The three answers and the main figures for a reader of Japanese."""
    said = "".join(f"<li>{html.escape(leads.lead(chapter, metrics, leads.JAPANESE))}" for chapter in ANSWERS)
    lines = "".join(
        f"<tr><td>{html.escape(says)}<td>{html.escape(JAPANESE.shown(metrics[name]['value'], metrics[name]['unit']))}"
        f"<td>{html.escape(words.interval(metrics[name]))}<td>{_state_ja(name, metrics[name])}"
        for name, says in JAPANESE.rows
        if name in metrics
    )
    head = "<tr><th>項目<th>測った値<th>95 % 信頼区間<th>目標"
    if not lines:
        return ""
    return (
        f'<section lang="ja"><h2>どれだけ速く、正しく、安全か</h2><ul class="lead">{said}</ul>'
        f'<details><summary>測った値と目標</summary><div class="scroll"><table>{head}{lines}</table></div></details>'
        "</section>"
    )


def _state_ja(name: str, row: Row) -> str:
    text = readme.state(name, row, JAPANESE).replace("**", "")
    return f'<span class="{standing(name, row)}">{html.escape(text)}</span>'


def _chapter(chapter: Chapter, result: Result, before: Mapping[str, Row]) -> str:
    mine = {name: row for name, row in result.metrics.items() if _chapter_of(name) is chapter}
    if not mine:
        return ""
    drawn = [
        f"<h3>{html.escape(one.title)}</h3><figure>{one.svg}<figcaption>{html.escape(one.says)}</figcaption></figure>"
        for one in charts.of(chapter, result.metrics)
    ]
    main = {name: row for name, row in mine.items() if row["goal"] is not None}
    rest = {name: row for name, row in mine.items() if row["goal"] is None}
    table = f"<h3>Figures with a goal</h3>{_table(main, before)}" if main else ""
    if rest:
        table += f"<details><summary>{len(rest)} figures without a goal</summary>{_table(rest, before)}</details>"
    return f"<h2>{chapter}</h2>{''.join(drawn)}{table}"


def _chapter_of(name: str) -> Chapter | None:
    figure = figure_of(name)
    return figure.chapter if figure else None


def _table(metrics: Mapping[str, Row], before: Mapping[str, Row]) -> str:
    head = "<tr><th>figure<th>value<th>95 % interval<th>n<th>goal<th>baseline<th>change"
    lines = "".join(_line(name, row, before.get(name)) for name, row in sorted(metrics.items()))
    return f'<div class="scroll"><table>{head}{lines}</table></div>'


def _line(name: str, row: Row, before: Row | None) -> str:
    goal = words.aim(name, row)
    was = "" if before is None else words.shown(before["value"], before["unit"])
    return (
        f'<tr><td>{html.escape(words.said(name))}<span class="id">{html.escape(name)}</span>'
        f"<td>{html.escape(words.shown(row['value'], row['unit']))}<td>{html.escape(words.interval(row))}"
        f'<td>{row["n"]:,}<td class="{standing(name, row)}">{html.escape(goal)}<td>{html.escape(was)}'
        f"<td>{_change(name, row, before)}"
    )


def _change(name: str, row: Row, before: Row | None) -> str:
    worse = None if before is None else worsening(name, row, before)
    if worse is None or worse == 0:
        return ""
    if math.isinf(worse):
        return '<span class="worse">worse than none</span>'
    kind = "worse" if worse > REGRESSION else "better" if worse < -REGRESSION else ""
    return f'<span class="{kind}">{abs(worse):.0%} {"worse" if worse > 0 else "better"}</span>'


def _absent(result: Result) -> str:
    if not result.absent:
        return ""
    lines = "".join(
        f'<li><span class="id">{html.escape(name)}</span>{html.escape(why)}'
        for name, why in sorted(result.absent.items())
    )
    return f"<h2>Not measured here</h2><ul>{lines}</ul>"


def _reading(baseline: Result | None) -> str:
    compared = "No baseline is committed yet."
    if baseline is not None:
        compared = (
            f"Ratios and rates are compared with the committed baseline of {baseline.at[:10]} "
            f"({baseline.machine}); seconds are not, since machines differ."
        )
    return (
        "<h2>How to read this</h2><p>Bars and dots are what was measured; the pale band or thin line is the 95 % "
        "interval: measured again, the truth may lie anywhere in it. The orange line is the goal: ✓ met, ✗ missed, "
        "? too little was tried to say. n is how many "
        f"measurements or trials a figure rests on. {html.escape(compared)} The same figures are in out/bench.json; "
        "rates are fractions there.</p>"
    )
