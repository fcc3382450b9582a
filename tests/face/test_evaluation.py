"""The lab's tools: what they read, and what they refuse to write."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from reader.face.evaluation.cardphoto import jpeg2000
from reader.face.evaluation.collect import CollectRefused, plan, run
from reader.face.evaluation.datasets import DataMissing, read_groups, read_pairs, read_people, read_picture
from reader.face.evaluation.plots import histogram, trade_off
from reader.face.evaluation.stats import curve
from reader.face.image import BadImage


def noise(seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)


def camera() -> Iterator[NDArray[np.uint8]]:
    while True:
        yield noise()


def test_a_production_kiosk_never_stores_a_face(tmp_path: Path) -> None:
    with pytest.raises(CollectRefused, match="never stored"):
        plan(tmp_path, "S01", "D1", "live", 10, consent=True, production=True)


def test_nobody_is_photographed_without_consent(tmp_path: Path) -> None:
    with pytest.raises(CollectRefused, match="consent"):
        plan(tmp_path, "S01", "D1", "live", 10, consent=False, production=False)


@pytest.mark.parametrize("name", ["Taro", "山田", "../S01", "", "S 01"])
def test_a_name_is_no_code(tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectRefused, match="not a code"):
        plan(tmp_path, name, "D1", "live", 10, consent=True, production=False)


def test_what_is_collected_can_be_measured_and_is_private(tmp_path: Path) -> None:
    for species in ("live", "print"):
        what = plan(tmp_path, "S01", "D1", species, 3, consent=True, production=False)
        assert run(what, camera(), lambda done: None) == 3
    found = read_people(tmp_path)
    assert [(one.species, one.subject, one.session, one.frame) for one in found] == [
        (species, "S01", "D1", frame) for species in ("live", "print") for frame in range(3)
    ]
    assert (read_picture(found[0].path) == noise()).all()
    assert all(stat.S_IMODE(one.path.stat().st_mode) == 0o600 for one in found)
    with pytest.raises(CollectRefused, match="already holds"):
        plan(tmp_path, "S01", "D1", "live", 3, consent=True, production=False)


def test_groups_are_read(tmp_path: Path) -> None:
    assert read_groups(tmp_path) == {}
    (tmp_path / "groups.csv").write_text("subject,group\nS01,over 75\n", encoding="utf-8")
    assert read_groups(tmp_path) == {"S01": "over 75"}


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="people/SUBJECT/SESSION"):
        read_people(tmp_path)
    with pytest.raises(DataMissing, match=r"pairs\.txt is missing"):
        read_pairs(tmp_path)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0truncated"])
def test_a_broken_picture_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(data)
    with pytest.raises(BadImage, match=r"broken\.jpg"):
        read_picture(path)


def test_a_sixteen_bit_picture_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((64, 64), 4000, np.uint16)).save(path)
    with pytest.raises(BadImage, match=r"deep\.png.*uint16"):
        read_picture(path)


def test_a_card_portrait_loses_detail_but_not_its_shape() -> None:
    grey = np.tile(np.linspace(0, 255, 160, dtype=np.uint8), (200, 1))
    small = jpeg2000(grey)
    assert small.shape == (200, 160)
    assert np.abs(small.astype(int) - grey).mean() < 5


def test_pictures_of_curves_are_drawn(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    genuine, impostors = generator.normal(0.6, 0.1, 500), generator.normal(0.1, 0.1, 5000)
    trade_off({"set": curve(genuine, impostors)}, tmp_path / "det.png", "set")
    histogram({"same": genuine, "different": impostors}, tmp_path / "scores.png", "set", 0.4)
    for name in ("det.png", "scores.png"):
        with Image.open(tmp_path / name) as picture:
            colours = picture.convert("RGB").getcolors(100_000)
        assert colours is not None
        assert len(colours) > 5
