"""Peers are asked as kaopi is: the same frames, the most central face, all pairs; what cannot be installed is said."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hw_sim import environments
from hw_sim.bench.parts import PARTS, Effort, NotHere
from hw_sim.bench.peers import environment, measure, protocol
from hw_sim.bench.rows import quantile_row

from reader.face.evaluation.datasets import Pairs, Picture


class Shade:
    """A peer that knows a picture by its shade; black has no face."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def follow(self, rgb: Any, number: int) -> object:
        self.numbers.append(number)
        return None

    def embed(self, rgb: Any) -> Any:
        return None if rgb.max() == 0 else np.array([float(rgb.max()), 1.0], np.float32)

    def read(self, path: str) -> Any:
        return np.full((2, 2, 3), int(path), np.uint8)


def test_the_face_nearest_to_the_middle_is_taken() -> None:
    assert protocol.central([(0, 0, 20, 20), (40, 40, 20, 20), (80, 80, 20, 20)], 100, 100) == 1


def test_every_frame_is_timed_but_the_first_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "clip.npy", np.zeros((protocol.WARM_UP + 3, 2, 2, 3), np.uint8))
    peer = Shade()
    protocol.answer(peer, ["follow", str(tmp_path / "clip.npy")])
    assert len(json.loads(capsys.readouterr().out)) == 3
    assert peer.numbers == list(range(protocol.WARM_UP + 3))


def test_vectors_come_in_the_order_of_the_pictures_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("7\n0\n9\n"))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=out))
    protocol.answer(Shade(), ["embed"])
    vectors = np.load(io.BytesIO(out.getvalue()))
    assert vectors[0].tolist() == [7.0, 1.0]
    assert np.isnan(vectors[1]).all()
    assert vectors[2].tolist() == [9.0, 1.0]


def test_a_ratio_runs_from_the_best_case_to_the_worst() -> None:
    ratio = measure.ratio_row(quantile_row([8.0, 10.0, 12.0], "ms"), quantile_row([18.0, 20.0, 24.0], "ms"))
    assert (ratio["value"], ratio["unit"], ratio["n"]) == (0.5, "ratio", 3)
    assert (ratio["low"], ratio["high"]) == pytest.approx((8 / 24, 12 / 18))


@pytest.mark.parametrize("name", ["opencv", "face_recognition"])
def test_scores_are_higher_for_the_more_alike(name: str) -> None:
    vectors = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], np.float32)
    scores = measure.scores_of(name, vectors)
    assert scores[0, 1] > scores[0, 2]
    assert scores.shape == (3, 3)


def test_a_picture_without_a_face_is_left_out_and_counted() -> None:
    dice = np.random.default_rng(1)
    people, pictures, rows = 150, [], []
    for person in range(people):
        middle = dice.normal(size=16)
        for number in (1, 2):
            pictures.append(Picture(Path(f"{person}_{number}.jpg"), f"p{person}", "1", 0))
            rows.append(middle + dice.normal(scale=0.05, size=16))
    genuine = tuple((pictures[2 * k].path, pictures[2 * k + 1].path) for k in range(people))
    vectors = np.asarray(rows, np.float32)
    vectors[0] = np.nan  # no face in the first picture of the first person
    found = measure.compared("opencv", vectors, Pairs(tuple(pictures), genuine, ()))
    assert found["peer.opencv.lfw_no_face"]["value"] == 1
    rate = found["peer.opencv.lfw_fnmr_1e4"]
    assert (rate["n"], rate["value"], rate["goal"]) == (people - 1, 0.0, None)


def test_no_network_is_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environments, "HOME", tmp_path)
    monkeypatch.setattr("venv.create", lambda *args, **named: None)

    def no_network(*args: Any, **named: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "ERROR: No matching distribution found for dlib-bin")

    monkeypatch.setattr(subprocess, "run", no_network)
    assert environment.python() is None
    with pytest.raises(NotHere, match="could not be installed from PyPI: ERROR: No matching distribution"):
        PARTS["peers"](Effort())


def test_every_pin_of_the_environment_is_hashed() -> None:
    pins = [line for line in environment.LOCK.read_text("utf-8").splitlines() if "==" in line]
    assert {"dlib-bin", "face-recognition", "mediapipe"} <= {pin.split("==")[0] for pin in pins}
    assert all(pin.endswith("\\") for pin in pins), "a hash follows on the next line"
