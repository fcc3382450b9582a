"""The bench page: every figure as a bar against its goal, with its interval and what it was before."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

GROUPS = {
    "How fast": ("path.", "card.", "face.pipeline", "face.decision", "ui.", "outbox.", "flow.", "start.", "fleet.p99"),
    "How right": ("face.", "light.", "ocr."),
    "How safe": ("pad.", "kill.", "fleet."),
    "How large": ("mem.", "wheel."),
}
STYLE = (
    "body{font:16px/1.5 sans-serif;margin:2rem;max-width:70rem;color:#1a1a1a}table{border-collapse:collapse;width:100%}"
    "td,th{padding:.3rem .6rem;border-bottom:1px solid #ccc;text-align:right}"
    "td:first-child,th:first-child{text-align:left}"
    ".met{color:#115a36}.missed{color:#ce0000}svg{vertical-align:middle}"
)


def write_page(path: Path, result: dict[str, Any], baseline: Path) -> None:
    """Write the page for ``result`` (the JSON's content)."""
    before = json.loads(baseline.read_text("utf-8"))["metrics"] if baseline.exists() else {}
    metrics: dict[str, Any] = dict(result["metrics"])
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>kaopi bench</title>",
        f"<style>{STYLE}</style><h1>How fast, how right, how safe</h1>",
        f"<p>{html.escape(result['machine'])}; {html.escape(result['at'])}.",
        "Rates are fractions; intervals are 95 %.</p>",
    ]
    for title, prefixes in GROUPS.items():
        mine = [name for name in metrics if name.startswith(prefixes)]
        if not mine:
            continue
        parts.append(f"<h2>{title}</h2><table><tr><th>figure<th>value<th>interval<th>goal<th><th>before</tr>")
        parts += [_row(name, metrics.pop(name), before.get(name)) for name in mine]
        parts.append("</table>")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), "utf-8")


def _row(name: str, metric: dict[str, Any], before: dict[str, Any] | None) -> str:
    value, goal = float(metric["value"]), metric.get("goal")
    low, high = metric.get("low"), metric.get("high")
    interval = "" if low is None or high is None else f"{low:.4g} … {high:.4g}"
    more_is_better = name in ("ocr.right", "flow.patients_per_hour", "outbox.commits_per_s")
    met = goal is None or (value >= goal if more_is_better else value <= goal)
    mark = "" if goal is None else f"<span class={'met' if met else 'missed'}>{'met' if met else 'not met'}</span>"
    share = 0.0 if not goal else min(1.0, value / (2 * goal))
    bar = (
        ""
        if not goal
        else (
            f'<svg width=160 height=14 role=img aria-label="{value:.4g} of {goal:g}">'
            f"<rect width={160 * share:.0f} height=14 "
            f'fill="{"#115a36" if met else "#ce0000"}"/><path d="M80 0V14" stroke="#1a1a1a"/></svg>'
        )
    )
    was = "" if before is None else f"{before['value']:.4g}"
    shown_goal = "" if goal is None else f"{goal:g}"
    return (
        f"<tr><td>{html.escape(name)}<td>{value:.4g} {html.escape(str(metric['unit']))}<td>{interval}"
        f"<td>{shown_goal} {mark}<td>{bar}<td>{was}</tr>"
    )
