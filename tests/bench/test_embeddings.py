"""The bench embeds a research picture once, goes on where it was interrupted, and trusts no older state of the code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hw_sim.bench import embeddings
from numpy.typing import NDArray

from reader.face.evaluation.datasets import Picture
from reader.face.evaluation.pipeline import Side

FACELESS = "p3.png"


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    found = []
    for number in range(5):
        path = tmp_path / f"p{number}.png"
        path.write_bytes(bytes([number]))
        found.append(Picture(path, f"S{number}", "1", 0))
    return found


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Names of the pictures that were embedded, in order; nothing is embedded in truth."""
    names: list[str] = []

    def rows(chunk: Sequence[Picture], side: Side) -> list[NDArray[np.float32]]:
        names.extend(one.path.name for one in chunk)
        return [np.full(4, one.path.name != FACELESS, np.float32) * (1 + int(one.path.stem[1:])) for one in chunk]

    monkeypatch.setattr(embeddings, "HOME", tmp_path / "kept")
    monkeypatch.setattr(embeddings, "CHUNK", 2)
    monkeypatch.setattr(embeddings, "_rows", rows)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    return names


def test_what_is_kept_is_not_computed_again(pictures: list[Picture], computed: list[str]) -> None:
    first = embeddings.described(pictures, Side.LIVE)
    again = embeddings.described(pictures[::-1], Side.LIVE)
    assert computed == [one.path.name for one in pictures]
    assert (first.embeddings == again.embeddings[::-1]).all()
    assert [one.path.name for one in first.pictures] == ["p0.png", "p1.png", "p2.png", "p4.png"]
    assert first.failed == again.failed == 1


def test_each_side_is_kept_apart(pictures: list[Picture], computed: list[str]) -> None:
    embeddings.described(pictures, Side.LIVE)
    embeddings.described(pictures, Side.CARD)
    assert len(computed) == 10


def test_an_interrupted_run_goes_on_where_it_was(
    pictures: list[Picture], computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = embeddings._rows

    def interrupted(chunk: Sequence[Picture], side: Side) -> list[NDArray[np.float32]]:
        if chunk[0].path.name == "p2.png":
            raise KeyboardInterrupt
        return ordinary(chunk, side)

    monkeypatch.setattr(embeddings, "_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embeddings.described(pictures, Side.LIVE)
    monkeypatch.setattr(embeddings, "_rows", ordinary)
    computed.clear()
    embeddings.described(pictures, Side.LIVE)
    assert computed == ["p2.png", "p3.png", "p4.png"]


def test_another_state_of_the_code_trusts_nothing_that_is_kept(
    pictures: list[Picture], computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings.described(pictures, Side.LIVE)
    for number in range(4):
        monkeypatch.setattr(embeddings, "version", lambda number=number: f"state{number}")
        embeddings.described(pictures, Side.LIVE)
    assert len(computed) == 5 * 5
    assert len(list(embeddings.HOME.iterdir())) == embeddings.KEPT_VERSIONS
