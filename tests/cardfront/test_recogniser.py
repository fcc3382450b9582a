"""From the model's output to words: CTC by the book, and how sure the least sure character is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import onnxruntime
import pytest
from hw_sim.cardfront.fonts import face
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reader.cardfront.recogniser import Recogniser
from reader.cardfront.scratch import Scratch

ALPHABET = "0123456789年２"
BLANK, SPACE = 0, len(ALPHABET) + 1
LINE = np.full((40, 200, 3), 255, np.uint8)


class ScriptedSession:
    """Answers with one class per step, at a given chance."""

    def __init__(self, steps: list[tuple[int, float]], alphabet: str = ALPHABET) -> None:
        self._steps = steps
        self._alphabet = alphabet

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="x")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(shape=[1, "T", len(ALPHABET) + 2])]

    def get_modelmeta(self) -> Any:
        return SimpleNamespace(custom_metadata_map={"character": "\n".join(self._alphabet)})

    def run(self, names: None, feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        assert feed["x"].shape[:3] == (1, 3, 48)
        assert feed["x"].min() >= -1
        assert feed["x"].max() <= 1
        chances = np.zeros((1, len(self._steps), len(ALPHABET) + 2), np.float32)
        for step, (index, chance) in enumerate(self._steps):
            chances[0, step, :] = (1 - chance) / (len(ALPHABET) + 1)
            chances[0, step, index] = chance
        return [chances]


def read(steps: list[tuple[int, float]]) -> tuple[str, float]:
    with Scratch() as scratch:
        words = Recogniser(cast(onnxruntime.InferenceSession, ScriptedSession(steps))).read(LINE, scratch)
        return words.text.decode(), words.confidence


def of(character: str) -> int:
    return ALPHABET.index(character) + 1


def test_a_run_of_one_class_is_one_character() -> None:
    assert read([(of("4"), 0.9)] * 3)[0] == "4"


def test_a_blank_between_makes_two() -> None:
    assert read([(of("4"), 0.9), (BLANK, 0.9), (of("4"), 0.9)])[0] == "44"


def test_confidence_is_the_peak_of_the_least_sure_character() -> None:
    text, sure = read([(of("1"), 0.6), (of("1"), 0.97), (BLANK, 0.5), (of("9"), 0.8), (BLANK, 0.99)])
    assert text == "19"
    assert sure == pytest.approx(0.8)


def test_white_space_is_left_out_and_its_doubt_with_it() -> None:
    text, sure = read([(of("年"), 0.95), (SPACE, 0.4), (of("3"), 0.9)])
    assert text == "年3"
    assert sure == pytest.approx(0.9)


def test_wide_digits_are_folded() -> None:
    assert read([(of("２"), 0.9)])[0] == "2"


def test_nothing_seen_is_no_confidence() -> None:
    assert read([(BLANK, 1.0)] * 5) == ("", 0.0)


@given(st.lists(st.tuples(st.integers(0, SPACE), st.sampled_from([0.3, 0.5, 0.7, 0.99])), min_size=1, max_size=30))
def test_no_output_breaks_it_and_no_confidence_is_invented(steps: list[tuple[int, float]]) -> None:
    text, sure = read(steps)
    seen = [chance for index, chance in steps if index not in (BLANK, SPACE)]
    assert 0.0 <= sure <= max(seen, default=0.0) + 1e-6
    assert len(text) <= len(seen)


def test_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="make models"):
        Recogniser(cast(onnxruntime.InferenceSession, ScriptedSession([], alphabet="012")))


@pytest.mark.parametrize("words", ["昭和64年1月7日生", "2035年2月17日まで有効", "令和元年5月1日生", "1912年7月30日生"])
@pytest.mark.parametrize("typeface", ["biz", "ipaex", "noto"])
def test_the_real_model_reads_a_clean_line(recogniser: Recogniser, words: str, typeface: str) -> None:
    picture = Image.new("RGB", (520, 48), (236, 228, 238))
    ImageDraw.Draw(picture).text((10, 6), words, font=face(typeface, 32), fill=(40, 36, 40))
    with Scratch() as scratch:
        seen = recogniser.read(np.array(picture), scratch)
        assert seen.text.decode() == words
        assert seen.confidence > 0.9
