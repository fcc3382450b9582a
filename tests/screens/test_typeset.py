"""Breaking lines: nothing is lost, nothing is torn, nothing is wider than its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.screen.fonts import font
from reader.screen.typeset import pieces, set_text
from reader.text import BREAK, Catalogue

CATALOGUE = Catalogue.load()
SENTENCES = sorted(text for text in CATALOGUE.languages["ja"].texts.values() if "\n" not in text)
JAPANESE = st.sampled_from(SENTENCES)
WIDTHS = st.integers(200, 1200)
HEIGHTS = st.integers(40, 400)


@given(JAPANESE, WIDTHS, HEIGHTS)
@settings(max_examples=150, deadline=None)
def test_lines_hold_the_whole_sentence_and_fit_when_they_say_so(sentence: str, width: int, height: int) -> None:
    setting = set_text(sentence, "ja", True, 64, 20, width, height, 1.32)
    assert "".join(setting.lines) == sentence.replace(BREAK, "")
    assert 20 <= setting.px <= 64
    if setting.fits:
        drawn = font("ja", True, setting.px)
        assert all(drawn.size(line)[0] <= width for line in setting.lines)
        assert len(setting.lines) * setting.px * 1.32 <= height + 1


@given(JAPANESE)
def test_japanese_breaks_only_where_the_writer_allows(sentence: str) -> None:
    if BREAK in sentence:
        assert pieces(sentence, "ja") == [piece for piece in sentence.split(BREAK) if piece]


@given(st.text("あいうえお、。「」（）ABC09ー", min_size=1, max_size=30))
def test_kinsoku_holds_without_marks(sentence: str) -> None:
    cut = pieces(sentence, "zh-Hans")
    assert "".join(cut) == sentence
    assert all(piece[0] not in "、。」）ー" for piece in cut[1:])
    assert all(piece[-1] not in "「（" for piece in cut[:-1])


@given(st.lists(st.text("abcdé", min_size=1, max_size=8), min_size=1, max_size=8))
def test_words_are_never_torn(words: list[str]) -> None:
    sentence = " ".join(words)
    assert [piece.rstrip() for piece in pieces(sentence, "vi")] == words


@pytest.mark.parametrize("limit", [14, 22])
def test_a_line_limit_is_kept_where_the_pieces_allow(limit: int) -> None:
    setting = set_text("顔写真の面を上にして、|もう一度入れてください", "ja", False, 20, 20, 2000, 400, 1.3, limit)
    assert all(len(line) <= max(limit, 11) for line in setting.lines)
    assert len(setting.lines) == (2 if limit < 22 else 1) or limit == 22


def test_lines_are_even_rather_than_one_long_and_one_short() -> None:
    setting = set_text("Look at the camera once more", "en", True, 40, 40, 420, 200, 1.3)
    drawn = font("en", True, 40)
    lengths = [drawn.size(line)[0] for line in setting.lines]
    assert min(lengths) > 0.5 * max(lengths)
