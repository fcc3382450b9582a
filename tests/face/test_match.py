"""Who is compared with whom, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reader.face.evaluation.datasets import Pairs, Picture, read_cards
from reader.face.evaluation.match import compare_pairs, compare_sessions
from reader.face.evaluation.pipeline import Described, Side


class Told:
    """Embeddings by path, and which sides were asked for."""

    def __init__(self, vectors: dict[str, list[float]]) -> None:
        self.vectors = {Path(name): np.array(vector, np.float32) for name, vector in vectors.items()}
        self.asked: list[Side] = []

    def __call__(self, pictures: Sequence[Picture], side: Side) -> Described:
        self.asked.append(side)
        kept = tuple(one for one in pictures if one.path in self.vectors)
        rows: NDArray[np.float32] = np.stack([self.vectors[one.path] for one in kept])
        return Described(kept, rows, len(pictures) - len(kept))


def pairs() -> Pairs:
    """Two people with two pictures each, and a fifth picture that shows no face."""
    pictures = tuple(Picture(Path(name), name[0], "1", 0) for name in ("a1", "a2", "b1", "b2", "c1"))
    genuine = ((Path("a1"), Path("a2")), (Path("b1"), Path("b2")))
    return Pairs(pictures, genuine, (Path("a2"), Path("b2"), Path("c1")))


FACES = Told({"a1": [1, 0], "a2": [0.8, 0.6], "b1": [0, 1], "b2": [0, 1]})


def test_every_two_pictures_of_different_people_are_impostors_once() -> None:
    report = compare_pairs(pairs(), FACES, fmrs=(0.25,))
    assert np.allclose(report.genuine, [0.8, 1.0])
    assert np.allclose(sorted(report.impostors), [0.0, 0.0, 0.6, 0.6])
    assert report.subjects == ("a", "b")
    assert report.failed == 1


def test_as_card_the_second_picture_is_the_portrait_and_the_first_is_made_grey() -> None:
    FACES.asked.clear()
    report = compare_pairs(pairs(), FACES, as_card=True, fmrs=(0.25,))
    assert FACES.asked == [Side.LIVE, Side.CARD]
    assert np.allclose(report.genuine, [0.8, 1.0])
    assert np.allclose(sorted(report.impostors), [0.0, 0.6, 0.6, 0.6])  # four probes, portraits a2 and b2
    assert report.failed == 2


def session(subject: str, day: str, count: int) -> list[Picture]:
    return [Picture(Path(f"{subject}{day}{k}"), subject, day, k) for k in range(count)]


def test_templates_are_compared_with_portraits_of_other_days_only() -> None:
    pictures = [*session("a", "1", 5), *session("a", "2", 1), *session("b", "2", 1)]
    told = Told({str(one.path): [1, 0] if one.subject == "a" else [0.6, 0.8] for one in pictures})
    report = compare_sessions(pictures, 0.7, told)
    assert np.allclose(report.genuine, [1.0])  # the five frames of day 1 against day 2, not against day 1
    assert np.allclose(report.impostors, [0.6])
    assert report.fmr is not None
    assert report.fnmr is not None
    assert (report.fmr.errors, report.fmr.trials) == (0, 1)
    assert (report.fnmr.errors, report.fnmr.trials) == (0, 1)


def test_where_a_lab_has_the_card_portraits_those_are_compared_with(tmp_path: Path) -> None:
    for name in ("a/card.jp2", "a/card.png", "b/card.png", "c/1/0.png"):
        (tmp_path / "people" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "people" / name).touch()
    cards = read_cards(tmp_path, ["b", "a", "c", "a"])
    assert [one.path.relative_to(tmp_path / "people").as_posix() for one in cards] == ["a/card.jp2", "b/card.png"]
    pictures = session("a", "1", 5)
    told = Told({str(one.path): [1.0, 0.0] for one in pictures} | {str(one.path): [0.8, 0.6] for one in cards})
    report = compare_sessions(pictures, 0.7, told, portraits=cards)
    assert told.asked == [Side.LIVE, Side.PORTRAIT]
    assert np.allclose(report.genuine, [0.8])
    assert np.allclose(report.impostors, [0.8])
