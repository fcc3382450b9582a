"""A result as text for the documents: a table for each README, and docs/bench/README.md. No figure is typed by hand."""

from __future__ import annotations

import html
from dataclasses import dataclass

from hw_sim.attackers.species import Species
from hw_sim.bench import words
from hw_sim.bench.compare import Standing, missed
from hw_sim.bench.figures import Better, Chapter, figure_of
from hw_sim.bench.result import Result
from hw_sim.bench.rows import Row

BEGIN, END = "<!-- figures: `make docs` writes them from docs/bench/baseline.json -->", "<!-- end of figures -->"


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one README. rows: figure id and what it says, in order."""

    head: str
    met: str
    missed: str
    foot: str
    rows: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...] = ()

    def shown(self, value: float, unit: str) -> str:
        """Return a value with its unit in this language."""
        text = words.shown(value, unit)
        for theirs, ours in self.units:
            text = text.replace(theirs, ours)
        return text


ENGLISH = Language(
    "| | measured | 95 % interval | n | goal |",
    "met",
    "**not met**",
    "Measured by `make bench` on {machine}, with simulated patients. Every figure, with its sentence: "
    "[docs/bench](docs/bench/README.md).",
    (
        ("path.verified_s", "card in to verified, a patient who is ready and of whom nothing is asked"),
        ("path.verified_over_link", "the same, over the time that the card alone needs"),
        ("pad.sim_asked", "simulated people of whom a turn of the head is asked"),
        ("pad.sim_live_s", "their first frame to the decision, asked or not, half of them within"),
        ("flow.taps_new", "taps, a new patient who agrees to everything"),
        ("flow.taps_returning", "taps, a patient who comes again"),
        ("face.lfw_fnmr_1e4", "right person not recognised (FNMR at FMR 1e-4, LFW)"),
        ("peer.face_recognition.lfw_fnmr_1e4", "the same by face_recognition (dlib)"),
        ("ocr.right", "card fronts read right"),
        ("pad.sim_apcer_max", f"simulated attacks that pass, worst species of {len(Species)}"),
        ("pad.sim_bpcer", "simulated people not taken for living within 5 s"),
        ("kill.lost", "results lost while processes are killed and disks fail"),
        ("fleet.p99_ms", "200 kiosks, one desk: result to acknowledgement, 99 of 100"),
        ("mem.rss_mb", "memory of the waiting kiosk"),
    ),
)
JAPANESE = Language(
    "| | 測った値 | 95 % 信頼区間 | 回数 | 目標 |",
    "達成",
    "**未達成**",
    "`make bench` が {machine} で、シミュレーターの患者さんを相手に測りました。すべての値: "
    "[docs/bench](docs/bench/README.md)。",
    (
        ("path.verified_s", "カードを入れてから本人と分かるまで（すぐカメラを見て、動作を求められない人）"),
        ("path.verified_over_link", "同じ時間を、カードだけに要る時間で割った値"),
        ("pad.sim_asked", "顔を少し横に向けるよう求められる人の割合（シミュレーション）"),
        ("pad.sim_live_s", "顔が写ってから判断まで（求められた人を含む、半数の人がこの時間以内）"),
        ("flow.taps_new", "タッチの数（初めての人がすべてに同意するとき）"),
        ("flow.taps_returning", "タッチの数（2 回目からの人）"),
        ("face.lfw_fnmr_1e4", "本人なのに通らない割合（FMR 1e-4 での FNMR、LFW）"),
        ("peer.face_recognition.lfw_fnmr_1e4", "同じ値、face_recognition（dlib）の場合"),
        ("ocr.right", "券面を正しく読めた割合"),
        ("pad.sim_apcer_max", f"なりすましが通る割合（{len(Species)} 種類のうちいちばん弱いもの、シミュレーション）"),
        ("pad.sim_bpcer", "生きた人を生きた人と認めない割合（シミュレーション）"),
        ("kill.lost", "プロセスを止めディスクを壊しても失われた結果"),
        ("fleet.p99_ms", "端末 200 台と PC 1 台: 結果が保存されるまで（100 件中 99 件）"),
        ("mem.rss_mb", "待っているときのメモリー"),
    ),
    ((" taps", " 回"), (" tap", " 回"), (" results", " 件"), (" result", " 件"), (" s", " 秒")),
)


def block(result: Result, language: Language) -> str:
    """Return the table of a README between its two marks."""
    lines = [BEGIN, "", language.head, "|---|---|---|---|---|"]
    for name, says in language.rows:
        row = result.metrics.get(name)
        if row is not None:
            value, goal = language.shown(row["value"], row["unit"]), state(name, row, language)
            lines.append(f"| {says} | {value} | {words.interval(row)} | {row['n']:,} | {goal} |")
    return "\n".join([*lines, "", language.foot.format(machine=result.machine), "", END])


def state(name: str, row: Row, language: Language) -> str:
    """Return the goal and whether it is met, empty where there is none."""
    if row["goal"] is None:
        return ""
    figure = figure_of(name)
    sign = "≥" if figure is not None and figure.better is Better.HIGHER else "≤"
    goal = language.shown(row["goal"], row["unit"])
    bound = goal if row["goal"] == 0 else f"{sign} {goal}"
    return f"{bound} {language.missed if missed(name, row) else language.met}"


def with_block(text: str, new: str) -> str:
    """Return a README with its block replaced. Raises ValueError where the marks are missing."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"a README lost its marks: {BEGIN} … {END}")
    return before + new + after


