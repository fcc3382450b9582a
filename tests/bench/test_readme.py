"""The figures in the READMEs come from a result alone, and stand between their marks."""

from __future__ import annotations

import pytest
from hw_sim.bench.figures import figure_of
from hw_sim.bench.readme import BEGIN, END, ENGLISH, JAPANESE, Language, block, page, with_block
from hw_sim.bench.result import Result


@pytest.mark.parametrize("language", [ENGLISH, JAPANESE])
def test_a_block_says_each_measured_figure_with_interval_and_goal(measured: Result, language: Language) -> None:
    text = block(measured, language)
    assert "| 1.12 × | 1.1 – 1.14 | 3 | ≤ 1.15 × " in text
    assert "| 10 % | 1.23 – 31.7 % | 20 | 0 % **" in text  # a missed goal is said in bold
    assert measured.machine in text
    assert text.count("\n| ") == 1 + sum(name in measured.metrics for name, _ in language.rows)


@pytest.mark.parametrize("language", [ENGLISH, JAPANESE])
def test_every_row_of_a_block_is_a_figure_of_the_bench(language: Language) -> None:
    assert all(figure_of(name) is not None for name, _ in language.rows)


def test_both_languages_say_the_same_figures() -> None:
    assert [name for name, _ in ENGLISH.rows] == [name for name, _ in JAPANESE.rows]


def test_a_block_replaces_the_former_one_and_nothing_else(measured: Result) -> None:
    text = f"# kaopi\n\n{BEGIN}\nold\n{END}\n\n## Licence\n"
    new = with_block(text, block(measured, ENGLISH))
    assert "old" not in new
    assert new.startswith("# kaopi\n")
    assert new.endswith("## Licence\n")
    assert with_block(new, block(measured, ENGLISH)) == new


def test_a_readme_without_marks_is_refused(measured: Result) -> None:
    with pytest.raises(ValueError, match="lost its marks"):
        with_block("# kaopi\n", block(measured, ENGLISH))


def test_the_page_has_every_figure_and_what_was_not_measured(measured: Result) -> None:
    text = page(measured)
    assert all(f"`{name}`" in text for name in measured.metrics)
    assert "`peer.opencv.embed_ms`: PyPI cannot be reached" in text
    assert "**not met**" in text
