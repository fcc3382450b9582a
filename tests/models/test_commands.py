"""``kaopi models build`` and ``kaopi models check``: what they say and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from reader.face import manifest
from reader.face.modelbuild.commands import build_models, check_models, default_folder


def test_progress_is_a_bar_that_ends_full(capsys: pytest.CaptureFixture[str]) -> None:
    build_models(default_folder())
    said = capsys.readouterr().err
    assert f"[{'#' * 24}] 100%  {len(manifest.load().models)} models ready" in said


def test_an_empty_mirror_ends_with_the_file_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        build_models(tmp_path / "out", mirror=tmp_path, cache=tmp_path / "cache")
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert "  0%  mediapipe" in said
    assert f"has no {manifest.load().packages['mediapipe'].file}; put it there or leave out --mirror" in said


def test_check_names_every_model_that_is_not_as_it_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_models(default_folder())
    assert "every model is as the manifest says" in capsys.readouterr().out
    with pytest.raises(typer.Exit):
        check_models(tmp_path)
    said = capsys.readouterr().out
    assert all(f"{name}.onnx" in said for name in manifest.load().models)