def page(result: Result) -> str:
    """Return docs/bench/README.md: every figure under the question it answers."""
    lines = [
        "# How fast, how right, how safe",
        "",
        f"The committed baseline ([baseline.json](baseline.json)): {result.machine}, {result.at[:10]}.",
        "`make bench` measures all of it again on your machine, draws it in `out/bench/index.html` and says loudly",
        "what misses its goal or got worse by more than a tenth; `make bench ONLY=card,path` measures parts, and",
        "`make baseline` renews this one. Intervals are 95 %; n is how many measurements or trials a figure rests on.",
        "",
    ]
    answers = {Chapter.FAST: words.fast, Chapter.RIGHT: words.right, Chapter.SAFE: words.safe}
    for chapter in Chapter:
        mine = {name: row for name, row in sorted(result.metrics.items()) if _answers(name) is chapter}
        if not mine:
            continue
        lines += [f"## {chapter}", ""]
        state = {Standing.MISSED: " (**goal not met**)", Standing.OPEN: " (**not proved yet**)"}
        if chapter in answers:
            said = answers[chapter](result.metrics)
            lines += [f"- **{one.big}** {one.says}{state.get(one.standing, '')}" for one in said]
            lines.append("")
        lines += ["| figure | value | 95 % interval | n | goal | id |", "|---|---|---|---|---|---|"]
        lines += [_line(name, row) for name, row in mine.items() if not _drawing(name)]
        lines.append("")
    if result.absent:
        lines += ["## Not measured", "", *(f"- `{name}`: {why}" for name, why in sorted(result.absent.items())), ""]
    return "\n".join(lines)


def _drawing(name: str) -> bool:
    """Tell whether a figure is one of the hundreds of single screens."""
    figure = figure_of(name)
    return figure is not None and figure.name == "ui.*"


def _answers(name: str) -> Chapter | None:
    figure = figure_of(name)
    return figure.chapter if figure else None


def _line(name: str, row: Row) -> str:
    goal = words.aim(name, row)
    verdict = f"{goal}, {'**not met**' if missed(name, row) else 'met'}" if goal else ""
    said = html.escape(words.said(name), quote=False)
    return (
        f"| {said} | {words.shown(row['value'], row['unit'])} | {words.interval(row)} | {row['n']:,} | {verdict} "
        f"| `{name}` |"
    )
