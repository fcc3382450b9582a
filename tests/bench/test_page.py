"""The page answers how fast, how right, how safe: in words first, offline, and never better than it was."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser

import pytest
from hw_sim.bench import words
from hw_sim.bench.page import page
from hw_sim.bench.plots import Mark, bars, dots, ticks
from hw_sim.bench.result import Result
from hw_sim.bench.rows import Row, fraction_row, quantile_row, row
from hypothesis import given
from hypothesis import strategies as st


def test_it_says_the_three_answers_in_words(measured: Result) -> None:
    text = page(measured, None)
    assert '<dt class="met">1.31 s<dd>card in to verified; 1.17 s of it the card itself needs' in text
    assert "2 taps<dd>is all that a patient who comes again needs (goal: at most 1 tap)" in text
    assert "0<dd>results lost or doubled of 4,000" in text
    assert "of 40 simulated attacks of 2 kinds passed" in text


def test_each_answer_begins_with_a_plain_sentence_in_english_and_japanese(measured: Result) -> None:
    measured.take("match", {"face.lfw_ic_fnmr_1e4": fraction_row(25, 1000) | {"goal": 0.024}})
    text = page(measured, None)
    for said in (
        "is verified 1.31 s after putting the card in; the card takes 1.17 s of them",
        "Of 100 simulated people 75 are first asked to turn their head: half of all are judged within 3.2 s.",
        "Of 1,000 comparisons with the right person about 25 fail",
        "2 of 40 simulated attacks passed, and no result was lost",
        "カードを入れて1.31秒で本人と確認できます",
        "100人中75人（シミュレーション）は先に顔を少し横に向けるよう求められ",
        "通らないのは約25回です",
        "なりすまし40件（シミュレーション）のうち、通ったのは2件です",
    ):
        assert said in text[: text.index("<h2>What is not as it should be")], said


def test_what_rests_on_too_few_trials_is_neither_met_nor_missed(measured: Result) -> None:
    measured.take("liveness", {
        "pad.sim_apcer.print": fraction_row(0, 2) | {"goal": 0.0},
        "pad.sim_apcer_max": fraction_row(0, 2) | {"goal": 0.0},
        "pad.sim_bpcer": fraction_row(0, 6) | {"goal": 0.03},
    })  # fmt: skip
    text = page(measured, None)
    assert '<dt class="open">0<dd>of 2 simulated attacks of 1 kinds passed (goal: none); too few to say' in text
    assert '<dt class="open">0 %<dd>of living people' in text
    assert "None of 2 simulated attacks (too few to promise it) passed" in text
    assert "なりすまし2件（シミュレーション、まだ少なすぎます）のうち" in text
    assert "6 tried, 150 are needed to say" in text
    assert "cannot be told yet" in text[: text.index('class="answers"')]


def test_a_missed_goal_stands_before_the_pictures_and_is_marked(measured: Result) -> None:
    text = page(measured, None)
    assert "goals are met, " in text[: text.index('class="answers"')]
    assert " missed" in text[: text.index('class="answers"')]
    top = text[text.index("What is not as it should be") : text.index("<figure>")]
    assert "<li>taps of a patient who comes again: 2 taps (goal: at most 1 tap)" in top
    assert "<li>attacks that pass, by species: phone: 10 % (goal: none, 95 % interval 1.23 – 31.7 %)" in top
    assert 'class="missed">2 taps' in text


def test_what_was_not_measured_is_listed_with_its_reason(measured: Result) -> None:
    text = page(measured, None)
    assert "Not measured here" in text
    assert "PyPI cannot be reached" in text


def test_it_says_the_main_figures_in_japanese_too(measured: Result) -> None:
    text = page(measured, None)
    assert '<section lang="ja"><h2>どれだけ速く、正しく、安全か' in text
    assert 'タッチの数（2 回目からの人）<td>2 回<td><td><span class="missed">≤ 1 回 未達成</span>' in text


def test_a_regression_is_on_the_page(measured: Result) -> None:
    before = copy.deepcopy(measured)
    before.metrics["path.verified_over_link"] = quantile_row([0.9, 0.9, 0.9], "ratio")
    assert "WORSE: path.verified_over_link was 0.9, is 1.12" in page(measured, before)


def test_it_loads_nothing_and_follows_light_and_dark(measured: Result) -> None:
    text = page(measured, None)
    assert not re.search(r"(src|href)\s*=|url\(|@import", text)
    assert "prefers-color-scheme:dark" in text


def test_a_result_without_figures_still_is_a_page(measured: Result) -> None:
    assert "not measured in this run" in page(Result("a board", "2026-11-22T07:00:00+00:00"), None)


def test_every_picture_is_described_and_well_formed(measured: Result) -> None:
    class Seen(HTMLParser):
        pictures = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "svg":
                self.pictures += 1
                assert dict(attrs)["aria-label"]

    seen = Seen()
    text = page(measured, None)
    seen.feed(text)
    assert seen.pictures == text.count("</svg>") >= 2


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0193, "fraction", "1.93 %"), (0.0, "fraction", "0 %"), (1.0, "fraction", "100 %"),
        (1.121, "ratio", "1.12 ×"), (0.00639, "ratio", "0.0064 ×"), (1.0, "taps", "1 tap"), (3.0, "taps", "3 taps"),
        (2000.0, "ms", "2,000 ms"),
        (269.1, "1/h", "269 an hour"), (33.3, "ms", "33.3 ms"), (0.000032, "fraction", "0.0032 %"),
    ],
)  # fmt: skip
def test_numbers_are_said_as_people_read_them(value: float, unit: str, said: str) -> None:
    assert words.shown(value, unit) == said


def test_intervals_and_goals_in_words() -> None:
    some: Row = fraction_row(2, 20) | {"goal": 0.0}
    assert words.interval(some) == "1.23 – 31.7 %"
    assert words.interval(row(1.0, "ms", 1)) == ""
    assert words.aim("pad.sim_apcer_max", some) == "none"
    assert words.aim("ocr.right", row(1.0, "fraction", 9) | {"goal": 0.995}) == "at least 99.5 %"


def test_bars_and_dots_draw_in_proportion() -> None:
    marks = [Mark("a", 50.0, "50 ms", goal=100.0), Mark("b", 100.0, "100 ms", 90.0, 110.0, ours=False)]
    widths = [
        float(width)
        for width in re.findall(r'<rect class="\w+" x="250" y="\d+" width="([\d.]+)"', bars("t", marks, "ms"))
    ]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    assert dots("t", marks, "ms").count("<circle") == 2


@given(st.floats(1e-6, 1e6))
def test_an_axis_has_a_few_ticks_and_reaches_the_end(end: float) -> None:
    marked = ticks(end)
    assert marked[0] == 0
    assert 3 <= len(marked) <= 7
    assert marked[-2] < end <= marked[-1] * (1 + 1e-9)


def test_ticks_are_round_numbers() -> None:
    assert ticks(110.0) == [0, 25, 50, 75, 100, 125]
    assert ticks(1.35) == [0, 0.5, 1.0, 1.5]
    assert ticks(0.0) == [0, 1]
