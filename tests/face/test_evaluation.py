"""The lab's tools: what they read, and what they refuse to write."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from reader.config import load
from reader.face.engine import FaceEngine
from reader.face.evaluation import collect, commands, liveness
from reader.face.evaluation.cardphoto import jpeg2000
from reader.face.evaluation.collect import CollectRefused, plan, run
from reader.face.evaluation.datasets import DataMissing, Picture, read_groups, read_pairs, read_people, read_picture
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


@dataclass(frozen=True)
class Machine:
    """A machine by its site files: which of them say that it is a production kiosk."""

    own: Path
    other: Path
    production: set[Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path / "own.toml", tmp_path / "other.toml", set())
    made.own.touch()
    made.other.touch()
    monkeypatch.setattr(commands, "_SITE_FILE", made.own)
    monkeypatch.setattr(
        load, "load", lambda path: SimpleNamespace(site=SimpleNamespace(production=path in made.production))
    )
    monkeypatch.setattr(collect, "webcam", camera)
    return made


def collected(machine: Machine, *more: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(commands.collect)
    folder = machine.own.parent / "data"
    done = CliRunner().invoke(app, ["S01", "D1", "--data", str(folder), "--frames", "2", *more])
    assert (done.exit_code == 0) == (folder / "people" / "S01" / "D1" / "000001.png").exists()
    return done.exit_code, done.output


def test_the_command_takes_pictures_on_a_lab_machine_with_consent_alone(machine: Machine) -> None:
    assert collected(machine)[0] == 1
    assert collected(machine, "--consent")[0] == 0


def test_the_command_refuses_a_production_kiosk(machine: Machine) -> None:
    machine.production.add(machine.own)
    code, said = collected(machine, "--consent")
    assert code == 1
    assert "production kiosk" in said


def test_no_other_site_file_talks_a_production_kiosk_into_it(machine: Machine) -> None:
    machine.production.add(machine.own)
    assert collected(machine, "--consent", "--site", str(machine.other))[0] == 1


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


def test_error_rates_are_told_by_group(engine: FaceEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = {("live", "S01"): 6.0, ("live", "S02"): 1.0, ("print", "S01"): -3.0, ("print", "S02"): 5.5}
    pictures = [
        Picture(tmp_path / f"{species}-{subject}-{frame}", subject, "D1", frame, species)
        for species, subject in told
        for frame in range(10)
    ]
    scores = [told[one.species, one.subject] for one in pictures]
    monkeypatch.setattr(liveness, "passive_scores", lambda *_: scores)
    groups = {"S01": "under 75", "S02": "over 75"}
    report = liveness.evaluate(engine, pictures, frames=(10,), threshold=5.0, groups=groups)
    (one,) = report.species
    assert (one.apcer.value, one.bpcer.value) == (0.5, 0.5)
    assert {group: (apcer.value, bpcer.value) for group, (apcer, bpcer) in one.groups.items()} == {
        "over 75": (1.0, 1.0),
        "under 75": (0.0, 0.0),
    }
    table = commands.liveness_tables(report, "lab", 5.0)
    assert "over 75" in table
    assert "non-response" in table
