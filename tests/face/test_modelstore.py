"""Nothing is loaded whose hash is not in the manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reader.face import manifest
from reader.face.modelstore import ModelRefused, ModelStore


def test_a_built_model_opens(models: ModelStore) -> None:
    assert models.session("face_detector").get_inputs()[0].shape == [1, 3, 128, 128]
    assert models.check() == []


def test_one_changed_byte_is_refused_and_the_message_names_file_and_remedy(models: ModelStore, tmp_path: Path) -> None:
    shutil.copy(models.folder / "pad.onnx", tmp_path)
    data = bytearray((tmp_path / "pad.onnx").read_bytes())
    data[-1] ^= 1
    (tmp_path / "pad.onnx").write_bytes(data)
    with pytest.raises(ModelRefused, match=r"pad\.onnx has sha256 .*make models"):
        ModelStore(tmp_path).session("pad")


def test_a_missing_model_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match=r"face_detector\.onnx.*make models"):
        ModelStore(tmp_path).session("face_detector")
    assert len(ModelStore(tmp_path).check()) == len(manifest.load().models)


def test_a_file_the_manifest_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stranger.onnx").write_bytes(b"anything")
    with pytest.raises(ModelRefused, match="stranger"):
        ModelStore(tmp_path).session("stranger")


def test_a_manifest_beside_the_weights_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text("[models]\n")
    assert ModelStore(tmp_path).manifest.path.parent != tmp_path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[models.x]\npackage = "nowhere"\n', r"models\.x names unknown package 'nowhere'"),
        ("[thresholds.t]\nvalue = 1.0\n", r"thresholds\.t"),
        ("[thresholds]\nmatch_score = 0.45\n", r"thresholds\.match_score must be a table, not 0\.45"),
        ("packages = 3\n", r"packages must be a table, not 3"),
        (
            '[thresholds.t]\nvalue = "0.45"\nunit = "score"\nsource = "a study"\n',
            r"thresholds\.t\.value is '0\.45', expected float",
        ),
    ],
)
def test_a_broken_manifest_says_where(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(text)
    with pytest.raises(manifest.ManifestError, match=said):
        manifest.load(path)


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(manifest.ManifestError, match="install kaopi again"):
        manifest.load(tmp_path / "none.toml")
