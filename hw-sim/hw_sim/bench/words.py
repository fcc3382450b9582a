"""Figures in words: numbers with their units as people read them, and the sentences at the head of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hw_sim.bench.compare import Standing, standing
from hw_sim.bench.figures import Better, figure_of
from hw_sim.bench.rows import Row

Metrics = Mapping[str, Row]
_PER = {"1/h": "an hour", "1/min": "a minute", "1/s": "a second"}
_SINGULAR = {"taps": "tap", "results": "result", "cards": "card", "faults": "fault", "pictures": "picture"}


def number(value: float) -> str:
    """Return three significant digits (two of the very small), thousands set apart, no needless zeros."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.2g}"
    return text if "e" not in text else f"{value:.7f}".rstrip("0")


def shown(value: float, unit: str) -> str:
    """Return a value with its unit: fractions as per cent, ratios as times."""
    if unit == "fraction":
        return f"{number(100 * value)} %"
    if unit == "ratio":
        return f"{number(value)} ×"
    if unit in _PER:
        return f"{number(value)} {_PER[unit]}"
    return f"{number(value)} {_SINGULAR.get(unit, unit) if value == 1 else unit}"


def interval(row: Row) -> str:
    """Return the interval, empty where there is none or it is a point."""
    low, high = row["low"], row["high"]
    if low is None or high is None or low == high:
        return ""
    if row["unit"] == "fraction":
        return f"{number(100 * low)} – {number(100 * high)} %"
    return f"{number(low)} – {number(high)}"


def aim(name: str, row: Row) -> str:
    """Return the goal in words, empty where there is none."""
    if row["goal"] is None:
        return ""
    figure = figure_of(name)
    least = figure is not None and figure.better is Better.HIGHER
    if row["goal"] == 0:
        return "none"
    return f"{'at least' if least else 'at most'} {shown(row['goal'], row['unit'])}"


def said(name: str) -> str:
    """Return what a figure says; one of a family says which."""
    figure = figure_of(name)
    if figure is None:
        return name
    member = name.removeprefix(figure.name[:-1]).replace("_", " ") if figure.name.endswith(".*") else ""
    return f"{figure.says}: {member}" if member else figure.says


def miss(name: str, row: Row) -> str:
    """Return a missed goal in words, or one of which nothing can be said yet."""
    figure = figure_of(name)
    if figure is not None and standing(name, row) is Standing.OPEN:
        return f"{said(name)}: {row['n']:,} tried, {figure.least_n} are needed to say"
    between = f", 95 % interval {interval(row)}" if interval(row) else ""
    return f"{said(name)}: {shown(row['value'], row['unit'])} (goal: {aim(name, row)}{between})"


@dataclass(frozen=True, slots=True)
class Headline:
    """One answer: a figure said in a sentence, and how it stands to its goal."""

    big: str
    says: str
    standing: Standing


def _one(metrics: Metrics, name: str, says: str) -> list[Headline]:
    row = metrics.get(name)
    if row is None:
        return []
    goal, stands = aim(name, row), standing(name, row)
    said = f"{says} (goal: {goal})" if goal else says
    if stands is Standing.OPEN:
        said += f"; {row['n']:,} are too few to say"
    return [Headline(shown(row["value"], row["unit"]), said, stands)]


def _zero(metrics: Metrics, names: tuple[str, ...], says: str) -> list[Headline]:
    """Say several counts that must be 0 as one: the sum of events, and how sure one can be of it."""
    rows = [metrics[name] for name in names if name in metrics]
    if not rows:
        return []
    events, trials = sum(row["value"] for row in rows), sum(row["n"] for row in rows)
    likely = max(row["high"] / row["n"] for row in rows)
    sure = f"; with 95 % certainty fewer than 1 in {int(1 / likely):,}" if not events and likely else ""
    stands = Standing.MISSED if events else Standing.MET
    return [Headline(number(events), says.format(n=number(trials / len(rows))) + sure, stands)]


def fast(metrics: Metrics) -> list[Headline]:
    """Answer "how fast"."""
    found = []
    if "path.verified_s" in metrics and "path.link_s" in metrics:
        ratio, took = metrics["path.verified_over_link"], metrics["path.verified_s"]["value"]
        link = metrics["path.link_s"]["value"]
        says = f"card in to verified; {number(link)} s of it the card itself needs"
        goal = f" (goal: at most {number(ratio['goal'])} times the card's time; it is {number(ratio['value'])})"
        found.append(Headline(f"{number(took)} s", says + goal, standing("path.verified_over_link", ratio)))
    found += _one(metrics, "flow.taps_returning", "is all that a patient who comes again needs")
    found += _one(metrics, "flow.taps_new", "is all that a new patient needs who agrees to everything")
    found += _one(metrics, "flow.patients_per_hour", "can pass one kiosk")
    found += _one(metrics, "ui.touch_p99_ms", "from a finger to the screen that answers it")
    return found


def right(metrics: Metrics) -> list[Headline]:
    """Answer "how right"."""
    found = _one(metrics, "ocr.right", "of readable card fronts are read right")
    at = "of photo pairs of the right person are not recognised, where 1 stranger in 10,000 would pass"
    found += _one(metrics, "face.lfw_fnmr_1e4", at)
    found += _one(metrics, "face.lfw_ic_fnmr_1e4", "of them against a small grey portrait like the chip's")
    found += _one(metrics, "light.false_refuse", "of good light is called bad")
    found += _one(metrics, "light.false_ok", "of bad light is called good")
    return found


def safe(metrics: Metrics) -> list[Headline]:
    """Answer "how safe"."""
    species = [row for name, row in metrics.items() if name.startswith("pad.sim_apcer.")]
    found = []
    if species:
        tried = sum(row["n"] for row in species)
        passed = sum(round(row["value"] * row["n"]) for row in species)
        likely = shown(max(row["high"] for row in species), "fraction")
        says = f"of {tried} simulated attacks of {len(species)} kinds passed (goal: none)"
        worst = metrics.get("pad.sim_apcer_max")
        stands = Standing.MISSED if passed else Standing.MET
        if worst is not None and not passed:
            stands = standing("pad.sim_apcer_max", worst)
        says += f"; too few to say: up to {likely}" if stands is Standing.OPEN else f"; up to {likely}"
        found.append(Headline(number(passed), f"{says} of a kind may", stands))
    found += _one(metrics, "face.nuaa_fmr", "of strangers were taken for the card's owner")
    found += _one(metrics, "pad.sim_bpcer", "of living people were not taken for living within 5 s")
    lost = "results lost or doubled of {n}, while processes were killed and disks failed"
    found += _zero(metrics, ("kill.lost", "kill.twice"), lost)
    found += _zero(metrics, ("fleet.lost", "fleet.twice"), "results lost or doubled of {n} from 200 kiosks at one desk")
    found += _zero(metrics, ("ocr.wrong",), "wrong numbers from {n} card fronts, spoiled ones among them")
    return found
